package cmd

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

const liesInside = "lies inside the destination"

// relation says how two trees lie to each other, in words that complete "the
// source ... the destination"; it is empty for trees that share nothing.
func relation(src, dst place) string {
	inside, around := contains(dst, src), contains(src, dst)
	switch {
	case inside && around:
		return "and the destination are the same tree"
	case inside:
		return liesInside
	case around:
		return "contains the destination"
	}
	return ""
}

// contains reports whether tree in is tree out, or lies inside it.
func contains(out, in place) bool {
	if out.url.Scheme != in.url.Scheme {
		return false
	}
	if a, ok := out.local(); ok {
		b, _ := in.local()
		return containsPath(a, b)
	}
	if out.url.Host != in.url.Host || out.endpoint() != in.endpoint() {
		return false
	}
	return below(slashed(out.url.Path), slashed(in.url.Path))
}

func slashed(path string) string { return strings.Trim(path, "/") + "/" }

func below(dir, path string) bool { return dir == "/" || strings.HasPrefix(path, dir) }

// containsPath reports whether path in, where its links lead, is out or lies
// below it. Neither has to exist. Directories are told by what they are, not
// by their names, so that it does not matter how those are spelled.
func containsPath(out, in string) bool {
	in, out = resolved(in), resolved(out)
	target, err := os.Stat(out)
	for at := in; ; at = filepath.Dir(at) {
		if at == out {
			return true
		}
		if err == nil {
			if info, err := os.Stat(at); err == nil && os.SameFile(info, target) {
				return true
			}
		}
		if at == filepath.Dir(at) {
			return false
		}
	}
}

// resolved returns path with all links on its way followed, as far as it
// exists.
func resolved(path string) string {
	rest := ""
	for at := filepath.Clean(path); ; at = filepath.Dir(at) {
		real, err := filepath.EvalSymlinks(at)
		if err == nil {
			return filepath.Join(real, rest)
		}
		if !errors.Is(err, fs.ErrNotExist) || at == filepath.Dir(at) {
			return path
		}
		rest = filepath.Join(filepath.Base(at), rest)
	}
}
