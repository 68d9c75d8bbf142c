package memory

import (
	"context"
	"fmt"
	"io/fs"
	"net/url"
	"strings"
	"sync"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/wrap"
)

// named are the trees of this process that URLs name.
var named struct {
	sync.Mutex
	trees map[string]*Tree
}

// Named returns the tree mem://name, and makes an empty one if there is none
// and create is set; otherwise it is nil. It is safe for concurrent use.
func Named(name string, create bool) *Tree {
	named.Lock()
	defer named.Unlock()
	t := named.trees[name]
	if t == nil && create {
		if named.trees == nil {
			named.trees = make(map[string]*Tree)
		}
		t = New()
		named.trees[name] = t
	}
	return t
}

// Open opens mem://name and mem://name/dir. A tree that
// nobody made yet is [fs.ErrNotExist] unless env.Create. It does no I/O.
func Open(_ context.Context, u *url.URL, env core.Env) (core.Backend, error) {
	if err := checkURL(u); err != nil {
		return nil, err
	}
	t := Named(u.Host, env.Create)
	if t == nil {
		return nil, &core.Error{Op: "open", Tree: "mem", Key: u.Host, Err: fmt.Errorf("no tree of this name was made in this process: %w", fs.ErrNotExist)}
	}
	dir := strings.Trim(u.Path, "/")
	if dir == "" {
		return t, nil
	}
	return wrap.Sub(t, dir)
}
