// Package backend is a whole backend in under 100 lines of code: a tree in a
// file of JSON lines. docs/backend.md explains it.
package backend

import (
	"bytes"
	"cmp"
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

// Tree is a tree in one file: a line of JSON for each change, read whole when it
// is opened. It holds every content in memory, the file only grows, and one
// process at a time may use it. It is safe for concurrent use.
type Tree struct {
	file  *os.File
	mu    sync.Mutex                      // held while the tree is changed
	items atomic.Pointer[map[string]item] // replaced, never changed: who has it can read on
}

// item is what is at a key. The zero Kind, Other, says that it is gone.
type item struct {
	Entry   core.Entry
	Content []byte
}

// Open opens the tree in the file that u names, as in jsonfile:///tmp/tree.json.
func Open(_ context.Context, u *url.URL, env core.Env) (core.Backend, error) {
	how := os.O_RDWR | os.O_APPEND
	if env.Create {
		how |= os.O_CREATE
	}
	file, err := os.OpenFile(u.Path, how, 0o600)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(file)
	items := map[string]item{}
	for line := range bytes.Lines(data) {
		var it item
		if json.Unmarshal(line, &it) == nil { // else it was cut short: it never happened
			items[it.Entry.Key] = it
		}
	}
	t := &Tree{file: file}
	t.items.Store(&items)
	return t, err
}

// Close lets go of the file.
func (t *Tree) Close() error { return t.file.Close() }

// Features implements [core.Tree].
func (t *Tree) Features() core.Features {
	return core.Features{Links: true, URLLinks: true, DirTargets: true, StoresMD5: true, ModTimes: true, Flat: true, Create: core.GuardAtomic, Replace: core.GuardAtomic}
}

// List implements [core.Tree].
func (t *Tree) List(ctx context.Context, after string) iter.Seq2[core.Entry, error] {
	return func(yield func(core.Entry, error) bool) {
		items := *t.items.Load()
		for _, key := range slices.Sorted(maps.Keys(items)) {
			// A cut listing must not look complete, so it ends with the error.
			e, err := items[key].Entry, ctx.Err()
			if (err != nil || key > after && e.Kind != core.Other) && !yield(e, err) || err != nil {
				return
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
	switch it := (*t.items.Load())[key]; it.Entry.Kind {
	case core.File:
		return io.NopCloser(bytes.NewReader(it.Content)), it.Entry, nil
	case core.Link:
		return nil, it.Entry, nil
	}
	return nil, core.Entry{}, &core.Error{Op: "open", Tree: "jsonfile", Key: key, Err: fs.ErrNotExist}
}

// Put implements [core.Backend].
func (t *Tree) Put(ctx context.Context, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
	it, err := item{Entry: e}, t.Features().CheckPut(e)
	if err == nil && e.Kind == core.File {
		it.Content, err = io.ReadAll(io.LimitReader(body, e.Size+1))
		it.Entry.MD5 = core.SumMD5(it.Content)
		if err == nil && (int64(len(it.Content)) != e.Size || e.MD5.Known() && e.MD5 != it.Entry.MD5) {
			err = core.ErrCorrupt
		}
	}
	if err != nil || e.Kind == core.Other {
		return core.Entry{}, &core.Error{Op: "put", Tree: "jsonfile", Key: e.Key, Err: cmp.Or(err, core.ErrUnsupportedKey)}
	}
	it.Entry.Token, it.Entry.Partial, it.Entry.MaybeLink = rand.Text(), false, false
	return it.Entry, t.change(ctx, "put", old, it)
}

// Delete implements [core.Backend].
func (t *Tree) Delete(ctx context.Context, old core.Entry) error {
	return t.change(ctx, "delete", &old, item{Entry: core.Entry{Key: old.Key}})
}

// change makes it what is at its key, if old (nil: nothing) is what is there
// now: first in the file, then in memory.
func (t *Tree) change(ctx context.Context, op string, old *core.Entry, it item) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	items := maps.Clone(*t.items.Load())
	is := items[it.Entry.Key].Entry
	switch gone := is.Kind == core.Other; {
	case gone && it.Entry.Kind == core.Other:
		return nil
	case gone != (old == nil) || old != nil && old.Token != is.Token:
		return &core.Error{Op: op, Tree: "jsonfile", Key: it.Entry.Key, Err: core.ErrChanged}
	}
	line, err := json.Marshal(it)
	if err = errors.Join(err, ctx.Err()); err == nil {
		_, err = t.file.Write(append([]byte("\n"), line...))
	}
	if err != nil {
		return &core.Error{Op: op, Tree: "jsonfile", Key: it.Entry.Key, Err: err}
	}
	items[it.Entry.Key] = it
	t.items.Store(&items)
	return nil
}
