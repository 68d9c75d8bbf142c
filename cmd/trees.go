package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"github.com/s3fc/s3fc/core"
)

// place is a tree argument: what the user wrote, and the URL that it means.
type place struct {
	arg string
	url *url.URL
}

func (a *app) parse(cmd *cobra.Command, name, arg string) (place, error) {
	u, err := a.mux.Parse(arg)
	if err != nil {
		return place{}, usageError(cmd, "%s: %v", name, err)
	}
	p := place{arg, u}
	if file, ok := p.names(); ok {
		return place{}, usageError(cmd, "%s: %s is one file: give the directory that it is in, %s", name, arg, filepath.Dir(file))
	}
	return p, nil
}

// local returns the path of a tree that is a local directory.
func (p place) local() (path string, ok bool) {
	if p.url.Scheme != "file" {
		return "", false
	}
	path = p.url.Path
	if runtime.GOOS == "windows" && len(path) > 2 && path[0] == '/' && path[2] == ':' {
		path = path[1:]
	}
	return filepath.FromSlash(path), true
}

// names returns the path of a local tree that is no directory.
func (p place) names() (file string, ok bool) {
	path, ok := p.local()
	if !ok {
		return "", false
	}
	info, err := os.Stat(path)
	return path, err == nil && !info.IsDir()
}

// endpoint is where the tree's store listens, as far as its URL and the
// environment tell; empty for the store's own.
func (p place) endpoint() string {
	for _, s := range []string{p.url.Query().Get("endpoint"), os.Getenv("AWS_ENDPOINT_URL_S3"), os.Getenv("AWS_ENDPOINT_URL")} {
		if s != "" {
			return strings.ToLower(strings.TrimRight(s, "/"))
		}
	}
	return ""
}

// host is the endpoint's host and port.
func (p place) host() string {
	e := p.endpoint()
	if _, rest, ok := strings.Cut(e, "://"); ok {
		e = rest
	}
	host, _, _ := strings.Cut(e, "/")
	return host
}

// parent is the tree that p, if it is one object, lies in, and its key there.
func (p place) parent() (up *url.URL, key string, ok bool) {
	dir, key, cut := cutLast(strings.TrimRight(p.url.Path, "/"))
	if key == "" || !cut && p.url.Host == "" {
		return nil, "", false
	}
	u := *p.url
	u.Path, u.RawPath = dir, ""
	return &u, key, true
}

func cutLast(path string) (dir, last string, ok bool) {
	i := strings.LastIndexByte(path, '/')
	if i < 0 {
		return "", path, false
	}
	return path[:i], path[i+1:], true
}

// isOne reports whether p names one entry of a tree and not a tree. It is
// asked only when there was nothing to list.
func (a *app) isOne(ctx context.Context, p place, env core.Env) bool {
	up, key, ok := p.parent()
	if !ok {
		return false
	}
	env.Create = false
	tree, err := a.mux.Open(ctx, up, env)
	if err != nil {
		return false
	}
	defer func() { _ = closeTree(tree) }() // only read
	_, err = tree.Stat(ctx, key)
	return err == nil
}

// closeTree closes a tree if it has to be. What is only read can ignore the
// error.
func closeTree(t core.Tree) error {
	if c, ok := t.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

// openSource opens a tree to read.
func (a *app) openSource(ctx context.Context, p place, env core.Env) (core.Backend, error) {
	env.Create = false
	t, err := a.mux.Open(ctx, p.url, env)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("the source %s does not exist: %w", p.arg, err)
	}
	return t, err
}

// openDestination opens a tree to write, which need not exist yet. With look,
// nothing is made: what does not exist is an empty tree.
func (a *app) openDestination(ctx context.Context, p place, env core.Env, look bool) (core.Backend, error) {
	env.Create = !look
	t, err := a.mux.Open(ctx, p.url, env)
	if look && errors.Is(err, fs.ErrNotExist) {
		return &absent{a.features(p)}, nil
	}
	return t, err
}

func (a *app) features(p place) core.Features {
	for _, s := range a.mux.Schemes() {
		if s.Name == p.url.Scheme {
			return s.Features
		}
	}
	return core.Features{}
}
