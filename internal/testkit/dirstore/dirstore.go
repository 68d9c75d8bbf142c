//go:build unix

package dirstore

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/s3fc/s3fc/conformance"
	"github.com/s3fc/s3fc/core"
)

// Open opens the store in a directory. With create, it makes a missing one.
type Open func(dir string, create bool) (core.Backend, error)

// New returns the store in a new directory, with all hooks.
func New(t testing.TB, open Open) conformance.Store {
	t.Helper()
	root := t.TempDir()
	b, err := open(root, true)
	if err != nil {
		t.Fatal(err)
	}
	return Hooks(t, root, b, open)
}

// Hooks returns the store in the directory root, which b is a backend on, with all
// hooks.
func Hooks(t testing.TB, root string, b core.Backend, open Open) conformance.Store {
	t.Helper()
	outside := t.TempDir()
	if err := os.WriteFile(filepath.Join(outside, "f"), []byte("not in the tree"), 0o600); err != nil {
		t.Fatal(err)
	}
	in := func(key string) string { return filepath.Join(root, filepath.FromSlash(key)) }
	return conformance.Store{
		Backend:  b,
		Again:    func() (core.Backend, error) { return open(root, true) },
		Missing:  func() (core.Tree, error) { return open(root+"-missing", false) },
		TakeAway: func() error { return takeAway(t, root) },
		Names:    func() ([]string, error) { return names(root) },
		Newer:    func(key, content string) error { return overwrite(in(key), content) },
		LinkOut:  func(key, name string) error { return os.Symlink(filepath.Join(outside, name), in(key)) },
		Outside:  func() (map[string]string, error) { return contents(outside) },
		LinkIn:   func(key, dir string) error { return os.Symlink(in(dir), in(key)) },
		Special:  func(key string) error { return syscall.Mkfifo(in(key), 0o600) },
		EmptyDir: func(key string) error { return emptyDir(root, key) },
		BadName: func() (string, error) {
			return "new\nline", os.WriteFile(in("new\nline"), []byte("x"), 0o600)
		},
		Unreadable: func(dir string) (func(), error) { return unreadable(t, root, in(dir)) },
	}
}

// takeAway gives the directory root another name until the test ends. One of its name
// that was made since is removed then.
func takeAway(t testing.TB, root string) error {
	away := root + "-away"
	t.Cleanup(func() {
		if err := errors.Join(os.RemoveAll(root), os.Rename(away, root)); err != nil {
			t.Error(err)
		}
	})
	return os.Rename(root, away)
}

// emptyDir makes the directory at key, and those that it is in, so that a server of
// another user may remove them.
func emptyDir(root, key string) error {
	for dir := range strings.SplitSeq(key, "/") {
		root = filepath.Join(root, dir)
		if err := os.Mkdir(root, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		if err := os.Chmod(root, 0o777); err != nil { //nolint:gosec // A directory of this test.
			return err
		}
	}
	return nil
}

// overwrite writes content into the file name, which stays the same file.
func overwrite(name, content string) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_TRUNC, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(content)
	return errors.Join(err, f.Close())
}

// names returns the names below root; a directory's ends in a slash.
func names(root string) (all []string, err error) {
	err = filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil || p == root {
			return err
		}
		name := strings.TrimPrefix(p, root+"/")
		if d.IsDir() {
			name += "/"
		}
		all = append(all, name)
		return nil
	})
	return all, err
}

// contents returns the files below dir.
func contents(dir string) (map[string]string, error) {
	all := map[string]string{}
	found, err := names(dir)
	for _, name := range found {
		if !strings.HasSuffix(name, "/") {
			b, readErr := os.ReadFile(filepath.Join(dir, name))
			all[name], err = string(b), errors.Join(err, readErr)
		}
	}
	return all, err
}

// unreadable takes all permissions from dir. Modes do not concern root, so a test
// that runs as root goes on as nobody until the directory is readable again.
func unreadable(t testing.TB, root, dir string) (func(), error) {
	open := true
	uid := os.Geteuid()
	readable := func() {
		if open {
			return
		}
		open = true
		if err := errors.Join(seteuid(uid), os.Chmod(dir, 0o755)); err != nil { //nolint:gosec // A directory of this test.
			t.Error(err)
		}
	}
	for d := root; len(d) > len(os.TempDir()); d = filepath.Dir(d) {
		if err := os.Chmod(d, 0o755); err != nil { //nolint:gosec // As above.
			return readable, err
		}
	}
	open = false
	t.Cleanup(readable)
	if err := os.Chmod(dir, 0); err != nil || uid != 0 {
		return readable, err
	}
	return readable, seteuid(65534)
}

// seteuid sets the effective user of the whole process, if it is another one.
func seteuid(uid int) error {
	if os.Geteuid() == uid {
		return nil
	}
	return syscall.Setreuid(-1, uid)
}
