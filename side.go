package s3fc

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/wrap"
)

// side is one of the trees of a run. Its caller has opened it, or named a URL,
// which the run opens and closes.
type side struct {
	mux  *core.Mux
	name string   // as the caller wrote it
	url  *url.URL // nil for a tree that the caller has opened
	tree core.Backend
	dirs bool // the store has directories, whatever decorators of the tree pass on
}

// opened returns the side of an open tree.
func opened(t core.Tree, name string) side {
	if s, ok := t.(fmt.Stringer); ok {
		name = s.String()
	}
	b, ok := t.(core.Backend)
	if !ok {
		b = wrap.ReadOnly(t)
	}
	return side{name: name, tree: b}
}

// named returns the side at a URL or path. option names it in errors.
func named(mux *core.Mux, option, arg string) (side, error) {
	u, err := mux.Parse(arg)
	if err == nil {
		err = mux.Check(u)
	}
	if err != nil {
		return side{}, &OptionError{Option: option, Err: err}
	}
	return side{mux: mux, name: arg, url: u}, nil
}

// open opens the tree if the caller has not.
func (s *side) open(ctx context.Context, env core.Env) (err error) {
	if s.url != nil {
		s.tree, err = s.mux.Open(ctx, s.url, env)
	}
	if err == nil {
		_, s.dirs = core.As[core.DirRemover](s.tree)
	}
	return err
}

// close closes the tree if the run has opened it. Its counts of requests remain.
func (s *side) close() error {
	if s.url == nil || s.tree == nil {
		return nil
	}
	return core.Close(s.tree)
}

// features are those that the tree will have once it is made.
func (s *side) features() core.Features {
	if s.url == nil {
		return s.tree.Features()
	}
	scheme, _ := s.mux.Scheme(s.url.Scheme)
	return scheme.Features
}

// takes reports whether the side's URL may have a parameter.
func (s *side) takes(param string) bool {
	if s.url == nil {
		return false
	}
	scheme, ok := s.mux.Scheme(s.url.Scheme)
	return ok && scheme.Takes(param)
}

// within returns the key that in has inside s; see [core.Mux.Within].
func (s *side) within(in side) (key string, ok bool) {
	switch {
	case s.url != nil && in.url != nil:
		return s.mux.Within(s.url, in.url)
	case s.tree != nil && in.tree != nil && sameTree(s.tree, in.tree):
		return ".", true
	}
	return "", false
}

// sameTree reports whether two open trees are known to be one.
func sameTree(a, b core.Tree) bool {
	x, ok := core.As[core.Identifier](a)
	y, also := core.As[core.Identifier](b)
	return ok && also && x.Identity() != "" && x.Identity() == y.Identity()
}

// at returns the tree inside s that is named by a time.
func (s side) at(t time.Time) side { return s.below(t.UTC().Format(backupTime)) }

// below returns the tree at key inside s; key has no characters that a URL encodes.
func (s side) below(key string) side {
	u := s.url.JoinPath(key)
	arg := u.String()
	if !strings.Contains(s.name, "://") {
		arg = filepath.Join(s.name, key)
	}
	return side{mux: s.mux, name: arg, url: u}
}

// Below returns the URL or path of the tree that lies at key inside the tree arg. key
// has only characters that a URL does not encode.
func Below(mux *core.Mux, arg, key string) (string, error) {
	s, err := named(mux, "tree", arg)
	if err != nil {
		return "", err
	}
	return s.below(key).name, nil
}

// isEntry reports whether the side names one entry of a tree, and no tree. It
// asks the store, and is called only when a listing had nothing.
func (s *side) isEntry(ctx context.Context, env core.Env) bool {
	if s.url == nil {
		return false
	}
	path := strings.TrimRight(s.url.Path, "/")
	i := strings.LastIndexByte(path, '/')
	key := path[i+1:]
	if key == "" || i < 0 && s.url.Host == "" {
		return false
	}
	parent := *s.url
	parent.Path, parent.RawPath = path[:max(i, 0)], ""
	env.Create, env.Hidden = false, nil
	tree, err := s.mux.Open(ctx, &parent, env)
	if err != nil {
		return false
	}
	defer func() { _ = core.Close(tree) }() // only read
	_, err = tree.Stat(ctx, key)
	return err == nil
}

// OpenSource opens a tree for reading. The errors are [OptionError] and
// [MissingError]. The caller closes the tree with [core.Close].
func OpenSource(ctx context.Context, mux *core.Mux, arg string, env core.Env) (core.Backend, error) {
	env.Create = false
	return openAs(ctx, mux, "source", arg, env)
}

// OpenTree is [OpenSource] for a tree that exists, where there is no other.
func OpenTree(ctx context.Context, mux *core.Mux, arg string, env core.Env) (core.Backend, error) {
	env.Create = false
	return openAs(ctx, mux, "", arg, env)
}

// MakeTree is [OpenTree] for a tree that is made where its scheme can make it.
func MakeTree(ctx context.Context, mux *core.Mux, arg string, env core.Env) (core.Backend, error) {
	env.Create = true
	return openAs(ctx, mux, "", arg, env)
}

func openAs(ctx context.Context, mux *core.Mux, as, arg string, env core.Env) (core.Backend, error) {
	s, err := named(mux, "tree", arg)
	if err != nil {
		return nil, err
	}
	err = s.open(ctx, env)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &MissingError{Side: as, Tree: arg, Err: err}
	}
	return s.tree, err
}

// NamesEntry reports whether arg names one entry of a tree and no tree, as
// s3://bucket/index.html. It asks the store.
func NamesEntry(ctx context.Context, mux *core.Mux, arg string, env core.Env) bool {
	s, err := named(mux, "tree", arg)
	return err == nil && s.isEntry(ctx, env)
}
