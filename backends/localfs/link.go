package localfs

import (
	"io/fs"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/kit"
)

// linkTarget returns the target of the link at key with this text. The error is
// a [kit.Refusal] if the link cannot be copied.
func linkTarget(t *dirs, key, text string) (core.Target, error) {
	root := t.root.path()
	r := kit.Resolver{Tree: linkReader{t}, Root: absolute(root, root), World: surroundings{t.root}}
	return r.Target(key, absolute(text, root))
}

// absolute returns text, the text of a link in the directory root, with a
// leading slash if it is an absolute path: on Windows, the volume becomes its
// first segment.
func absolute(text, root string) string {
	if runtime.GOOS != "windows" {
		return text
	}
	text = filepath.ToSlash(text)
	switch {
	case filepath.IsAbs(filepath.FromSlash(text)):
		return "/" + strings.TrimLeft(text, "/")
	case strings.HasPrefix(text, "/"):
		return "/" + filepath.ToSlash(filepath.VolumeName(root)) + text
	}
	return text
}

// systemPath is the inverse of absolute.
func systemPath(p string) string {
	if runtime.GOOS != "windows" {
		return p
	}
	volume, rest, _ := strings.Cut(strings.TrimPrefix(p, "/"), "/")
	if !strings.HasSuffix(volume, ":") {
		return `\\` + filepath.FromSlash(strings.TrimPrefix(p, "/"))
	}
	return volume + `\` + filepath.FromSlash(rest)
}

// linkReader is a [kit.LinkReader].
type linkReader struct{ dirs *dirs }

// Lstat implements [kit.LinkReader].
func (l linkReader) Lstat(key string) (fs.FileMode, error) {
	info, err := l.dirs.lstat(key)
	return info.mode, kit.AsNotExist(err)
}

// Readlink implements [kit.LinkReader].
func (l linkReader) Readlink(key string) (string, error) {
	text, err := l.dirs.readlink(key)
	if err != nil {
		return "", kit.AsNotExist(err)
	}
	return absolute(text, l.dirs.root.path()), nil
}

// surroundings are [kit.Surroundings] of a root.
type surroundings struct{ root *root }

// Lstat implements [kit.Surroundings]. The root is known by its identity, so
// that it does not matter how its path is spelled.
func (s surroundings) Lstat(path string) (fs.FileMode, bool, error) {
	info, err := lstatPath(systemPath(path))
	if err != nil {
		return 0, false, err
	}
	d, err := s.root.open()
	return info.mode, err == nil && info.same(&d.info), err
}

// Readlink implements [kit.Surroundings].
func (s surroundings) Readlink(path string) (string, error) {
	text, err := readlinkPath(systemPath(path))
	return absolute(filepath.ToSlash(text), s.root.path()), err
}
