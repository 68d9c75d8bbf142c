package localfs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/kit"
)

// A root is the directory that a tree is in. It is opened once it exists.
type root struct {
	given  string // the path as the user named it, absolute and clean
	create bool   // openOrMake may make it
	newDir func(handle *osDir, path string) (*dir, error)

	mu   sync.Mutex
	dir  *dir // nil until it was opened
	made atomic.Bool
}

// open returns the tree's own directory, which is never released. A link to it
// is followed once, when it is first opened.
func (r *root) open() (*dir, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.dir != nil {
		return r.dir, nil
	}
	info, err := statPath(r.given)
	if err != nil {
		return nil, rootError(r.given, err)
	}
	if !info.mode.IsDir() {
		return nil, fmt.Errorf("%s names one file; give the directory %s that it is in", r.given, filepath.Dir(r.given))
	}
	real, err := filepath.EvalSymlinks(r.given)
	if err != nil {
		return nil, rootError(r.given, err)
	}
	handle, err := openOSDir(real)
	if err != nil {
		return nil, rootError(r.given, err)
	}
	if r.dir, err = r.newDir(handle, real); err != nil {
		return nil, rootError(r.given, err)
	}
	return r.dir, nil
}

// openOrMake is open, and makes a missing directory if the tree may.
func (r *root) openOrMake() (*dir, error) {
	d, err := r.open()
	if !r.create || !errors.Is(err, fs.ErrNotExist) {
		return d, err
	}
	if err := os.MkdirAll(r.given, 0o777); err != nil {
		return nil, rootError(r.given, err)
	}
	r.made.Store(true)
	return r.open()
}

// verify returns an error unless the path still leads to d, which open returned.
func (r *root) verify(d *dir) error {
	info, err := statPath(r.given)
	if err != nil {
		return rootError(r.given, err)
	}
	if !info.same(&d.info) {
		return fmt.Errorf("%w: the directory %s was replaced", core.ErrChanged, r.given)
	}
	return nil
}

// verifyOpened is verify for the directory that open returned last, if any.
func (r *root) verifyOpened() error {
	r.mu.Lock()
	d := r.dir
	r.mu.Unlock()
	if d == nil {
		return nil
	}
	return r.verify(d)
}

// path returns the directory's path, without links on the way once it is open.
func (r *root) path() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.dir == nil {
		return r.given
	}
	return r.dir.path
}

// Close implements [io.Closer].
func (r *root) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.dir == nil {
		return nil
	}
	return r.dir.handle.Close()
}

func rootError(dir string, err error) error {
	return fmt.Errorf("the directory %s cannot be opened: %w", dir, kit.Cause(err))
}
