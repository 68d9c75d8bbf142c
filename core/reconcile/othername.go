package reconcile

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/s3fc/s3fc/core"
)

// Some file systems take names that differ in case, or in the normalisation of Unicode,
// for one. A pull cannot write A beside a there, and a listing shows only one of them:
// the other is not missing from such a tree. Which names are one is known to the file
// system alone, so it is asked: it answers to both.

// errOtherName is why an entry stays that the source answers to and does not list.
var errOtherName = fmt.Errorf("%w: the source finds an entry by this name and does not list it; its file system may take names that differ in case for one, so it stays",
	core.ErrUnsupportedKey)

// errSameEntry is why an entry of the destination stays that a key of the source has
// led to.
var errSameEntry = fmt.Errorf("%w: the destination's file system finds it by the name of another entry of the source, too, so it stays", core.ErrUnsupportedKey)

// asksBeforeDelete reports whether the source is asked for a key before the
// destination's entry is deleted.
func (r *rules) asksBeforeDelete() bool { return r.src.maySayOtherwise && r.del != DeleteAll }

// deleteIfAbsent returns the delete of an entry that the source's listing has not,
// unless the source has something at its key.
func (a *asker) deleteIfAbsent(ctx context.Context, key string, d decision, q *facts) Action {
	found, err := complete(ctx, a.src, key)
	switch {
	case err != nil:
		return Action{Op: OpFail, Key: key, Reason: ReasonAsk, Dst: q.dst, Err: err}
	case found != nil:
		return Action{Op: OpRefuse, Key: key, Reason: ReasonUnholdable, Dst: q.dst, Err: errOtherName}
	}
	return a.action(key, d, q)
}

// foundEntries are entries of the destination that were found at keys which its listing
// did not show: the keys by token. It is safe for concurrent use.
type foundEntries struct {
	mu   sync.Mutex
	keys map[string][]string
}

// add notes the entry that was found where the plan of act saw none.
func (f *foundEntries) add(act Action, found *core.Entry) {
	if act.Dst != nil || found == nil || found.Token == "" {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.keys == nil {
		f.keys = make(map[string][]string)
	}
	f.keys[found.Token] = append(f.keys[found.Token], act.Key)
}

// has reports whether the entry of a delete was found at another key, which the
// source has. Files of one content may have one token, and a put whose answer was lost
// finds its own file, so the names have to be alike, too.
func (f *foundEntries) has(act Action) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.ContainsFunc(f.keys[act.Dst.Token], func(key string) bool { return alike(key, act.Key) })
}

// alike reports whether a file system may take two keys for one: they differ in case
// or in the normalisation of Unicode alone. It may be true of other keys, too.
func alike(a, b string) bool { return outline(a) == outline(b) }

// outline is a key without the differences that a file system may not see: letters of
// ASCII in lower case, and one sign for all other characters in a row, each with the
// letter that it is an accent of.
func outline(key string) string {
	const other = '?' // which stands for itself, too
	var out []rune
	for _, r := range key {
		if unicode.Is(unicode.Mn, r) && len(out) > 0 && out[len(out)-1] != '/' {
			out = out[:len(out)-1]
		}
		switch {
		case r < utf8.RuneSelf:
			out = append(out, unicode.ToLower(r))
		case len(out) == 0 || out[len(out)-1] != other:
			out = append(out, other)
		}
	}
	return string(out)
}

// keep is the outcome of a delete that is not done because of has.
func (f *foundEntries) keep(act Action) Action {
	act.Op, act.Reason, act.Err = OpRefuse, ReasonUnholdable, errSameEntry
	return act
}
