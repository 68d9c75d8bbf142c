package ignore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"

	"github.com/s3fc/s3fc/core"
)

const (
	maxFileSize = 1 << 20 // bytes of the largest ignore file
	maxHops     = 40      // links that may lead to it
)

// tree is the [Source] of a tree.
type tree struct {
	core.Tree
	ctx  context.Context //nolint:containedctx // It lives as long as one run.
	name string          // in errors
}

// A NameFinder is a tree whose listing knows which directories have an ignore file,
// so that a request for each is spared.
type NameFinder interface {
	// HasName reports whether something called name is in the directory dir; known is
	// false if that takes a request.
	HasName(ctx context.Context, dir, name string) (has, known bool)
}

// OfTree returns the source of the ignore files of t, which is called name in
// errors, for as long as ctx lasts. It is nil for a store that is flat, or that counts
// each read as a request: there, an ignore file is an ordinary object, because a look
// into each directory would cost an unchanged run a request for each.
func OfTree(ctx context.Context, t core.Tree, name string) Source {
	if !ReadsFiles(t) {
		return nil
	}
	return &tree{t, ctx, name}
}

// ReadsFiles reports whether files in t that give rules are read, and no ordinary
// objects: see [OfTree].
func ReadsFiles(t core.Tree) bool { return !t.Features().Flat && !costsRequests(t) }

func costsRequests(t core.Tree) bool {
	c, ok := core.As[core.Coster](t)
	return ok && c.OpenCost(core.Entry{Key: File, Kind: core.File}).Total() > 0
}

// ReadRules implements [Source]. A link to a file of the same tree is followed.
// An ignore file that is anything else than a file is an error, because its
// rules would silently be missing. So is a directory of that name, unless it is
// empty.
//
// A directory that the user may not search has no rules: the tree's listing
// reports it, and nothing in it can be read, replaced or deleted.
func (t *tree) ReadRules(dir string) (*Rules, error) {
	if path.Base(dir) == File {
		if err := t.checkNoDir(dir); err != nil {
			return nil, t.fail(dir, err)
		}
	}
	if n, ok := core.As[NameFinder](t.Tree); ok {
		if has, known := n.HasName(t.ctx, dir, File); known && !has {
			return nil, nil
		}
	}
	key := File
	if dir != "." {
		key = dir + "/" + File
	}
	text, err := t.read(key)
	if err != nil {
		return nil, t.fail(key, err)
	}
	rules, err := Parse(text)
	return rules, t.fail(key, err)
}

// fail wraps err, if it is one, with the ignore file that it is about.
func (t *tree) fail(key string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("the rules in %s of %s cannot be read: %w", core.DisplayKey(key), t.name, err)
}

// checkNoDir returns an error if a directory that is not empty is at key.
func (t *tree) checkNoDir(key string) error {
	for e, err := range t.List(t.ctx, key+"/") {
		if err != nil {
			return err
		}
		if core.Below(e.Key, key) {
			return errors.New("it is a directory")
		}
		break
	}
	return nil
}

// read returns the text of the ignore file at key, "" if there is none.
func (t *tree) read(key string) (string, error) {
	r, e, err := t.open(key)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", nil
	case errors.Is(err, fs.ErrPermission):
		if _, statErr := t.Stat(t.ctx, key); errors.Is(statErr, fs.ErrPermission) {
			return "", nil // the directory cannot be searched
		}
		return "", err
	case err != nil:
		return "", err
	case r == nil:
		return "", notAFile(e)
	}
	text, err := io.ReadAll(io.LimitReader(r, maxFileSize+1))
	if closeErr := r.Close(); err == nil {
		err = closeErr
	}
	if err == nil && len(text) > maxFileSize {
		err = fmt.Errorf("it is larger than %d bytes", maxFileSize)
	}
	return string(text), err
}

// open opens the file at key, or the one that a link there leads to. Only if
// nothing is at key itself, the error is [fs.ErrNotExist].
func (t *tree) open(key string) (io.ReadCloser, core.Entry, error) {
	for range maxHops {
		r, e, err := t.Open(t.ctx, key)
		if err != nil || e.Kind != core.Link || e.Target.URL != "" {
			return r, e, err
		}
		text := e.Target.Key
		if e.Target.Dir == core.IsDir || text == "." {
			return nil, e, fmt.Errorf("it is a link to the directory %s", core.DisplayKey(text))
		}
		if _, err := t.Stat(t.ctx, text); errors.Is(err, fs.ErrNotExist) {
			return nil, e, fmt.Errorf("it is a link to %s, and no file is there", core.DisplayKey(text))
		}
		key = text
	}
	return nil, core.Entry{}, fmt.Errorf("it passes through more than %d links", maxHops)
}

// notAFile returns the error for an ignore file that is the entry e.
func notAFile(e core.Entry) error {
	switch {
	case e.Kind == core.Link:
		return fmt.Errorf("it is a link to %s", e.Target.URL)
	case errors.Is(e.Problem, core.ErrExcluded):
		return errors.New("it is a link, and this run leaves links out: put a file in its place")
	}
	return e.Problem
}
