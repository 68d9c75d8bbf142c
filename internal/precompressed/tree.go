// Package precompressed shows compressed files under the names that visitors ask for:
// x.html.gz as x.html, with its encoding.
package precompressed

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"strings"
	"sync"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/wrap"
	"github.com/s3fc/s3fc/internal/sortedrun"
)

// sortBound is how many entries are sorted in memory at once.
const sortBound = 50_000

// encodings are the encodings of compressed files, by the ending of their names.
var encodings = []struct{ ending, encoding string }{{".br", "br"}, {".gz", "gzip"}}

// Name returns the name under which the file at key is stored, and its encoding; ok is
// false if it is no compressed file. is says which keys are those of compressed files.
func Name(key string, is func(key string) bool) (name, encoding string, ok bool) {
	for _, e := range encodings {
		if name, ok := strings.CutSuffix(key, e.ending); ok && core.ValidKey(name) && is(key) {
			return name, e.encoding, true
		}
	}
	return "", "", false
}

// Of returns the key of the compressed file of t that is stored under name, "" if
// there is none. The error is core.ErrConflict if there are two.
func Of(ctx context.Context, t core.Tree, is func(key string) bool, name string) (string, error) {
	found, err := compressed(ctx, t, is, name)
	switch {
	case err != nil || len(found) == 0:
		return "", err
	case len(found) > 1:
		return "", claimed(name).Problem
	}
	return found[0].Key, nil
}

// compressed returns the compressed files of t that are shown as name.
func compressed(ctx context.Context, t core.Tree, is func(key string) bool, name string) (found []core.Entry, err error) {
	for _, enc := range encodings {
		key := name + enc.ending
		if !is(key) {
			continue
		}
		e, err := t.Stat(ctx, key)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return nil, err
		case e.Kind == core.File:
			found = append(found, e)
		}
	}
	return found, nil
}

// Over is the read side of t with each file for which is reports true under its name
// without .gz or .br, with its encoding among its headers. A file of that name in t is
// not there then. A name that two compressed files claim is an Other. Sorted listings
// that do not fit into memory go to dir, "" for [os.TempDir]. A compressed file that is
// older than the file in whose place it is shown is told to older, unless that is nil.
// Both functions are called concurrently.
func Over(t core.Tree, is func(key string) bool, dir string, older func(compressed, plain string)) core.Tree {
	b, ok := t.(core.Backend)
	if !ok {
		b = wrap.ReadOnly(t)
	}
	return &tree{Base: wrap.Base{Backend: b}, is: is, dir: dir, older: older}
}

type tree struct {
	wrap.Base
	wrap.NoCopies
	is    func(key string) bool
	dir   string
	older func(compressed, plain string)

	shown sync.Map // the key in the inner tree of each compressed file, by its name here
}

// under returns the compressed file e of the inner tree as it is shown.
func (t *tree) under(name, encoding string, e core.Entry) core.Entry {
	t.shown.Store(name, e.Key)
	e.Key, e.Headers = name, &core.Headers{ContentEncoding: encoding}
	return e
}

// claimed is the entry at a name that two compressed files claim.
func claimed(name string) core.Entry {
	return core.Entry{Key: name, Kind: core.Other, Problem: fmt.Errorf(
		"%w: %s.br and %s.gz are both precompressed, and only one can be stored as %s: let the rule match one of them",
		core.ErrConflict, core.DisplayKey(name), core.DisplayKey(name), core.DisplayKey(name))}
}

// List implements [core.Tree]. The entries are sorted anew, because a shown name may
// come before other keys that its file follows.
func (t *tree) List(ctx context.Context, after string) iter.Seq2[core.Entry, error] {
	return func(yield func(core.Entry, error) bool) {
		s := sortedrun.New(func(a, b *core.Entry) int { return cmp.Compare(a.Key, b.Key) }, t.dir, sortBound)
		defer s.Close()
		for e, err := range t.Base.List(ctx, "") {
			if err == nil {
				var ok bool
				if e, ok, err = t.listed(ctx, e); err == nil && (!ok || e.Key <= after) {
					continue
				}
			}
			if err == nil {
				err = s.Add(e)
			}
			if _, keyed := core.ErrorKey(err); err != nil && (!yield(core.Entry{}, err) || !keyed) {
				return
			}
		}
		if err := ctx.Err(); err != nil {
			yield(core.Entry{}, err)
			return
		}
		s.All()(yield)
	}
}

// listed returns the entry e of the inner tree as it is shown; ok is false if it is
// not.
func (t *tree) listed(ctx context.Context, e core.Entry) (_ core.Entry, ok bool, err error) {
	if name, encoding, ok := Name(e.Key, t.is); ok && e.Kind == core.File {
		all, err := compressed(ctx, t.Base, t.is, name)
		switch {
		case err != nil:
			return e, false, err
		case len(all) > 1:
			return claimed(name), e.Key == all[0].Key, nil
		}
		return t.under(name, encoding, e), true, nil
	}
	all, err := compressed(ctx, t.Base, t.is, e.Key)
	for _, c := range all {
		if t.older != nil && e.Kind == core.File && !c.ModTime.IsZero() && e.ModTime.After(c.ModTime) {
			t.older(c.Key, e.Key)
		}
	}
	if err == nil {
		e, err = t.leading(ctx, e)
	}
	return e, len(all) == 0, err
}

// leading returns e, which leads to the name under which a compressed file is shown if
// it is a link to that file.
func (t *tree) leading(ctx context.Context, e core.Entry) (core.Entry, error) {
	if e.Kind != core.Link || e.Target.URL != "" {
		return e, nil
	}
	name, _, ok := Name(e.Target.Key, t.is)
	if !ok {
		return e, nil
	}
	file, err := t.Base.Stat(ctx, e.Target.Key)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return e, nil
	case err != nil:
		return e, err
	case file.Kind == core.File:
		e.Target.Key = name
	}
	return e, nil
}

// Stat implements [core.Tree].
func (t *tree) Stat(ctx context.Context, key string) (core.Entry, error) {
	e, err := t.find(ctx, key)
	if err != nil || e.Kind != core.Other || e.Key != "" {
		return e, err
	}
	if e, err = t.Base.Stat(ctx, key); err != nil {
		return e, err
	}
	return t.leading(ctx, e)
}

// find returns the compressed file that is shown as key, or the Other in its place; the
// zero entry if the inner tree's entry at key is shown.
func (t *tree) find(ctx context.Context, key string) (core.Entry, error) {
	all, err := compressed(ctx, t.Base, t.is, key)
	switch {
	case err != nil:
		return core.Entry{}, err
	case len(all) > 1:
		return claimed(key), nil
	case len(all) == 1:
		_, encoding, _ := Name(all[0].Key, t.is)
		return t.under(key, encoding, all[0]), nil
	}
	if _, _, ok := Name(key, t.is); ok {
		if e, err := t.Base.Stat(ctx, key); err == nil && e.Kind == core.File {
			return core.Entry{}, &core.Error{Op: "stat", Key: key, Err: fs.ErrNotExist}
		}
	}
	return core.Entry{}, nil
}

// Open implements [core.Tree].
func (t *tree) Open(ctx context.Context, key string) (io.ReadCloser, core.Entry, error) {
	e, err := t.find(ctx, key)
	switch {
	case err != nil:
		return nil, core.Entry{}, err
	case e.Kind == core.File:
		inner, _ := t.shown.Load(key)
		body, opened, err := t.Base.Open(ctx, inner.(string))
		if err != nil || opened.Kind != core.File {
			return body, opened, err
		}
		return body, t.under(key, e.Headers.ContentEncoding, opened), nil
	case e.Key != "":
		return nil, e, nil
	}
	body, e, err := t.Base.Open(ctx, key)
	if err == nil && body == nil {
		e, err = t.leading(ctx, e)
	}
	return body, e, err
}

// Remember implements [core.Rememberer]: the inner tree knows the file by its own key.
func (t *tree) Remember(e core.Entry) {
	m, ok := core.As[core.Rememberer](t.Backend)
	if !ok {
		return
	}
	if inner, ok := t.shown.Load(e.Key); ok && !e.Headers.Empty() {
		e.Key = inner.(string)
	}
	m.Remember(e)
}
