package localfs

import (
	"context"
	"fmt"
	"net/url"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/kit"
)

// schemeName is the scheme of a directory's URL, and the name of the tree in
// errors.
const schemeName = "file"

// Open opens the directory that u names. A directory that is missing is an error
// that is [fs.ErrNotExist], unless env.Create is set.
func Open(_ context.Context, u *url.URL, env core.Env) (core.Backend, error) {
	dir, err := urlPath(u, runtime.GOOS)
	if err != nil {
		return nil, err
	}
	if err := core.CheckOptions(u, urlOptions); err != nil {
		return nil, err
	}
	policy, err := kit.ParseLinkPolicy(env.Option(u, "links"))
	if err != nil {
		return nil, err
	}
	t, err := New(dir, Options{Links: policy, Create: env.Create, Hidden: env.Hidden})
	if err != nil {
		return nil, err
	}
	return t, nil
}

// urlPath returns the path that a file URL names on the system goos.
func urlPath(u *url.URL, goos string) (string, error) {
	p := u.Path
	if goos == "windows" && len(p) > 2 && p[0] == '/' && p[2] == ':' {
		p = p[1:]
	}
	switch {
	case u.Host != "" && u.Host != "localhost":
		return "", fmt.Errorf("%s: a file URL names no host; write file:///%s%s", u.Redacted(), u.Host, u.Path)
	case u.Opaque != "" || p == "" || goos != "windows" && p[0] != '/':
		return "", fmt.Errorf("%s: a file URL needs an absolute path, as file:///srv/site; for a relative one, leave file: away", u.Redacted())
	case strings.ContainsRune(p, 0):
		return "", fmt.Errorf("%s: a path cannot hold a NUL", u.Redacted())
	}
	return filepath.FromSlash(p), nil
}
