package faults

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"

	"github.com/s3fc/s3fc/backends/s3"
	"github.com/s3fc/s3fc/internal/testkit/httpfault"
	"github.com/s3fc/s3fc/internal/testkit/long"
	"github.com/s3fc/s3fc/internal/testkit/model"
)

// largeRequests is how many requests the push of one file of three parts makes,
// without tries again: a listing, the beginning, the parts and the end.
const largeRequests = 6

// completion is a request that completes an upload.
var completion = httptest.NewRequest(http.MethodPost, "/bucket/big?uploadId=x", nil)

// TestEveryRequestOfALargeUploadMayGoWrong breaks the push of a file that goes
// up in parts. The object is the old or the new, a run that says that all is
// well is right, and after a run without faults no parts are left at the store.
func TestEveryRequestOfALargeUploadMayGoWrong(t *testing.T) {
	long.Only(t)
	content := strings.Repeat("0123456789abcdef", 17<<16)
	for i, class := range httpfault.Classes() {
		if class.Concerns != nil && !class.Concerns(completion) {
			continue // listings and deletes
		}
		for j, way := range ways {
			t.Run(way.name+"/"+class.Name, func(t *testing.T) {
				t.Parallel()
				a := newArena(t, way)
				for n := 1; n <= largeRequests; n++ {
					if thorough || (n+i+largeRequests/2*j)%largeRequests == 0 || class.Concerns != nil && n == 1 {
						a.playLarge(t, content, class, n)
					}
				}
			})
		}
	}
}

func (a *arena) playLarge(t *testing.T, content string, class httpfault.Class, n int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	o := s3Options()
	o.Bucket, o.StateDir = a.bucket(), t.TempDir()
	old, caches := model.State{"big": "old"}, a.way.caches(t)
	earlier := openS3(t, a.server.URL, o)
	fill(t, earlier, old)
	remember(t, caches, planted(old), earlier)
	p := pair{planted(model.State{"big": content}), openS3(t, a.server.URL, o), caches}
	all, runErr := a.pushHastily(ctx, t, p, o, httpfault.At(n, class))
	now, err := lookBucket(a.server.Store(), o.Bucket)
	isNew := now["big"] == content
	switch {
	case err != nil:
	case !isNew && now["big"] != "old":
		err = fmt.Errorf("it holds %d bytes, neither the old nor the new", len(now["big"]))
	case all && !isNew:
		err = errors.New("it said that all is well, and it is not")
	case class.Heals && !all:
		err = errors.New("it should have tried again")
	}
	if ok, again := p.run(ctx, t, 4); !ok {
		err = errors.Join(err, fmt.Errorf("a run without faults: %w", again))
	}
	if err := errors.Join(err, a.noParts(o.Bucket)); err != nil {
		t.Errorf("at request %d: %v\nthe run said: %v", n, err, runErr)
	}
}

// pushHastily copies with one fault, as a process does that then ends.
func (a *arena) pushHastily(ctx context.Context, t *testing.T, p pair, o s3.Options, fault *httpfault.Injector) (all bool, err error) {
	t.Helper()
	o.StallTimeout = 500 * time.Millisecond
	tree := openS3(t, a.server.URL, o)
	p.dst = tree
	a.faults.Set(fault)
	all, err = p.run(ctx, t, 1)
	a.faults.Set(nil)
	return all, errors.Join(err, tree.Close())
}

// noParts checks that no unfinished upload of a bucket holds anything.
func (a *arena) noParts(bucket string) error {
	store := a.server.Store()
	list, err := store.ListMultipartUploads(bucket, nil, gofakes3.Prefix{}, 1000)
	if err != nil {
		return err
	}
	for _, u := range list.Uploads {
		parts, err := store.ListParts(bucket, u.Key, u.UploadID, 0, 10)
		if err != nil || len(parts.Parts) > 0 {
			return errors.Join(fmt.Errorf("an unfinished upload holds %d parts", len(parts.Parts)), err)
		}
	}
	return nil
}
