package s3fc

import (
	"context"
	"crypto/md5" //nolint:gosec // The field's content hash.
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/wrap"
	"github.com/s3fc/s3fc/internal/inorder"
)

// reuse is the tree that a run takes unchanged files over from, inside the store of
// the destination. The zero reuse is none.
type reuse struct{ side }

// use names the tree that the options ask for.
func (u *reuse) use(r *run) (err error) {
	switch {
	case r.o.Reuse == "":
		return nil
	case r.mux == nil:
		return &OptionError{Option: "reuse", Err: errors.New("a run on open trees takes nothing over from another")}
	}
	u.side, err = named(r.mux, "reuse", r.o.Reuse)
	return err
}

// open opens the tree, which must exist.
func (u *reuse) open(ctx context.Context, r *run) error {
	if u.url == nil {
		return nil
	}
	if err := u.side.open(ctx, r.env); absent(err) {
		return &MissingError{Tree: u.name, Err: err}
	} else if err != nil {
		return fmt.Errorf("%s, from which files are to be taken over, cannot be opened: %w", u.name, err)
	}
	u.tree = r.cached(u.side)
	return nil
}

// over returns the source with each file marked that the destination can take over.
func (u *reuse) over(src core.Tree, r *run) core.Tree {
	copier, ok := core.As[core.Copier](r.dst.tree)
	switch {
	case u.tree == nil:
		return src
	case !ok && !r.absent:
		if r.o.Notice != nil {
			r.o.Notice(r.dst.name + " copies no files by itself, so nothing is taken over from " + u.name)
		}
		return src
	case !ok:
		return src
	}
	b, ok := src.(core.Backend)
	if !ok {
		b = wrap.ReadOnly(src)
	}
	return &reusing{Base: wrap.Base{Backend: b}, from: u.tree, copier: copier, jobs: r.env.Jobs}
}

// reusing is a source some of whose files are also in another tree, under the same key.
type reusing struct {
	wrap.Base
	from   core.Tree
	copier core.Copier
	jobs   int
}

// Origin implements [core.Originator]: a file that is marked comes from the other tree,
// if it has the headers there that the source gives it.
func (u *reusing) Origin(e core.Entry) (core.Tree, core.Entry, bool) {
	if e.Reuse == "" {
		return u.Backend, e, true
	}
	as := core.Entry{Key: e.Key, Kind: core.File, Size: e.Size, MD5: e.MD5, Token: e.Reuse, Headers: e.Headers}
	if as.Headers == nil {
		as.Headers = new(core.Headers)
	}
	return u.from, as, true
}

// List implements [core.Tree].
func (u *reusing) List(ctx context.Context, after string) iter.Seq2[core.Entry, error] {
	return inorder.Map(ctx, u.jobs, u.paired(ctx, u.Backend.List(ctx, after), after), u.mark)
}

// ListDirs implements [core.DirRemover].
func (u *reusing) ListDirs(ctx context.Context, after string) iter.Seq2[core.Entry, error] {
	return inorder.Map(ctx, u.jobs, u.paired(ctx, core.ListDirs(ctx, u.Backend, after), after), u.mark)
}

// RemoveDir implements [core.DirRemover]: this is the read side.
func (u *reusing) RemoveDir(_ context.Context, dir string) error {
	return &core.Error{Op: "remove", Key: dir, Err: errors.ErrUnsupported}
}

// pair is an entry of the source, and a file of the same key and size in the other
// tree, or nil.
type pair struct {
	e    core.Entry
	have *core.Entry
}

// paired yields the entries of list with their files in the other tree. If that tree
// cannot be listed, the rest of list comes without.
func (u *reusing) paired(ctx context.Context, list iter.Seq2[core.Entry, error], after string) iter.Seq2[pair, error] {
	return func(yield func(pair, error) bool) {
		next, stop := iter.Pull2(u.from.List(ctx, after))
		defer stop()
		have, err, more := next()
		for e, listErr := range list {
			for more && (err == nil && have.Key < e.Key || isOfKey(err)) {
				have, err, more = next()
			}
			p := pair{e: e}
			if more && err == nil && listErr == nil && have.Key == e.Key && u.candidate(e, have) {
				twin := have
				p.have = &twin
			}
			if !yield(p, listErr) {
				return
			}
		}
	}
}

// isOfKey reports whether err concerns one key of a listing, which goes on.
func isOfKey(err error) bool {
	_, one := core.ErrorKey(err)
	return err != nil && one
}

// candidate reports whether have may be the content of e, and can be copied.
func (u *reusing) candidate(e, have core.Entry) bool {
	return e.Kind == core.File && !e.MaybeLink && have.Kind == core.File && !have.MaybeLink && e.Size == have.Size && e.Size > 0 && u.copier.CanCopy(u.from, have)
}

// mark marks a file whose content is the same in the other tree. A content that is not
// known is hashed: it would be, before it was sent.
func (u *reusing) mark(ctx context.Context, p pair) (core.Entry, error) {
	e := p.e
	if p.have == nil {
		return e, nil
	}
	if !e.MD5.Known() {
		e = u.hashed(ctx, e)
	}
	if e.MD5.Known() && u.same(ctx, e, *p.have) {
		e.Reuse = p.have.Token
	}
	return e, nil
}

// same reports whether have is a file of e's content.
func (u *reusing) same(ctx context.Context, e, have core.Entry) bool {
	if have.MD5.Known() {
		return have.MD5 == e.MD5
	}
	evidence := core.Evidence{Kind: core.File, Size: e.Size, MD5: e.MD5}
	if e.Parts.Count > 0 {
		evidence.Parts = []core.PartsHash{e.Parts}
	}
	if p, ok := core.As[core.Prover](u.from); ok && p.Proves(have, evidence) {
		return true
	}
	if !have.Partial {
		return false
	}
	full, err := u.from.Stat(ctx, have.Key) // its metadata may tell
	return err == nil && full.Kind == core.File && full.Token == have.Token && full.MD5.Known() && full.MD5 == e.MD5
}

// hashed returns e with its md5, or as it is if it cannot be read or has changed: the
// run will say so.
func (u *reusing) hashed(ctx context.Context, e core.Entry) core.Entry {
	body, full, err := u.Backend.Open(ctx, e.Key)
	if err != nil || body == nil {
		return e
	}
	h := md5.New() //nolint:gosec // See the import.
	_, err = io.Copy(h, body)
	if errors.Join(err, body.Close()) != nil || full.Size != e.Size || full.Token != e.Token {
		return e
	}
	e.MD5 = core.MD5Of([md5.Size]byte(h.Sum(nil)))
	if r, ok := core.As[core.Rememberer](u.Backend); ok {
		full.MD5 = e.MD5
		r.Remember(full)
	}
	return e
}
