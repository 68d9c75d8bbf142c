// Package backend is a whole backend in under 100 lines of code: a tree in one
// JSON file. docs/backend.md explains it.
package backend

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"iter"
	"maps"
	"net/url"
	"os"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/s3fc/s3fc/core"
)

// Tree is a tree in one JSON file. It holds every content in memory and writes
// the whole file on each change. It is safe for concurrent use by one process.
type Tree struct {
	path  string
	mu    sync.Mutex                      // held while the tree is changed
	items atomic.Pointer[map[string]item] // replaced, never changed: who has it can read on
}

type item struct {
	Entry   core.Entry
	Content []byte
}

// Open opens the tree in the file that u names, as in jsonfile:///tmp/tree.json.
func Open(_ context.Context, u *url.URL, env core.Env) (core.Backend, error) {
	t, items := &Tree{path: u.Path}, map[string]item{}
	t.items.Store(&items)
	data, err := os.ReadFile(t.path)
	if errors.Is(err, fs.ErrNotExist) && env.Create {
		return t, nil // the first change makes the file
	}
	if err != nil {
		return nil, err
	}
	return t, json.Unmarshal(data, &items)
}

// Features implements [core.Tree].
func (t *Tree) Features() core.Features {
	return core.Features{Links: true, URLLinks: true, DirTargets: true, StoresMD5: true, ModTimes: true, Flat: true, Conditional: true}
}

// List implements [core.Tree].
func (t *Tree) List(ctx context.Context, after string) iter.Seq2[core.Entry, error] {
	return func(yield func(core.Entry, error) bool) {
		items := *t.items.Load()
		for _, key := range slices.Sorted(maps.Keys(items)) {
			// A cut listing must not look complete, so it ends with the error.
			if err := ctx.Err(); err != nil || key > after {
				if !yield(items[key].Entry, err) || err != nil {
					return
				}
			}
		}
	}
}

// Stat implements [core.Tree].
func (t *Tree) Stat(ctx context.Context, key string) (core.Entry, error) {
	_, e, err := t.Open(ctx, key)
	return e, err
}

// Open implements [core.Tree].
func (t *Tree) Open(_ context.Context, key string) (io.ReadCloser, core.Entry, error) {
	it, found := (*t.items.Load())[key]
	if !found {
		return nil, core.Entry{}, fail("open", key, fs.ErrNotExist)
	}
	if it.Entry.Kind == core.Link {
		return nil, it.Entry, nil
	}
	return io.NopCloser(bytes.NewReader(it.Content)), it.Entry, nil
}

// Put implements [core.Backend].
func (t *Tree) Put(ctx context.Context, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
	it, err := item{Entry: e}, t.Features().CheckPut(e)
	switch {
	case err == nil && e.Kind == core.Other:
		err = core.ErrUnsupportedKey
	case err == nil && e.Kind == core.File:
		it.Content, err = io.ReadAll(io.LimitReader(body, e.Size+1))
		it.Entry.MD5 = core.SumMD5(it.Content)
		if err == nil && (int64(len(it.Content)) != e.Size || e.MD5.Known() && e.MD5 != it.Entry.MD5) {
			err = core.ErrCorrupt
		}
	}
	if err != nil {
		return core.Entry{}, fail("put", e.Key, err)
	}
	it.Entry.Token, it.Entry.Partial, it.Entry.MaybeLink = rand.Text(), false, false
	return it.Entry, t.change(ctx, "put", e.Key, old, &it)
}

// Delete implements [core.Backend].
func (t *Tree) Delete(ctx context.Context, old core.Entry) error {
	return t.change(ctx, "delete", old.Key, &old, nil)
}

// change makes it what is at key (nil: nothing), if old is what is there now:
// in a copy, then in the file, whole or not at all, then in memory.
func (t *Tree) change(ctx context.Context, op, key string, old *core.Entry, it *item) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	items := maps.Clone(*t.items.Load())
	switch is, found := items[key]; {
	case it == nil && !found:
		return nil
	case found != (old != nil) || found && is.Entry.Token != old.Token:
		return fail(op, key, core.ErrChanged)
	case it == nil:
		delete(items, key)
	default:
		items[key] = *it
	}
	data, err := json.Marshal(items)
	err = errors.Join(err, ctx.Err(), os.WriteFile(t.path+".new", data, 0o600))
	if err == nil {
		err = os.Rename(t.path+".new", t.path)
	}
	if err != nil {
		return fail(op, key, err)
	}
	t.items.Store(&items)
	return nil
}

func fail(op, key string, err error) error {
	return &core.Error{Op: op, Tree: "jsonfile", Key: key, Err: err}
}
