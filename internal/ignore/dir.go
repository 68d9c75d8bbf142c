package ignore

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"
)

// maxFileSize is the size in bytes of the largest ignore file.
const maxFileSize = 1 << 20

// A Dir is the [Source] of a local directory. It follows no links below the
// directory itself. It is safe for concurrent use.
type Dir struct {
	path string
	open func() (*os.Root, error)
}

// NewDir returns the source for the directory at path, which need not exist.
func NewDir(path string) *Dir {
	return &Dir{path: path, open: sync.OnceValues(func() (*os.Root, error) { return os.OpenRoot(path) })}
}

// Close lets go of the directory.
func (d *Dir) Close() error {
	root, err := d.open()
	if err != nil {
		return nil
	}
	return root.Close()
}

// ReadRules implements [Source]. A directory that is not there, or that may
// not be looked into, has no rules.
func (d *Dir) ReadRules(dir string) (text string, real bool, err error) {
	root, err := d.open()
	if err != nil {
		return "", false, unlessNothingThere(err)
	}
	if dir != "." {
		info, err := root.Lstat(filepath.FromSlash(dir))
		if err != nil || !info.IsDir() {
			return "", false, unlessNothingThere(err)
		}
	}
	text, err = d.readFile(root, filepath.Join(filepath.FromSlash(dir), File))
	return text, true, err
}

func (d *Dir) readFile(root *os.Root, name string) (string, error) {
	info, err := root.Lstat(name)
	if err != nil {
		return "", unlessNothingThere(err)
	}
	if !info.Mode().IsRegular() {
		return "", nil // a link's rules would be somebody else's
	}
	if info.Size() > maxFileSize {
		return "", fmt.Errorf("%s is larger than %d bytes", filepath.Join(d.path, name), maxFileSize)
	}
	f, err := root.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	if opened, err := f.Stat(); err != nil || !os.SameFile(info, opened) {
		return "", fmt.Errorf("%s changed while it was read", filepath.Join(d.path, name))
	}
	text, err := io.ReadAll(io.LimitReader(f, maxFileSize))
	return string(text), err
}

// unlessNothingThere returns nil for the errors of looking at a name that is
// not there or that nobody may look at: the listing of the tree reports those.
func unlessNothingThere(err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.ENOTDIR) {
		return nil
	}
	return err
}
