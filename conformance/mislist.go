package conformance

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/s3fc/s3fc/core"
)

// mislisting is a visible error of a listing.
type mislisting struct {
	name  string
	wrong func([]core.Entry) []core.Entry
}

var mislistings = []mislisting{
	{"repeats an entry", func(all []core.Entry) []core.Entry {
		i := len(all) / 2
		return append(all[:i+1:i+1], all[i:]...)
	}},
	{"repeats a page", func(all []core.Entry) []core.Entry {
		i := len(all) / 2
		return append(all[:i:i], all...)
	}},
	{"has two entries in the wrong order", func(all []core.Entry) []core.Entry {
		i := len(all) / 2
		all[i-1], all[i] = all[i], all[i-1]
		return all
	}},
	{"begins in the middle", func(all []core.Entry) []core.Entry {
		i := len(all) / 2
		return append(all[i:len(all):len(all)], all[:i]...)
	}},
}

// mislisted is a backend whose listings are wrong.
type mislisted struct {
	core.Backend
	how mislisting
}

// Unwrap lets the optional interfaces be found.
func (m *mislisted) Unwrap() core.Tree { return m.Backend }

// List implements [core.Tree], wrongly.
func (m *mislisted) List(ctx context.Context, after string) iter.Seq2[core.Entry, error] {
	return func(yield func(core.Entry, error) bool) {
		var all []core.Entry
		for e, err := range m.Backend.List(ctx, after) {
			if err != nil {
				yield(e, err)
				return
			}
			all = append(all, e)
		}
		for _, e := range m.how.wrong(all) {
			if !yield(e, nil) {
				return
			}
		}
	}
}

// mislist copies with a wrong listing, which must make no difference.
func (s *scene) mislist(ctx context.Context, src, dst core.Backend, side string, how mislisting) error {
	if err := s.set(ctx, dst); err != nil {
		return fmt.Errorf("the older version cannot be put into the destination: %w", err)
	}
	a, b := src, dst
	wrong := func(b core.Backend) core.Backend { return &mislisted{b, how} }
	if side == "source" {
		a = broken(src, wrong)
	} else {
		b = broken(dst, wrong)
	}
	o, err := copyTree(ctx, a, b, 4)
	return errors.Join(err, o.problems(), Check(ctx, dst, entriesOf(s.after)))
}
