package cache

import (
	"context"
	"errors"
	"io"
	"iter"
	"time"

	"github.com/s3fc/s3fc/core"
)

// tree is a backend with a memory.
type tree struct {
	core.Backend
	store  *Store
	prover core.Prover // of the backend, or nil
	hashes bool        // its md5s are found only by reading
	weak   bool        // two versions of one size may look the same
	marks  bool        // its files have headers
}

var (
	_ core.Rememberer = (*tree)(nil)
	_ core.Originator = (*tree)(nil)
)

// Over returns b with its cache s: listings add the facts that s has of their
// entries, and the answers of Stat and Put and the md5s of files that were read are
// recorded. All abilities of b are found behind it; none of them changes the meaning
// of an entry's version. Close closes s, and b if it is an [io.Closer].
//
// Content is never cached: Open always opens.
func Over(b core.Backend, s *Store) core.Backend {
	f := b.Features()
	t := &tree{Backend: b, store: s, hashes: !f.StoresMD5, weak: f.Resolution > 0, marks: f.Headers}
	t.prover, _ = core.As[core.Prover](b)
	return t
}

// Unwrap lets [core.As] find the abilities of b.
func (t *tree) Unwrap() core.Tree { return t.Backend }

// Origin implements [core.Originator]: a copy within a store does not pass the cache.
func (t *tree) Origin(e core.Entry) (core.Tree, core.Entry, bool) { return t.Backend, e, true }

// Close implements [io.Closer].
func (t *tree) Close() error {
	t.store.Close()
	if c, ok := t.Backend.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

func (t *tree) List(ctx context.Context, after string) iter.Seq2[core.Entry, error] {
	return t.remembered(t.Backend.List(ctx, after), after)
}

// ListDirs implements [core.DirRemover].
func (t *tree) ListDirs(ctx context.Context, after string) iter.Seq2[core.Entry, error] {
	return t.remembered(core.ListDirs(ctx, t.Backend, after), after)
}

// RemoveDir implements [core.DirRemover].
func (t *tree) RemoveDir(ctx context.Context, dir string) error {
	if d, ok := core.As[core.DirRemover](t.Backend); ok {
		return d.RemoveDir(ctx, dir)
	}
	return nil
}

// remembered adds the facts that the store has to the entries of a listing.
func (t *tree) remembered(list iter.Seq2[core.Entry, error], after string) iter.Seq2[core.Entry, error] {
	return func(yield func(core.Entry, error) bool) {
		sc, whole := t.store.scan(), after == ""
		stopped := true
		var r record
		defer func() { sc.end(whole && !stopped) }()
		for e, err := range list {
			if err != nil {
				whole = false
			} else if e.Kind == core.File && (e.Partial || !e.MD5.Known() || t.marks) {
				if sc.recall(e.Key, versionOf(&e), &r) {
					r.complete(&e)
				}
			}
			if !yield(e, err) {
				return
			}
		}
		stopped = false
	}
}

func (t *tree) Stat(ctx context.Context, key string) (core.Entry, error) {
	e, err := t.Backend.Stat(ctx, key)
	if err != nil {
		return e, err
	}
	e = t.recorded(t.marked(e))
	t.note(e)
	return e, nil
}

// recorded returns e with the recorded facts about its content, which reading that
// version told: they count more than the md5 that an answer to Stat claims, since some
// stores have ETags that look like md5s.
func (t *tree) recorded(e core.Entry) core.Entry {
	unread := e
	unread.MD5, unread.Parts = core.MD5{}, core.PartsHash{}
	if known := t.known(unread); known.MD5.Known() {
		return known
	}
	return e
}

func (t *tree) Open(ctx context.Context, key string) (io.ReadCloser, core.Entry, error) {
	body, e, err := t.Backend.Open(ctx, key)
	if err == nil {
		e = t.known(e)
		t.Remember(e)
	}
	return body, e, err
}

// known adds the recorded facts about its content to e, whose md5 nothing told.
func (t *tree) known(e core.Entry) core.Entry {
	if e.Kind != core.File || e.MD5.Known() {
		return e
	}
	var r record
	if t.store.recall(e.Key, versionOf(&e), &r) && r.kind == core.File && !r.bare {
		e.MD5, e.Parts = r.md5, r.parts
	}
	return e
}

// marked adds the mark of its headers to e.
func (t *tree) marked(e core.Entry) core.Entry {
	var r record
	if t.marks && e.Kind == core.File && t.store.recall(e.Key, versionOf(&e), &r) {
		e.HeaderMark = r.mark
	}
	return e
}

// noteMark remembers the mark of the headers of e, with whatever else is known of
// that version.
func (t *tree) noteMark(e core.Entry) {
	if !t.marks || e.HeaderMark == "" || e.Token == "" || e.Kind != core.File {
		return
	}
	r := new(record)
	if !t.store.recall(e.Key, versionOf(&e), r) || r.bare {
		r = &record{version: versionOf(&e), kind: core.File, bare: true}
	}
	r.mark = e.HeaderMark
	t.store.remember(e.Key, r)
}

func (t *tree) Put(ctx context.Context, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
	e.Changed, e.Settled = time.Time{}, false // these are of the entry that it is a copy of
	stored, err := t.Backend.Put(ctx, e, body, old)
	if err == nil {
		t.Remember(stored)
	}
	if err == nil && t.weak {
		t.store.forget(&stored)
	}
	if err == nil {
		stored.HeaderMark = e.HeaderMark
		t.noteMark(stored)
	}
	return stored, err
}

// Remember implements [core.Rememberer]. A file that a listing proves is not recorded.
// A link is: a listing proves it only to a tree whose listing shows the target, and
// another bucket's does not.
func (t *tree) Remember(e core.Entry) {
	if e.Kind == core.Link || !t.proves(e) {
		t.note(e)
	}
	t.noteMark(e)
}

// proves reports whether a listing that has e tells enough without a memory.
func (t *tree) proves(e core.Entry) bool {
	if t.prover == nil {
		return false
	}
	have := core.Entry{Key: e.Key, Kind: core.File, Size: e.Size, Token: e.Token}
	return t.prover.Proves(have, core.Evidence{Kind: e.Kind, Size: e.Size, MD5: e.MD5, Target: e.Target})
}

// note records e, if it may be trusted later. In a store without tokens, size and
// time tell the version. A link whose token proves its target may be trusted at once:
// a link to another target has another token.
func (t *tree) note(e core.Entry) {
	switch {
	case e.Token == "" && e.Changed.IsZero() || errors.Is(e.Problem, core.ErrExcluded):
	case !e.Settled && (e.Kind != core.Link || e.Changed.IsZero() || !t.proves(e)):
	case t.hashes && (e.Kind != core.File || !e.MD5.Known() && e.Parts.Count == 0):
	default:
		if t.hashes {
			e.ModTime = time.Time{} // the listing has it
		}
		t.store.remember(e.Key, recordOf(&e))
	}
}
