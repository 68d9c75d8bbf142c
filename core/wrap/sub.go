package wrap

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"path"
	"strings"

	"github.com/s3fc/s3fc/core"
)

// Sub returns the entries below dir in b as a backend of their own; dir is a key,
// or "." for b itself. Keys and the targets of links are renamed both ways. A link
// to something outside dir is a [core.Other]. An inner Finisher is hidden, for it
// would act on the whole of b.
//
// A dir that cannot be read ends a listing. One that does not exist is empty.
func Sub(b core.Backend, dir string) (core.Backend, error) {
	if dir == "." {
		return b, nil
	}
	if err := core.CheckKey(dir); err != nil {
		return nil, fmt.Errorf("a subtree at %s: %w", core.DisplayKey(dir), err)
	}
	s := &sub{infoOf{b}, copierOf{b}, b, dir + "/"}
	if d, ok := core.As[core.BatchDeleter](b); ok {
		return &struct {
			*sub
			batch
		}{s, batch{d.BatchSize(), s.deleteBatch(d)}}, nil
	}
	return s, nil
}

type sub struct {
	infoOf
	copierOf
	b      core.Backend
	prefix string // ends with a slash
}

// full is e as b has it.
func (s *sub) full(e core.Entry) core.Entry {
	e.Key = s.prefix + e.Key
	e.Target = s.fullTarget(e.Target)
	return e
}

func (s *sub) fullTarget(t core.Target) core.Target {
	if t.Key != "" {
		t.Key = path.Join(s.prefix, t.Key)
	}
	return t
}

// checked is full for a Put, which must not be given a target that path.Join
// would make valid.
func (s *sub) checked(e core.Entry) (core.Entry, error) {
	if err := core.CheckKey(e.Key); err != nil {
		return e, fmt.Errorf("%w: %w", core.ErrUnsupportedKey, err)
	}
	if e.Kind == core.Link {
		if err := e.Target.Check(); err != nil {
			return e, fmt.Errorf("%w: %w", core.ErrUnsupportedLink, err)
		}
	}
	return s.full(e), nil
}

// own is e of b as the subtree has it.
func (s *sub) own(e core.Entry) core.Entry {
	e.Key = strings.TrimPrefix(e.Key, s.prefix)
	switch t := &e.Target; {
	case e.Kind != core.Link || t.Key == "":
	case t.Key+"/" == s.prefix:
		t.Key = "."
	case strings.HasPrefix(t.Key, s.prefix):
		t.Key = t.Key[len(s.prefix):]
	default:
		return core.Entry{
			Key: e.Key, Kind: core.Other, Token: e.Token,
			Problem: fmt.Errorf("%w: it points outside the tree, to %s", core.ErrUnsupportedLink, core.DisplayKey(t.Key)),
		}
	}
	return e
}

// ownError renames the key that err is about.
func (s *sub) ownError(err error) error {
	var ce *core.Error
	if !errors.As(err, &ce) || !strings.HasPrefix(ce.Key, s.prefix) {
		return err
	}
	renamed := *ce
	renamed.Key = ce.Key[len(s.prefix):]
	if core.IsTransient(err) {
		return core.Transient(&renamed)
	}
	return &renamed
}

// Identity implements [core.Identifier]: that of b, and the directory.
func (s *sub) Identity() string {
	if inner := s.infoOf.Identity(); inner != "" {
		return inner + " below " + s.prefix
	}
	return ""
}

func (s *sub) Features() core.Features {
	f := s.b.Features()
	if f.MaxKey > 0 {
		f.MaxKey = max(f.MaxKey-len(s.prefix), 1)
	}
	if f.MaxTarget > 0 {
		f.MaxTarget = max(f.MaxTarget-len(s.prefix), 1)
	}
	return f
}

func (s *sub) List(ctx context.Context, after string) iter.Seq2[core.Entry, error] {
	return s.below(s.b.List(ctx, s.prefix+after))
}

// ListDirs implements [core.DirRemover].
func (s *sub) ListDirs(ctx context.Context, after string) iter.Seq2[core.Entry, error] {
	return s.below(core.ListDirs(ctx, s.b, s.prefix+after))
}

// RemoveDir implements [core.DirRemover].
func (s *sub) RemoveDir(ctx context.Context, dir string) error {
	if core.CheckKey(dir) != nil {
		return nil // nothing is there
	}
	return s.ownError(dirsOf{s.b}.RemoveDir(ctx, s.prefix+dir))
}

func (s *sub) below(list iter.Seq2[core.Entry, error]) iter.Seq2[core.Entry, error] {
	ordered := !s.b.Features().Unordered
	return func(yield func(core.Entry, error) bool) {
		for e, err := range list {
			var more bool
			switch {
			case err != nil:
				more = s.yieldError(err, yield)
			case e.Key == s.prefix && isDirectory(e):
				more = true // the root of the subtree
			case strings.HasPrefix(e.Key, s.prefix):
				more = yield(s.own(e), nil)
			default:
				more = !ordered || e.Key < s.prefix
			}
			if !more {
				return
			}
		}
	}
}

// yieldError passes on an error that is about the subtree, and reports whether
// the listing goes on. An error about a key above it is one about its root.
func (s *sub) yieldError(err error, yield func(core.Entry, error) bool) bool {
	key, one := core.ErrorKey(err)
	switch {
	case !one:
		yield(core.Entry{}, err)
		return false
	case strings.HasPrefix(key, s.prefix):
		return yield(core.Entry{}, s.ownError(err))
	case strings.HasPrefix(s.prefix, key+"/"):
		var ce *core.Error
		errors.As(err, &ce)
		yield(core.Entry{}, &core.Error{Op: ce.Op, Tree: ce.Tree, Err: ce.Err})
		return false
	}
	return true
}

func (s *sub) Stat(ctx context.Context, key string) (core.Entry, error) {
	e, err := s.b.Stat(ctx, s.prefix+key)
	if err != nil {
		return core.Entry{}, s.ownError(err)
	}
	return s.own(e), nil
}

func (s *sub) Open(ctx context.Context, key string) (io.ReadCloser, core.Entry, error) {
	rc, e, err := s.b.Open(ctx, s.prefix+key)
	if err != nil {
		return nil, core.Entry{}, s.ownError(err)
	}
	return rc, s.own(e), nil
}

func (s *sub) Put(ctx context.Context, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
	full, err := s.checked(e)
	if err != nil {
		return core.Entry{}, &core.Error{Op: "put", Key: e.Key, Err: err}
	}
	if old != nil {
		if err := core.CheckOld(old); err != nil {
			return core.Entry{}, &core.Error{Op: "put", Key: e.Key, Err: err}
		}
		o := s.full(*old)
		old = &o
	}
	stored, err := s.b.Put(ctx, full, body, old)
	if err != nil {
		return core.Entry{}, s.ownError(err)
	}
	return s.own(stored), nil
}

func (s *sub) Delete(ctx context.Context, old core.Entry) error {
	if core.CheckKey(old.Key) != nil {
		return nil // nothing is there
	}
	if err := refuseOther(old); err != nil {
		return err
	}
	return s.ownError(s.b.Delete(ctx, s.full(old)))
}

// refuseOther refuses to delete an Other. b may have a link there, which leads out
// of the subtree.
func refuseOther(old core.Entry) error {
	if err := core.CheckOld(&old); err != nil {
		return &core.Error{Op: "delete", Key: old.Key, Err: err}
	}
	return nil
}

func (s *sub) deleteBatch(d core.BatchDeleter) func(context.Context, []core.Entry) []error {
	return func(ctx context.Context, olds []core.Entry) []error {
		full := make([]core.Entry, len(olds))
		for i, old := range olds {
			full[i] = s.full(old)
		}
		errs := deleteSome(ctx, d, full, refuseOther)
		for i := range errs {
			errs[i] = s.ownError(errs[i])
		}
		return errs
	}
}

// PartSizes implements [core.Prover].
func (s *sub) PartSizes(have core.Entry) []int64 { return s.infoOf.PartSizes(s.full(have)) }

// Proves implements [core.Prover].
func (s *sub) Proves(have core.Entry, e core.Evidence) bool {
	e.Target = s.fullTarget(e.Target)
	return s.infoOf.Proves(s.full(have), e)
}

// Fingerprint implements [core.Fingerprinter]. Of an entry that may be a link it is
// empty: one target has different keys in different subtrees.
func (s *sub) Fingerprint(have core.Entry) string {
	if have.MaybeLink {
		return ""
	}
	return s.infoOf.Fingerprint(s.full(have))
}

// Remember implements [core.Rememberer].
func (s *sub) Remember(e core.Entry) { s.infoOf.Remember(s.full(e)) }

// CheckPut implements [core.Checker].
func (s *sub) CheckPut(e core.Entry) error {
	full, err := s.checked(e)
	if err != nil {
		return err
	}
	return s.infoOf.CheckPut(full)
}

// PutCost implements [core.Coster].
func (s *sub) PutCost(e core.Entry) core.Requests { return s.infoOf.PutCost(s.full(e)) }

// OpenCost implements [core.Coster].
func (s *sub) OpenCost(e core.Entry) core.Requests { return s.infoOf.OpenCost(s.full(e)) }

func isDirectory(e core.Entry) bool {
	_, is := e.Directory()
	return is
}
