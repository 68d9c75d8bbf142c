package wrap

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"

	"github.com/s3fc/s3fc/core"
)

// AddLinks adds links, which are in key order, to the entries of t. Where t has an
// entry of the same key, that entry stays.
func AddLinks(t core.Tree, links []core.Entry) core.Tree { return &added{infoOf{t}, t, links} }

type added struct {
	infoOf
	core.Tree
	links []core.Entry
}

// Proves implements [core.Prover]: an added link has no token that could prove
// anything.
func (a *added) Proves(have core.Entry, e core.Evidence) bool {
	return have.Token != "" && a.infoOf.Proves(have, e)
}

func (a *added) List(ctx context.Context, after string) iter.Seq2[core.Entry, error] {
	return func(yield func(core.Entry, error) bool) {
		left := a.links
		for len(left) > 0 && left[0].Key <= after {
			left = left[1:]
		}
		for e, err := range a.Tree.List(ctx, after) {
			key, one := core.ErrorKey(err)
			if err == nil {
				key = e.Key
			}
			for (err == nil || one) && len(left) > 0 && left[0].Key <= key {
				if left[0].Key < key && !yield(left[0], nil) {
					return
				}
				left = left[1:]
			}
			if !yield(e, err) || err != nil && !one {
				return
			}
		}
		for _, l := range left {
			if !yield(l, nil) {
				return
			}
		}
	}
}

func (a *added) Stat(ctx context.Context, key string) (core.Entry, error) {
	e, err := a.Tree.Stat(ctx, key)
	if errors.Is(err, fs.ErrNotExist) {
		for _, l := range a.links {
			if l.Key == key {
				return l, nil
			}
		}
	}
	return e, err
}

func (a *added) Open(ctx context.Context, key string) (io.ReadCloser, core.Entry, error) {
	body, e, err := a.Tree.Open(ctx, key)
	if errors.Is(err, fs.ErrNotExist) {
		e, err = a.Stat(ctx, key)
		return nil, e, err
	}
	return body, e, err
}
