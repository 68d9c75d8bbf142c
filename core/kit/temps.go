package kit

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"sync"
	"time"

	"github.com/s3fc/s3fc/core"
)

// maxTemps bounds the memory for temporary files; a later run removes the rest.
const maxTemps = 10000

// Temps are the temporary files that the listings of a tree came across, to be
// removed at the end of the run if their own run has ended. The zero value has
// none. It is safe for concurrent use.
type Temps struct {
	mu   sync.Mutex
	keys map[string]bool
}

// Note adds the temporary file at key.
func (t *Temps) Note(key string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.keys == nil {
		t.keys = make(map[string]bool)
	}
	if len(t.keys) < maxTemps {
		t.keys[key] = true
	}
}

// take returns the noted keys and forgets them.
func (t *Temps) take() map[string]bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	keys := t.keys
	t.keys = nil
	return keys
}

// Sweep calls remove for the noted files that are abandoned. lastChange returns
// when a file was last changed; one of which that is an error stays. The remarks,
// at most one, are for the user and name files that could not be removed. The error
// is that of ctx.
func (t *Temps) Sweep(ctx context.Context, now time.Time, lastChange func(key string) (time.Time, error), remove func(key string) error) (notes []string, err error) {
	var left int
	var first error
	for key := range t.take() {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		changed, err := lastChange(key)
		if err != nil || !TempAbandoned(path.Base(key), changed, now) {
			continue
		}
		if err := remove(key); err != nil && !errors.Is(err, fs.ErrNotExist) {
			if left++; left == 1 {
				first = fmt.Errorf("%s: %w", core.DisplayKey(key), err)
			}
		}
	}
	if left > 0 {
		notes = append(notes, fmt.Sprintf("%d of the temporary files that ended runs left could not be removed, one of them %v.", left, first))
	}
	return notes, nil
}
