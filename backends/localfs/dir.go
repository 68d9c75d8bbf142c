package localfs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"

	"github.com/s3fc/s3fc/core"
)

// A dir is a real directory of the tree, held open. Everything below the root
// is done by base name on one of these, so that nothing passes a link.
type dir struct {
	t    *Tree
	root *os.Root
	info fs.FileInfo
	path string // where it was when it was opened
	key  string // "." for the root of the tree

	refs    int         // guarded by the cache's mutex, as is cached
	cached  bool        // the cache has it
	spelled atomic.Bool // the name on the disk is known to be the key's, byte for byte
}

// passage says how the directories on the way to a key are passed: all of them
// must be real, unless it says more.
type passage struct {
	follow bool      // links to directories are passed too, to read
	made   *[]string // what is missing is made, and its keys are added here
}

var (
	straight  = passage{}
	following = passage{follow: true}
)

// openDir opens the directory at key. Whoever opens it releases it. Something
// else than a directory on the way is a *wayError.
func (t *Tree) openDir(key string, how passage) (*dir, error) {
	d, err := t.top(how.made != nil)
	if err != nil || key == "." {
		return d, err
	}
	for name := range strings.SplitSeq(key, "/") {
		next, err := t.step(d, name, how)
		t.release(d)
		if err != nil {
			return nil, err
		}
		d = next
	}
	return d, nil
}

// errReplaced: between two looks at it, another directory took its place.
var errReplaced = fmt.Errorf("%w: the directory was replaced", core.ErrChanged)

// step opens the directory called name in d, the one that is there now if it
// is just being replaced.
func (t *Tree) step(d *dir, name string, how passage) (*dir, error) {
	for try := 1; ; try++ {
		sub, err := t.stepOnce(d, name, how)
		if try == tries || !errors.Is(err, errReplaced) {
			return sub, err
		}
	}
}

func (t *Tree) stepOnce(d *dir, name string, how passage) (*dir, error) {
	info, err := d.lstat(name)
	if how.made != nil && errors.Is(err, fs.ErrNotExist) {
		info, err = d.mkdir(name, how.made)
	}
	if err != nil {
		return nil, err
	}
	if how.follow && info.Mode()&fs.ModeSymlink != 0 {
		return t.follow(d, name)
	}
	sub, err := t.enter(d, name, info)
	if err == nil && how.made != nil {
		if err := t.checkSpelling(d, sub, name); err != nil {
			t.release(sub)
			return nil, err
		}
	}
	return sub, err
}

// enter opens the directory called name in d, of which Lstat said info, and
// holds that it is that one: what was swapped in meanwhile is errReplaced.
func (t *Tree) enter(d *dir, name string, info fs.FileInfo) (*dir, error) {
	key := join(d.key, name)
	if !info.IsDir() {
		return nil, &wayError{key: key, what: describe(info.Mode())}
	}
	if sub := t.dirs.take(key, info); sub != nil {
		return sub, nil
	}
	sub, err := d.open(name, info)
	if err != nil {
		return nil, err
	}
	return t.dirs.add(sub), nil
}

// open is enter without the cache; the directory is the caller's to close.
func (d *dir) open(name string, info fs.FileInfo) (*dir, error) {
	d.t.window("enter", join(d.key, name))
	root, err := d.root.OpenRoot(d.actual(name))
	if err != nil {
		return nil, err
	}
	own, err := root.Stat(".")
	if err == nil && !os.SameFile(info, own) {
		err = errReplaced
	}
	if err != nil {
		_ = root.Close()
		return nil, err
	}
	return &dir{t: d.t, root: root, info: own, path: filepath.Join(d.path, name), key: join(d.key, name), refs: 1}, nil
}

// release gives back what openDir, step or follow opened; nil is nothing.
func (t *Tree) release(d *dir) {
	if d != nil && d != t.root {
		t.dirs.release(d)
	}
}

// mkdir makes a directory and notes it, or finds that another made it
// meanwhile.
func (d *dir) mkdir(name string, made *[]string) (fs.FileInfo, error) {
	err := d.root.Mkdir(d.actual(name), 0o777)
	if err == nil {
		*made = append(*made, join(d.key, name))
	} else if !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	return d.lstat(name)
}

// lstat says what name is, without following it.
func (d *dir) lstat(name string) (fs.FileInfo, error) {
	return d.root.Lstat(d.actual(name))
}

// see is lstat, or under FollowLinks what a link leads to. A link that leads
// nowhere is itself.
func (d *dir) see(name string) (fs.FileInfo, error) {
	info, err := d.lstat(name)
	if err != nil || d.t.links != FollowLinks || info.Mode()&fs.ModeSymlink == 0 {
		return info, err
	}
	behind, err := os.Stat(filepath.Join(d.path, name))
	if errors.Is(err, fs.ErrNotExist) {
		return info, nil
	}
	return behind, err
}

// readNames calls each for everything in d, in no order.
func (d *dir) readNames(each func(fs.DirEntry)) error {
	f, err := d.root.Open(".")
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // nothing was written
	for {
		batch, err := f.ReadDir(1024)
		for _, e := range batch {
			each(e)
		}
		if err != nil {
			return ignoreEOF(err)
		}
	}
}

// follow opens the directory behind the link called name in d, wherever it is.
func (t *Tree) follow(d *dir, name string) (*dir, error) {
	path, err := filepath.EvalSymlinks(filepath.Join(d.path, name))
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, err
	}
	info, err := root.Stat(".")
	if err != nil {
		_ = root.Close()
		return nil, err
	}
	return &dir{t: t, root: root, info: info, path: path, key: join(d.key, name), refs: 1}, nil
}

// describe names a kind of file for a person.
func describe(m fs.FileMode) string {
	switch {
	case m.IsRegular():
		return "a file"
	case m.IsDir():
		return "a directory"
	case m&fs.ModeSymlink != 0:
		return "a link"
	case m&fs.ModeNamedPipe != 0:
		return "a named pipe"
	case m&fs.ModeSocket != 0:
		return "a socket"
	case m&fs.ModeDevice != 0:
		return "a device"
	}
	return "a special file"
}
