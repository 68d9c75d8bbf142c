package wrap

import (
	"context"
	"fmt"
	"io"
	"iter"

	"github.com/s3fc/s3fc/core"
)

// Filter hides the entries of b whose keys hide is true for. A hidden entry is
// listed, and found by Stat and Open, as a [core.Other] whose Problem is
// [core.ErrExcluded]: so it is neither reported nor an absence that gets
// deleted. Put and Delete of it are refused with that error.
//
// A directory that cannot be read is an error of the listing unless hide is
// true for its key with a slash at the end, which has to mean that everything
// below it is hidden. hide is called concurrently.
//
// Both sides of a copy have to be filtered alike.
func Filter(b core.Backend, hide func(key string) bool) core.Backend {
	f := &filter{FilterTree(b, hide).(*filterTree), finisherOf{b}, copierOf{b}, b}
	if d, ok := core.As[core.BatchDeleter](b); ok {
		return &struct {
			*filter
			batch
		}{f, batch{d.BatchSize(), func(ctx context.Context, olds []core.Entry) []error {
			return deleteSome(ctx, d, olds, func(e core.Entry) error { return f.refuse("delete", e.Key) })
		}}}
	}
	return f
}

// FilterTree is [Filter] for the read side.
func FilterTree(t core.Tree, hide func(key string) bool) core.Tree {
	return &filterTree{infoOf{t}, t, hide}
}

type filterTree struct {
	infoOf
	core.Tree
	hide func(key string) bool
}

func excluded(key string) core.Entry {
	return core.Entry{Key: key, Kind: core.Other, Problem: core.ErrExcluded}
}

func (f *filterTree) List(ctx context.Context, after string) iter.Seq2[core.Entry, error] {
	return f.filtered(f.Tree.List(ctx, after))
}

func (f *filterTree) filtered(list iter.Seq2[core.Entry, error]) iter.Seq2[core.Entry, error] {
	return func(yield func(core.Entry, error) bool) {
		for e, err := range list {
			switch key, one := core.ErrorKey(err); {
			case err != nil && one && f.hide(key+"/"):
				continue
			case err == nil && f.hide(e.Key):
				e = excluded(e.Key)
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

func (f *filterTree) Stat(ctx context.Context, key string) (core.Entry, error) {
	e, err := f.Tree.Stat(ctx, key)
	if err == nil && f.hide(key) {
		return excluded(key), nil
	}
	return e, err
}

func (f *filterTree) Open(ctx context.Context, key string) (io.ReadCloser, core.Entry, error) {
	if f.hide(key) {
		e, err := f.Stat(ctx, key)
		return nil, e, err
	}
	return f.Tree.Open(ctx, key)
}

// CheckPut implements [core.Checker].
func (f *filterTree) CheckPut(e core.Entry) error {
	if f.hide(e.Key) {
		return fmt.Errorf("%w: %w", core.ErrUnsupportedKey, core.ErrExcluded)
	}
	return f.infoOf.CheckPut(e)
}

func (f *filterTree) refuse(op, key string) error {
	if f.hide(key) {
		return &core.Error{Op: op, Key: key, Err: fmt.Errorf("%w: %w", core.ErrUnsupportedKey, core.ErrExcluded)}
	}
	return nil
}

type filter struct {
	*filterTree
	finisherOf
	copierOf
	b core.Backend
}

// Finish implements [core.Finisher]: hidden directories are not cleaned up.
func (f *filter) Finish(ctx context.Context, done core.Done) ([]string, error) {
	inner := done.Keep
	done.Keep = func(dir string) bool { return f.hide(dir+"/") || inner != nil && inner(dir) }
	return f.finisherOf.Finish(ctx, done)
}

// ListDirs implements [core.DirRemover]: a directory that is hidden is excluded.
func (f *filter) ListDirs(ctx context.Context, after string) iter.Seq2[core.Entry, error] {
	return f.filtered(core.ListDirs(ctx, f.b, after))
}

// RemoveDir implements [core.DirRemover].
func (f *filter) RemoveDir(ctx context.Context, dir string) error {
	if err := f.refuse("rmdir", dir+"/"); err != nil {
		return err
	}
	return dirsOf{f.b}.RemoveDir(ctx, dir)
}

func (f *filter) Put(ctx context.Context, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
	if err := f.refuse("put", e.Key); err != nil {
		return core.Entry{}, err
	}
	return f.b.Put(ctx, e, body, old)
}

func (f *filter) Delete(ctx context.Context, old core.Entry) error {
	if err := f.refuse("delete", old.Key); err != nil {
		return err
	}
	return f.b.Delete(ctx, old)
}
