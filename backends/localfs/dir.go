package localfs

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"

	"github.com/s3fc/s3fc/core"
)

// A dir is a real directory of the tree, held open. Everything below the root
// is done by base name on one of these, so that nothing passes a link.
type dir struct {
	t      *Tree
	folder *folder
	info   meta
	path   string // where it was when it was opened
	key    string // "." for the root of the tree

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

// errReplaced: between two looks at it, something else took its place.
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
	sub, err := t.enter(d, name)
	if how.made != nil && errors.Is(err, fs.ErrNotExist) {
		if err = d.mkdir(name, how.made); err == nil {
			sub, err = t.enter(d, name)
		}
	}
	if err != nil {
		return t.noStep(d, name, how, err)
	}
	if how.made != nil {
		if err := t.checkSpelling(d, sub, name); err != nil {
			t.release(sub)
			return nil, err
		}
	}
	return sub, nil
}

// noStep finds out why the directory called name in d could not be opened, and
// follows the link that it is, if links are to be followed.
func (t *Tree) noStep(d *dir, name string, how passage, err error) (*dir, error) {
	info, gone := d.lstat(name)
	switch {
	case gone != nil:
		return nil, err
	case how.follow && info.mode&fs.ModeSymlink != 0:
		return t.follow(d, name)
	case !info.mode.IsDir():
		return nil, &wayError{key: join(d.key, name), what: describe(info.mode)}
	case isNoDir(err):
		return nil, errReplaced
	}
	return nil, err
}

// isNoDir reports whether err, of opening a directory, says that something else
// is there.
func isNoDir(err error) bool {
	return errors.Is(err, syscall.ENOTDIR) || errors.Is(err, syscall.ELOOP) || errors.Is(err, syscall.EMLINK)
}

// enter opens the directory called name in d: the one that is kept open, if it
// is still there.
func (t *Tree) enter(d *dir, name string) (*dir, error) {
	if sub := t.dirs.take(join(d.key, name)); sub != nil {
		info, err := d.lstat(name)
		if err == nil && info.same(&sub.info) {
			return sub, nil
		}
		t.dirs.discard(sub)
		if err != nil {
			return nil, err
		}
	}
	sub, err := d.open(name)
	if err != nil {
		return nil, err
	}
	return t.dirs.add(sub), nil
}

// open is enter without the directories that are kept open; this one is the
// caller's to close.
func (d *dir) open(name string) (*dir, error) {
	f, err := d.folder.open(d.actual(name), func() { d.t.window("enter", join(d.key, name)) })
	if err != nil {
		return nil, err
	}
	return d.t.newDir(f, filepath.Join(d.path, name), join(d.key, name))
}

func (t *Tree) newDir(f *folder, path, key string) (*dir, error) {
	info, err := f.stat()
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return &dir{t: t, folder: f, info: info, path: path, key: key, refs: 1}, nil
}

// release gives back what openDir, step or follow opened; nil is nothing.
func (t *Tree) release(d *dir) {
	if d != nil && d != t.root {
		t.dirs.release(d)
	}
}

// mkdir makes a directory and notes it, or finds that another made it
// meanwhile.
func (d *dir) mkdir(name string, made *[]string) error {
	err := d.folder.mkdir(d.actual(name))
	if err == nil {
		*made = append(*made, join(d.key, name))
	} else if errors.Is(err, fs.ErrExist) {
		return nil
	}
	return err
}

// lstat says what name is, without following it.
func (d *dir) lstat(name string) (meta, error) {
	return d.folder.lstat(d.actual(name))
}

// see is lstat, or under FollowLinks what a link leads to. A link that leads
// nowhere is itself.
func (d *dir) see(name string) (meta, error) {
	info, err := d.lstat(name)
	if err != nil {
		return info, err
	}
	return d.behind(name, info)
}

// behind is what see makes of what lstat said.
func (d *dir) behind(name string, info meta) (meta, error) {
	if d.t.links != FollowLinks || info.mode&fs.ModeSymlink == 0 {
		return info, nil
	}
	behind, err := statPath(filepath.Join(d.path, name))
	if errors.Is(err, fs.ErrNotExist) {
		return info, nil
	}
	return behind, err
}

// follow opens the directory behind the link called name in d, wherever it is.
func (t *Tree) follow(d *dir, name string) (*dir, error) {
	path, err := filepath.EvalSymlinks(filepath.Join(d.path, name))
	if err != nil {
		return nil, err
	}
	f, err := openFolder(path)
	if err != nil {
		return nil, err
	}
	return t.newDir(f, path, join(d.key, name))
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
