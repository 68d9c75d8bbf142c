package wrap

import (
	"context"
	"errors"
	"io/fs"
	"iter"

	"github.com/s3fc/s3fc/core"
)

// CollapseDirLinks is the inverse of [ExpandDirLinks]: if k is a link to d, a link
// k/x to d/x is left out of a listing, also one that ExpandDirLinks did not make.
// So a directory, which cannot hold both, gets the link k. Everything else below k
// stays in the listing.
//
// It asks only where keys lie below an entry that may be a link: about that entry,
// once, and about each below it that its [core.Prover] does not prove. Stat and
// Open know the entries that a listing leaves out, too.
func CollapseDirLinks(t core.Tree) core.Tree { return &collapsed{infoOf{t}, t} }

type collapsed struct {
	infoOf
	core.Tree
}

// linkAbove is an entry that may be a link, and below which there may be links that
// were added to it.
type linkAbove struct {
	key    string
	asked  bool
	dir    string // that it leads to, empty for none
	failed bool   // it could not be asked
}

func mayBeLink(e core.Entry) bool { return e.Kind == core.Link || e.MaybeLink }

func (c *collapsed) List(ctx context.Context, after string) iter.Seq2[core.Entry, error] {
	return func(yield func(core.Entry, error) bool) {
		var above []*linkAbove
		for e, err := range c.Tree.List(ctx, after) {
			if err != nil {
				if !yield(e, err) {
					return
				}
				continue
			}
			for len(above) > 0 && !core.MoreBelow(above[len(above)-1].key, e.Key) {
				above = above[:len(above)-1]
			}
			e, leave, err := c.resolve(ctx, e, above)
			switch {
			case leave:
				continue
			case !yield(e, err):
				return
			case err == nil && mayBeLink(e):
				above = append(above, &linkAbove{key: e.Key})
			}
		}
	}
}

// resolve returns the next entry as it is to be yielded, or that it is to be left
// out. An error is one of a linkAbove, which is reported once and concerns all below
// it.
func (c *collapsed) resolve(ctx context.Context, e core.Entry, above []*linkAbove) (core.Entry, bool, error) {
	if !mayBeLink(e) {
		return e, false, nil
	}
	for _, s := range above {
		rest, is := below(e.Key, s.key)
		switch {
		case !is:
			continue
		case s.failed:
			return e, true, nil
		}
		if err := c.ask(ctx, s); err != nil {
			return e, false, err
		}
		if s.dir == "" {
			continue
		}
		full, isLink, err := c.isLinkTo(ctx, e, join(s.dir, rest))
		if isLink || err != nil {
			return e, isLink, err
		}
		e = full
	}
	return e, false, nil
}

// ask finds out, once, where a linkAbove leads.
func (c *collapsed) ask(ctx context.Context, s *linkAbove) error {
	if s.asked {
		return nil
	}
	s.asked = true
	e, err := c.Tree.Stat(ctx, s.key)
	if err == nil && e.Kind == core.Link {
		s.dir, _, err = dirOf(ctx, c.Tree, e.Target)
	}
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	s.failed = true
	return keyed(err, s.key)
}

// isLinkTo reports whether e is a link to the key target. If it had to be asked,
// full is the answer.
func (c *collapsed) isLinkTo(ctx context.Context, e core.Entry, target string) (full core.Entry, isLink bool, err error) {
	if !e.MaybeLink {
		return e, e.Kind == core.Link && e.Target.Key == target, nil
	}
	if c.Proves(e, core.Evidence{Kind: core.Link, Target: core.Target{Key: target}}) {
		return e, true, nil
	}
	full, err = c.Tree.Stat(ctx, e.Key)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return e, false, nil
	case err != nil:
		return e, false, keyed(err, e.Key)
	}
	return full, full.Kind == core.Link && full.Target.Key == target, nil
}
