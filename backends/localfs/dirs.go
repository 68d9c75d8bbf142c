package localfs

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/kit"
	"github.com/s3fc/s3fc/internal/openfiles"
)

// dirs opens the directories of a tree by key and caches open ones.
type dirs struct {
	root  *root
	links LinkPolicy
	cache dirCache
	hooks hooks
	times kit.LostTimes

	traits                   atomic.Pointer[traits]
	noReadBelow, noRenameNew atomic.Bool // the system, or its file system, cannot
}

// newDirs returns the directories of the tree in the directory given.
func newDirs(given string, o Options) *dirs {
	openfiles.Prepare()
	t := &dirs{links: o.Links}
	t.root = &root{given: given, create: o.Create, newDir: func(handle *osDir, path string) (*dir, error) {
		return t.newDir(handle, path, ".")
	}}
	return t
}

// lookup are options of open: by default every directory on the way must be a
// real one.
type lookup struct {
	follow bool      // links to directories are followed, for reading
	made   *[]string // missing directories are made, and their keys are added
}

// forReading is how directories are opened to list them.
func (t *dirs) forReading() lookup { return lookup{follow: t.links == FollowLinks} }

// open opens the directory at key. The caller releases it. It is a
// *kit.ParentError if something on the way is not a directory.
func (t *dirs) open(key string, how lookup) (*dir, error) {
	d, err := t.openTop(how)
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

func (t *dirs) openTop(how lookup) (*dir, error) {
	if how.made != nil {
		return t.root.openOrMake()
	}
	return t.root.open()
}

// errReplaced: another directory took its place between two system calls.
var errReplaced = fmt.Errorf("%w: the directory was replaced", core.ErrChanged)

// step opens the directory called name in d. It tries again if the directory is
// replaced at that moment.
func (t *dirs) step(d *dir, name string, how lookup) (*dir, error) {
	for try := 1; ; try++ {
		sub, err := t.stepOnce(d, name, how)
		if try == tries || !errors.Is(err, errReplaced) {
			return sub, err
		}
	}
}

func (t *dirs) stepOnce(d *dir, name string, how lookup) (*dir, error) {
	sub, err := t.enter(d, name)
	if how.made != nil && errors.Is(err, fs.ErrNotExist) {
		if err = d.mkdir(name, how.made); err == nil {
			sub, err = t.enter(d, name)
		}
	}
	if err != nil {
		return t.notEntered(d, name, how, err)
	}
	if how.made != nil {
		if err := t.checkSpelling(d, sub, name); err != nil {
			t.release(sub)
			return nil, err
		}
	}
	return sub, nil
}

// notEntered finds the reason why the directory called name in d could not be
// opened. If it is a link, and links are followed, it opens the link's target.
func (t *dirs) notEntered(d *dir, name string, how lookup, err error) (*dir, error) {
	info, gone := d.lstat(name)
	switch {
	case gone != nil:
		return nil, err
	case how.follow && info.mode&fs.ModeSymlink != 0:
		return t.follow(d, name)
	case !info.mode.IsDir():
		return nil, &kit.ParentError{Key: join(d.key, name), Kind: kit.DescribeType(info.mode)}
	case isNotDir(err):
		return nil, errReplaced
	}
	return nil, err
}

// isNotDir reports whether err is how a system says that the thing to be opened
// as a directory is none.
func isNotDir(err error) bool {
	return errors.Is(err, syscall.ENOTDIR) || errors.Is(err, syscall.ELOOP) || errors.Is(err, syscall.EMLINK)
}

// enter opens the directory called name in d, or takes it from the cache if it
// is still there.
func (t *dirs) enter(d *dir, name string) (*dir, error) {
	if sub := t.cache.get(join(d.key, name)); sub != nil {
		info, err := d.lstat(name)
		if err == nil && info.same(&sub.info) {
			return sub, nil
		}
		t.cache.discard(sub)
		if err != nil {
			return nil, err
		}
	}
	sub, err := d.open(name)
	if err != nil {
		return nil, err
	}
	return t.cache.add(sub), nil
}

// follow opens the directory that the link called name in d leads to, wherever
// that is.
func (t *dirs) follow(d *dir, name string) (*dir, error) {
	path, err := filepath.EvalSymlinks(filepath.Join(d.path, name))
	if err != nil {
		return nil, err
	}
	handle, err := openOSDir(path)
	if err != nil {
		return nil, err
	}
	sub, err := t.newDir(handle, path, join(d.key, name))
	if err == nil {
		sub.linked = true
	}
	return sub, err
}

// newDir returns the directory of the handle, and closes the handle if it
// cannot.
func (t *dirs) newDir(handle *osDir, path, key string) (*dir, error) {
	info, err := handle.stat()
	if err != nil {
		_ = handle.Close()
		return nil, err
	}
	return &dir{dirs: t, handle: handle, info: info, path: path, key: key, refs: 1}, nil
}

// release gives back a directory that open, step or follow returned. It ignores
// nil.
func (t *dirs) release(d *dir) {
	if d != nil && d.key != "." {
		t.cache.release(d)
	}
}

// inParent calls op with the open directory that key is in, and key's last
// segment.
func (t *dirs) inParent(key string, op func(d *dir, name string) error) error {
	parent, name := split(key)
	d, err := t.open(parent, lookup{})
	if err != nil {
		return err
	}
	defer t.release(d)
	return op(d, name)
}

// rmdir removes the empty directory at key.
func (t *dirs) rmdir(key string) error {
	return t.inParent(key, func(d *dir, name string) error { return d.rmdir(name) })
}

// prune removes the directory at key and those above it while they are empty.
func (t *dirs) prune(key string) {
	for key != "." && t.rmdir(key) == nil {
		key, _ = split(key)
	}
}

// removeMade removes directories that a failed Put had made, while they are
// empty.
func (t *dirs) removeMade(made []string) {
	for i := len(made) - 1; i >= 0; i-- {
		if t.rmdir(made[i]) != nil {
			return
		}
	}
}

// lstat returns the state of the thing at key.
func (t *dirs) lstat(key string) (info fileInfo, err error) {
	err = t.inParent(key, func(d *dir, name string) error {
		info, err = d.lstat(name)
		return err
	})
	return info, err
}

// readlink returns the text of the link at key.
func (t *dirs) readlink(key string) (text string, err error) {
	err = t.inParent(key, func(d *dir, name string) error {
		text, err = d.readlink(name)
		return err
	})
	return text, err
}

// lastChange returns when the file at key was last changed.
func (t *dirs) lastChange(key string) (time.Time, error) {
	info, err := t.lstat(key)
	if err == nil && info.mode.IsDir() {
		err = syscall.EISDIR
	}
	return info.lastChange(), err
}

// unlink removes the file or link at key.
func (t *dirs) unlink(key string) error {
	return t.inParent(key, func(d *dir, name string) error { return kit.Cause(d.handle.unlink(name)) })
}

// Close implements [io.Closer].
func (t *dirs) Close() error {
	t.cache.clear()
	return t.root.Close()
}
