package wrap

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"

	"github.com/s3fc/s3fc/core"
)

// ExpandDirLinks adds to each link of t that leads to a directory, through a chain
// of links too, a link for each file and link below that directory: if k leads to
// d, and there is d/x, then k/x is a link to d/x. The link k itself stays. Links to
// directories in d are not followed below k, and an Other below d is one that is
// excluded below k. So a store that knows no directories can lead a visitor on from
// below k.
//
// The tree is then flat: it has both k and k/x. t is one that is not. A listing
// holds one link for each segment of a key, and lists each directory once more for
// each link to it. Added links have an empty Token.
func ExpandDirLinks(t core.Tree) core.Tree { return &expanded{infoOf{t}, t} }

type expanded struct {
	infoOf
	core.Tree
}

// Features implements [core.Tree].
func (x *expanded) Features() core.Features {
	f := x.Tree.Features()
	f.Flat = true
	return f
}

// Proves implements [core.Prover]: an added link has no token that could prove
// anything.
func (x *expanded) Proves(have core.Entry, e core.Evidence) bool {
	return have.Token != "" && x.infoOf.Proves(have, e)
}

// dirLink is a link to a directory, below which entries are added.
type dirLink struct{ link, dir, after string }

// entry returns the link added for e, which lies below the directory.
func (f dirLink) entry(e core.Entry, rest string) core.Entry {
	if e.Kind == core.Other {
		return excluded(join(f.link, rest))
	}
	return core.Entry{Key: join(f.link, rest), Kind: core.Link, Target: core.Target{Key: e.Key, Dir: core.NotDir}}
}

// dirLinkOf returns the dirLink of an entry, if it is a link to a directory.
func (x *expanded) dirLinkOf(ctx context.Context, e core.Entry) (f dirLink, ok bool, err error) {
	if e.Kind != core.Link {
		return dirLink{}, false, nil
	}
	dir, _, err := dirOf(ctx, x.Tree, e.Target)
	if err != nil {
		return dirLink{}, false, keyed(err, e.Key)
	}
	return dirLink{link: e.Key, dir: dir}, dir != "", nil
}

func (x *expanded) List(ctx context.Context, after string) iter.Seq2[core.Entry, error] {
	return func(yield func(core.Entry, error) bool) {
		l := &expansion{x: x, ctx: ctx, yield: yield}
		if err := l.begin(after); err != nil {
			yield(core.Entry{}, err)
			return
		}
		for e, err := range x.Tree.List(ctx, after) {
			if !l.next(e, err) {
				return
			}
		}
		l.listPending(0)
	}
}

// expansion is one listing. The open that wait are in order: the keys below the
// last come first.
type expansion struct {
	x       *expanded
	ctx     context.Context //nolint:containedctx // It lives as long as one listing.
	yield   func(core.Entry, error) bool
	pending []dirLink
}

// begin finds the links before after, or above it, below which keys follow it.
func (l *expansion) begin(after string) error {
	for i := 1; i <= len(after); i++ {
		key := after[:i]
		if !core.MoreBelow(key, after) || !core.ValidKey(key) {
			continue
		}
		e, err := l.x.Tree.Stat(l.ctx, key)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		} else if err != nil {
			return err
		}
		f, ok, err := l.x.dirLinkOf(l.ctx, e)
		if err != nil {
			return err
		}
		if ok {
			if rest, inside := below(after, key); inside {
				f.after = rest
			}
			l.pending = append(l.pending, f)
		}
	}
	return nil
}

// next takes the next entry of the tree; false ends the listing.
func (l *expansion) next(e core.Entry, err error) bool {
	key := e.Key
	if err != nil {
		var one bool
		if key, one = core.ErrorKey(err); !one {
			l.yield(e, err)
			return false
		}
	}
	if !l.pass(key) {
		return false
	}
	var f dirLink
	var ok bool
	if err == nil {
		f, ok, err = l.x.dirLinkOf(l.ctx, e)
	}
	if !l.yield(e, err) {
		return false
	}
	if ok {
		l.pending = append(l.pending, f)
	}
	return true
}

// pass opens the open whose keys come before key.
func (l *expansion) pass(key string) bool {
	n := len(l.pending)
	for n > 0 && !core.MoreBelow(l.pending[n-1].link, key) {
		n--
	}
	return l.listPending(n)
}

func (l *expansion) listPending(n int) bool {
	for len(l.pending) > n {
		f := l.pending[len(l.pending)-1]
		l.pending = l.pending[:len(l.pending)-1]
		if !l.listBelow(f) {
			return false
		}
	}
	return true
}

// listBelow yields the entries that are added below a link.
func (l *expansion) listBelow(f dirLink) bool {
	start := join(f.dir, f.after)
	if f.after == "" && f.dir == "." {
		start = ""
	}
	for e, err := range l.x.Tree.List(l.ctx, start) {
		if err != nil {
			more, ends := l.failed(f, err)
			if ends {
				return more
			}
			continue
		}
		rest, ok := below(e.Key, f.dir)
		if !ok {
			return true
		}
		if !l.yield(f.entry(e, rest), nil) {
			return false
		}
	}
	return true
}

// failed yields an error of a directory's listing as one about keys below the link.
// ends says that this listing of a directory is over, and more that the others are
// not.
func (l *expansion) failed(f dirLink, err error) (more, ends bool) {
	key, one := core.ErrorKey(err)
	rest, is := below(key, f.dir)
	switch {
	case !one:
		l.yield(core.Entry{}, err)
		return false, true
	case is:
		return false, !l.yield(core.Entry{}, keyed(err, join(f.link, rest)))
	case core.Below(f.dir, key) || f.dir == key:
		return l.yield(core.Entry{}, keyed(err, f.link)), true
	}
	return true, key > f.dir
}

// Stat implements [core.Tree].
func (x *expanded) Stat(ctx context.Context, key string) (core.Entry, error) {
	e, err := x.Tree.Stat(ctx, key)
	if !errors.Is(err, fs.ErrNotExist) {
		return e, err
	}
	for i := range key {
		if key[i] != '/' {
			continue
		}
		up, upErr := x.Tree.Stat(ctx, key[:i])
		switch {
		case errors.Is(upErr, fs.ErrNotExist):
			continue
		case upErr != nil:
			return core.Entry{}, upErr
		case up.Kind != core.Link:
			return e, err
		}
		return x.statBelow(ctx, up, key[i+1:])
	}
	return e, err
}

// statBelow returns the entry added for rest below a link.
func (x *expanded) statBelow(ctx context.Context, link core.Entry, rest string) (core.Entry, error) {
	f, ok, err := x.dirLinkOf(ctx, link)
	if err == nil && !ok {
		err = fs.ErrNotExist
	}
	var e core.Entry
	if err == nil {
		e, err = x.Tree.Stat(ctx, join(f.dir, rest))
	}
	if err != nil {
		return core.Entry{}, keyed(err, join(link.Key, rest))
	}
	return f.entry(e, rest), nil
}

// Open implements [core.Tree].
func (x *expanded) Open(ctx context.Context, key string) (io.ReadCloser, core.Entry, error) {
	body, e, err := x.Tree.Open(ctx, key)
	if errors.Is(err, fs.ErrNotExist) {
		e, err = x.Stat(ctx, key)
		return nil, e, err
	}
	return body, e, err
}
