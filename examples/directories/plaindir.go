// Package directories is a backend for a store with directories, on package os
// alone. docs/backend-directories.md explains it.
package directories

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"net/url"
	"os"
	"path"
	"strings"
	"time"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/kit"
)

// Tree is the tree in a directory. It is safe for concurrent use.
type Tree struct {
	root  *os.Root
	temps kit.Temps
}

// Scheme opens trees by URLs as plaindir:///srv/site.
var Scheme = core.Scheme{
	Name: "plaindir", Open: Open, Features: new(Tree).Features(),
	About: "a directory, by way of an example", Example: "plaindir:///srv/site",
}

// Open opens the directory that u names.
func Open(_ context.Context, u *url.URL, env core.Env) (core.Backend, error) {
	if env.Create {
		if err := os.MkdirAll(u.Path, 0o777); err != nil {
			return nil, err
		}
	}
	root, err := os.OpenRoot(u.Path)
	if err != nil {
		return nil, err
	}
	return &Tree{root: root}, nil
}

// Close closes the directory.
func (t *Tree) Close() error { return t.root.Close() }

// Features implements [core.Tree].
func (t *Tree) Features() core.Features {
	return core.Features{
		Links: true, ModTimes: true, Create: core.GuardAtomic, Replace: core.GuardCheck,
		Resolution: 20 * time.Millisecond, MaxSegment: 255, MaxKey: 3000, MaxTarget: 4095,
	}
}

// CheckPut implements [core.Checker].
func (t *Tree) CheckPut(e core.Entry) error { return kit.CheckPut(t.Features(), e) }

func fail(op, key string, err error) error { return kit.Fail(op, "plaindir", key, err) }

// dirs opens the directories on the way to key, and returns an error if one is
// anything else. If made is not nil, missing ones are made, and added to it.
func (t *Tree) dirs(key string, made *[]string) error {
	for i := range key {
		if key[i] != '/' {
			continue
		}
		dir := key[:i]
		info, err := t.root.Lstat(dir)
		if made != nil && errors.Is(err, fs.ErrNotExist) {
			if err = t.root.Mkdir(dir, 0o777); err == nil {
				*made = append(*made, dir)
				continue
			}
			if errors.Is(err, fs.ErrExist) {
				info, err = t.root.Lstat(dir)
			}
		}
		if err != nil {
			return err
		}
		if !info.IsDir() {
			return &kit.ParentError{Key: dir, Kind: "not a directory"}
		}
	}
	return nil
}

// lstat returns the lstat of key.
func (t *Tree) lstat(key string) (fs.FileInfo, error) {
	if !fs.ValidPath(key) || key == "." || strings.ContainsRune(key, 0) {
		return nil, fs.ErrNotExist
	}
	if err := t.dirs(key, nil); err != nil {
		return nil, kit.AsNotExist(err)
	}
	info, err := t.root.Lstat(key)
	return info, kit.AsNotExist(err)
}

// Lstat implements [kit.LinkReader].
func (t *Tree) Lstat(key string) (fs.FileMode, error) {
	info, err := t.lstat(key)
	if err != nil {
		return 0, err
	}
	return info.Mode(), nil
}

// Readlink implements [kit.LinkReader].
func (t *Tree) Readlink(key string) (string, error) {
	if err := t.dirs(key, nil); err != nil {
		return "", kit.AsNotExist(err)
	}
	return t.root.Readlink(key)
}

// token is the version of a file, as far as size and time tell.
func token(info fs.FileInfo) string {
	return fmt.Sprintf("%d.%d", info.Size(), info.ModTime().UnixNano())
}

// entry returns the complete entry at key.
func (t *Tree) entry(key string, info fs.FileInfo) (core.Entry, error) {
	e := core.Entry{Key: key, Token: token(info)}
	e.Settled = time.Since(info.ModTime()) > t.Features().Resolution
	if e.Problem = kit.CheckName(path.Base(key), info.IsDir()); e.Problem != nil {
		return e, nil
	}
	switch info.Mode().Type() {
	case 0:
		e.Kind, e.Size, e.ModTime = core.File, info.Size(), info.ModTime()
	case fs.ModeSymlink:
		text, err := t.root.Readlink(key)
		if err != nil {
			return e, err
		}
		e.Token += "." + text
		target, err := kit.Resolver{Tree: t, Root: t.root.Name()}.Target(key, text)
		var no kit.Refusal
		if errors.As(err, &no) {
			e.Problem = no
			return e, nil
		}
		e.Kind, e.Target = core.Link, target
		return e, err
	default:
		e.Problem = errors.New("only files and links can be copied")
	}
	return e, nil
}

// Stat implements [core.Tree].
func (t *Tree) Stat(ctx context.Context, key string) (core.Entry, error) {
	e, err := t.stat(ctx, key)
	return e, fail("stat", key, err)
}

// tries is how often a look at a key begins anew because something else took its
// place meanwhile.
const tries = 5

func (t *Tree) stat(ctx context.Context, key string) (e core.Entry, err error) {
	for range tries {
		info, err := t.lstat(key)
		if err = errors.Join(ctx.Err(), err); err != nil {
			return core.Entry{}, err
		}
		if info.IsDir() && kit.CheckName(path.Base(key), true) == nil || !info.IsDir() && kit.IsTemp(path.Base(key)) {
			return core.Entry{}, fs.ErrNotExist
		}
		if e, err = t.entry(key, info); err == nil {
			return e, nil
		}
	}
	return core.Entry{}, err
}

// List implements [core.Tree].
func (t *Tree) List(ctx context.Context, after string) iter.Seq2[core.Entry, error] {
	return t.list(ctx, after, false)
}

// ListDirs implements [core.DirRemover].
func (t *Tree) ListDirs(ctx context.Context, after string) iter.Seq2[core.Entry, error] {
	return t.list(ctx, after, true)
}

func (t *Tree) list(ctx context.Context, after string, dirs bool) iter.Seq2[core.Entry, error] {
	return func(yield func(core.Entry, error) bool) {
		w := &kit.Walk[string, struct{}]{Store: reader{t}, Name: "plaindir", Temps: &t.temps, Dirs: dirs, Workers: 4}
		for e, err := range w.List(ctx, ".", after) {
			if !yield(e, err) {
				return
			}
		}
		if err := t.check(); err != nil { // a directory that was removed lists as empty
			yield(core.Entry{}, fail("list", "", err))
		}
	}
}

// check returns an error unless the tree's directory is still at its path.
func (t *Tree) check() error {
	own, err := t.root.Stat(".")
	if err != nil {
		return err
	}
	now, err := os.Stat(t.root.Name())
	if err == nil && !os.SameFile(own, now) {
		err = core.ErrChanged
	}
	return err
}

// reader is a [kit.DirReader]. An open directory is its key.
type reader struct{ t *Tree }

// ReadDir implements [kit.DirReader].
func (r reader) ReadDir(_ context.Context, dir string) ([]kit.Item[struct{}], error) {
	f, err := r.t.root.Open(dir)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	entries, err := f.ReadDir(-1)
	items := make([]kit.Item[struct{}], len(entries))
	for i, e := range entries {
		items[i] = kit.Item[struct{}]{Name: e.Name(), Dir: e.IsDir()}
	}
	return items, err
}

// OpenDir implements [kit.DirReader].
func (r reader) OpenDir(_ context.Context, _, key string, _ *kit.Item[struct{}]) (string, error) {
	info, err := r.t.root.Lstat(key)
	if err == nil && !info.IsDir() {
		err = core.ErrChanged
	}
	return key, err
}

// CloseDir implements [kit.DirReader].
func (r reader) CloseDir(string) {}

// Entry implements [kit.DirReader].
func (r reader) Entry(ctx context.Context, _, key string, _ *kit.Item[struct{}]) (core.Entry, error) {
	e, err := r.t.stat(ctx, key)
	if info, gone := r.t.lstat(key); err != nil && gone == nil && info.IsDir() {
		err = fmt.Errorf("%w: it became a directory", core.ErrChanged)
	}
	e.Partial = e.Kind == core.File
	return e, err
}

// Open implements [core.Tree].
func (t *Tree) Open(ctx context.Context, key string) (io.ReadCloser, core.Entry, error) {
	var err error
	for range tries {
		e, statErr := t.stat(ctx, key)
		if statErr != nil || e.Kind != core.File {
			return nil, e, fail("open", key, statErr)
		}
		var c *kit.Content
		if c, err = t.open(e); err == nil {
			return c, e, nil
		}
	}
	return nil, core.Entry{}, fail("open", key, err)
}

// open returns the content of e, if that is still there.
func (t *Tree) open(e core.Entry) (*kit.Content, error) {
	f, err := t.root.Open(e.Key)
	if err != nil {
		return nil, err
	}
	unchanged := func() (bool, error) {
		info, err := f.Stat()
		return err == nil && info.Mode().IsRegular() && token(info) == e.Token, err
	}
	if same, err := unchanged(); err != nil || !same {
		_ = f.Close() // nothing was written
		return nil, errors.Join(core.ErrChanged, err)
	}
	return &kit.Content{File: f, Tree: "plaindir", Key: e.Key, Size: e.Size, Unchanged: unchanged}, nil
}

// Put implements [core.Backend].
func (t *Tree) Put(ctx context.Context, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
	if err := t.CheckPut(e); err != nil {
		return core.Entry{}, fail("put", e.Key, err)
	}
	var made []string
	got, err := t.put(ctx, e, body, old, &made)
	for i := len(made) - 1; i >= 0 && err != nil; i-- {
		if t.root.Remove(made[i]) != nil {
			break
		}
	}
	return got, fail("put", e.Key, err)
}

func (t *Tree) put(ctx context.Context, e core.Entry, body io.Reader, old *core.Entry, made *[]string) (core.Entry, error) {
	if e.Kind == core.File && body == nil {
		return core.Entry{}, errors.New("a file needs a body")
	}
	temp := path.Join(path.Dir(e.Key), kit.TempName(""))
	f, err := t.begin(ctx, temp, e, old, made)
	if err != nil {
		return core.Entry{}, err
	}
	defer t.root.Remove(temp) // if it is still there
	sum, err := t.fill(ctx, f, temp, e, body)
	if err != nil {
		return core.Entry{}, err
	}
	if err := errors.Join(ctx.Err(), t.makeRoom(ctx, e.Key, old)); err != nil {
		return core.Entry{}, err
	}
	info, err := t.root.Lstat(temp)
	if err != nil {
		return core.Entry{}, err
	}
	if err := t.publish(temp, e, old); err != nil {
		return core.Entry{}, err
	}
	got, err := t.entry(e.Key, info)
	got.MD5 = sum
	return got, err
}

// begin makes the directories on the way to e, and a link or an empty file called
// temp. It begins anew if a Delete removed one of the directories meanwhile.
func (t *Tree) begin(ctx context.Context, temp string, e core.Entry, old *core.Entry, made *[]string) (f *os.File, err error) {
	for range tries {
		err = errors.Join(ctx.Err(), t.dirs(e.Key, made), t.makeRoom(ctx, e.Key, old))
		switch {
		case err != nil:
		case e.Kind == core.Link:
			err = t.root.Symlink(core.Rel(e.Key, e.Target.Key), temp)
		default:
			f, err = t.root.OpenFile(temp, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o666)
		}
		if !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	return f, err
}

// fill writes the content of the file e to f, which is called temp. A link has none.
func (t *Tree) fill(ctx context.Context, f *os.File, temp string, e core.Entry, body io.Reader) (core.MD5, error) {
	if f == nil {
		return core.MD5{}, nil
	}
	sum, err := kit.CopyBody(ctx, f, body, e)
	if err = errors.Join(err, f.Close()); err == nil && !e.ModTime.IsZero() {
		err = t.root.Chtimes(temp, time.Time{}, e.ModTime)
	}
	return sum, err
}

// publish gives temp the name of e, where old is or nothing.
func (t *Tree) publish(temp string, e core.Entry, old *core.Entry) error {
	if old != nil {
		return t.root.Rename(temp, e.Key)
	}
	err := t.root.Link(temp, e.Key) // it refuses a name that is taken
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%w: it was created meanwhile", core.ErrChanged)
	}
	return err
}

// makeRoom checks that old is at key, or nothing but empty directories, which it
// removes.
func (t *Tree) makeRoom(ctx context.Context, key string, old *core.Entry) error {
	now, err := t.stat(ctx, key)
	switch {
	case err == nil:
		return kit.CheckOld(old, &now)
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	if info, err := t.root.Lstat(key); err == nil && info.IsDir() {
		if err := t.removeDirs(ctx, key); err != nil {
			return err
		}
	}
	return kit.CheckOld(old, nil)
}

// removeDirs removes the directory dir if nothing but directories is in it.
func (t *Tree) removeDirs(ctx context.Context, dir string) error {
	var dirs []string
	for e, err := range t.ListDirs(ctx, dir) {
		key, isDir := e.Directory()
		switch {
		case err != nil:
			return err
		case isDir && (key == dir || core.Below(key, dir)):
			dirs = append(dirs, key)
		case core.Below(e.Key, dir):
			return fmt.Errorf("%w: a directory that is not empty is there", core.ErrConflict)
		case e.Key > dir+"/":
			return t.removeAll(dirs)
		}
	}
	return t.removeAll(dirs)
}

func (t *Tree) removeAll(dirs []string) error {
	for i := len(dirs) - 1; i >= 0; i-- {
		if err := t.root.Remove(dirs[i]); err != nil {
			return fmt.Errorf("%w: %w", core.ErrConflict, err)
		}
	}
	return nil
}

// Delete implements [core.Backend].
func (t *Tree) Delete(ctx context.Context, old core.Entry) error {
	if err := kit.CheckDelete(old); err != nil {
		return fail("delete", old.Key, err)
	}
	now, err := t.stat(ctx, old.Key)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = kit.CheckOld(&old, &now)
	}
	if err == nil {
		err = t.root.Remove(old.Key)
	}
	for dir := path.Dir(old.Key); err == nil && dir != "." && t.root.Remove(dir) == nil; {
		dir = path.Dir(dir)
	}
	return fail("delete", old.Key, err)
}

// RemoveDir implements [core.DirRemover].
func (t *Tree) RemoveDir(_ context.Context, dir string) error {
	info, err := t.lstat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil && (!info.IsDir() || t.root.Remove(dir) != nil) {
		err = core.ErrConflict
	}
	return fail("remove", dir, err)
}

// Finish implements [core.Finisher].
func (t *Tree) Finish(ctx context.Context, _ core.Done) ([]string, error) {
	changed := func(key string) (time.Time, error) {
		info, err := t.lstat(key)
		if err != nil {
			return time.Time{}, err
		}
		return info.ModTime(), nil
	}
	notes, err := t.temps.Sweep(ctx, time.Now(), changed, t.root.Remove)
	if err == nil {
		err = t.sameRoot()
	}
	return notes, fail("finish", "", err)
}

// sameRoot returns an error if the tree's path leads to another directory by now:
// the run wrote into the one that it had opened.
func (t *Tree) sameRoot() error {
	there, err := os.Stat(t.root.Name())
	if err != nil {
		return err
	}
	opened, err := t.root.Stat(".")
	if err == nil && !os.SameFile(there, opened) {
		err = fmt.Errorf("%w: the directory %s was replaced", core.ErrChanged, t.root.Name())
	}
	return err
}

// String returns the directory's path.
func (t *Tree) String() string { return strings.TrimSuffix(t.root.Name(), "/") }
