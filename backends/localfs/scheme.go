package localfs

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/kit"
)

// Scheme is the scheme of directories, for a [core.Mux]: file URLs and plain
// paths.
var Scheme = core.Scheme{
	Name: schemeName, Open: Open, Features: featuresOf("", Options{SettleTime: settleTime}),
	About:   "a directory, also written as a path; links are symbolic links",
	Example: "./site or file:///srv/site",
	Options: urlOptions, Check: checkURL, FromPath: fromPath, Within: within,
}

var urlOptions = []core.Option{
	{Name: "links", About: "symbolic links are links, are followed, or are left out", Values: kit.LinkPolicies},
}

// checkURL reports a URL that names no path, or a path where a file is.
func checkURL(u *url.URL) error {
	dir, err := urlPath(u, runtime.GOOS)
	if err != nil {
		return err
	}
	if info, err := os.Stat(dir); err == nil && !info.IsDir() {
		return fmt.Errorf("%s is one file, and whole trees are made equal: to copy it alone, give its directory, %s, and exclude everything else there", dir, filepath.Dir(dir))
	}
	return nil
}

// fromPath returns the file URL of a path, which may be relative.
func fromPath(path string) (*url.URL, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	return &url.URL{Scheme: schemeName, Path: filepath.ToSlash(abs)}, nil
}

// dirOf returns the path that u names, as checkURL has accepted it.
func dirOf(u *url.URL) string {
	dir, err := urlPath(u, runtime.GOOS)
	if err != nil {
		return filepath.FromSlash(u.Path)
	}
	return dir
}

// within returns the key of the directory in inside the directory out. Neither
// has to exist. Directories are compared by identity, so that their spelling
// does not matter; the key is empty if only that shows that in is inside.
func within(out, in *url.URL) (key string, ok bool) {
	outer, inner := resolved(dirOf(out)), resolved(dirOf(in))
	if !containsPath(outer, inner) {
		return "", false
	}
	rel, err := filepath.Rel(outer, inner)
	if err != nil || !filepath.IsLocal(rel) {
		return "", true
	}
	return filepath.ToSlash(rel), true
}

// containsPath reports whether the resolved path in is out or lies below it.
func containsPath(out, in string) bool {
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

// resolved returns path with the links on its way followed, as far as it exists.
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
