// Package backend is a whole backend in 130 lines of code: a tree in a file
// of JSON lines. docs/backend.md explains it.
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

// Tree is a tree in one file, to which each change adds a line of JSON. It is read
// whole when it is opened, and its contents stay in memory. One process at a time
// may use it. It is safe for concurrent use.
type Tree struct {
	file  *os.File
	mu    sync.Mutex                      // locked while the tree is changed
	items atomic.Pointer[map[string]item] // each change makes a new map: nobody waits to read
}

// item is an entry with its content, or the news that it was deleted.
type item struct {
	Entry   core.Entry
	Content []byte
	Deleted bool
}

// into makes it the item at its key.
func (it item) into(items map[string]item) {
	items[it.Entry.Key] = it
	if it.Deleted {
		delete(items, it.Entry.Key)
	}
}

// Scheme opens trees by URLs as jsonfile:///tmp/tree.json.
var Scheme = core.Scheme{
	Name: "jsonfile", Open: Open, Features: new(Tree).Features(),
	About: "a file of JSON lines", Example: "jsonfile:///tmp/tree.json",
}

// Open opens the tree in the file that u names.
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
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	items := map[string]item{}
	for line := range bytes.Lines(data) {
		var it item
		if json.Unmarshal(line, &it) == nil { // else it was cut short, and never happened
			it.into(items)
		}
	}
	t := &Tree{file: file}
	t.items.Store(&items)
	return t, nil
}

// Close closes the file.
func (t *Tree) Close() error { return t.file.Close() }

// Features implements [core.Tree].
func (t *Tree) Features() core.Features {
	const atomic = core.GuardAtomic
	return core.Features{Links: true, URLLinks: true, DirTargets: true, StoresMD5: true, ModTimes: true, Flat: true, Create: atomic, Replace: atomic}
}

// List implements [core.Tree].
func (t *Tree) List(ctx context.Context, after string) iter.Seq2[core.Entry, error] {
	return func(yield func(core.Entry, error) bool) {
		items := *t.items.Load()
		for _, key := range slices.Sorted(maps.Keys(items)) {
			if err := ctx.Err(); err != nil {
				yield(core.Entry{}, fail("list", "", err))
				return
			}
			if key > after && !yield(items[key].Entry, nil) {
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
	it, ok := (*t.items.Load())[key]
	switch {
	case !ok:
		return nil, core.Entry{}, fail("open", key, fs.ErrNotExist)
	case it.Entry.Kind == core.Link:
		return nil, it.Entry, nil
	}
	return &content{bytes.NewReader(it.Content)}, it.Entry, nil
}

// content reads the content of a file until it is closed.
type content struct{ io.Reader }

func (c *content) Close() error {
	c.Reader = (*os.File)(nil) // Read of no file is an error
	return nil
}

// Put implements [core.Backend].
func (t *Tree) Put(ctx context.Context, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
	if err := t.Features().CheckPut(e); err != nil {
		return core.Entry{}, fail("put", e.Key, err)
	}
	it := item{Entry: core.Entry{Key: e.Key, Kind: e.Kind, Size: e.Size, Target: e.Target, ModTime: e.ModTime, Token: rand.Text()}}
	var err error
	if e.Kind == core.File {
		it.Content, err = io.ReadAll(io.LimitReader(body, e.Size+1))
		it.Entry.MD5 = core.SumMD5(it.Content)
		if err == nil && (int64(len(it.Content)) != e.Size || e.MD5.Known() && e.MD5 != it.Entry.MD5) {
			err = core.ErrCorrupt
		}
	}
	if err == nil {
		err = t.change(ctx, it, old)
	}
	return it.Entry, fail("put", e.Key, err)
}

// Delete implements [core.Backend].
func (t *Tree) Delete(ctx context.Context, old core.Entry) error {
	return fail("delete", old.Key, t.change(ctx, item{Entry: core.Entry{Key: old.Key}, Deleted: true}, &old))
}

// change makes next the item at its key, first in the file and then in memory. It
// is core.ErrChanged if the entry there is not old.
func (t *Tree) change(ctx context.Context, next item, old *core.Entry) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	items := maps.Clone(*t.items.Load())
	is, exists := items[next.Entry.Key]
	switch {
	case next.Deleted && !exists:
		return nil
	case exists != (old != nil), exists && is.Entry.Token != old.Token:
		return core.ErrChanged
	}
	line, err := json.Marshal(next)
	if err = errors.Join(err, ctx.Err()); err == nil {
		_, err = t.file.Write(append([]byte("\n"), line...))
	}
	if err == nil {
		next.into(items)
		t.items.Store(&items)
	}
	return err
}

// fail says which operation failed, and on which key; nil stays nil.
func fail(op, key string, err error) error {
	if err == nil {
		return nil
	}
	return &core.Error{Op: op, Tree: "jsonfile", Key: key, Err: err}
}
