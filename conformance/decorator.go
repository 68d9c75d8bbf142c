package conformance

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/s3fc/s3fc/core"
)

// CheckDecorator checks that decorate leaves no way round itself: whatever
// extension [core.As] finds on a decorated backend reaches the backend below
// only where, and as, the six methods do. It decorates a backend of its own
// that has every extension; the keys it uses are plain names in one directory,
// as "d/f". A nil error means that all is well.
func CheckDecorator(ctx context.Context, decorate func(core.Backend) core.Backend) error {
	return errors.Join(
		checkBatchBypass(ctx, decorate),
		checkCheckerBypass(ctx, decorate),
		checkProverBypass(ctx, decorate),
		checkFinisherBypass(ctx, decorate),
		checkRemembererBypass(ctx, decorate),
		checkCopierBypass(ctx, decorate),
	)
}

// spy is a backend that has every extension and notes what reaches it. It
// holds nothing, and lets everything be done.
type spy struct {
	core.Backend // nil: what is not here must not be called
	deleted      []string
	put          []string
	checked      []string
	proved       []string
	remembered   []string
	copied       []string
	finished     bool
}

func (s *spy) Features() core.Features {
	return core.Features{Links: true, URLLinks: true, DirTargets: true, Flat: true}
}

func describe(e core.Entry) string { return e.Key + " -> " + e.Target.String() }

func (s *spy) Put(_ context.Context, e core.Entry, _ io.Reader, _ *core.Entry) (core.Entry, error) {
	s.put = append(s.put, describe(e))
	return e, nil
}

func (s *spy) Delete(_ context.Context, old core.Entry) error {
	s.deleted = append(s.deleted, old.Key)
	return nil
}

func (s *spy) BatchSize() int { return 100 }

func (s *spy) DeleteBatch(_ context.Context, olds []core.Entry) []error {
	for _, old := range olds {
		s.deleted = append(s.deleted, old.Key)
	}
	return make([]error, len(olds))
}

func (s *spy) CheckPut(e core.Entry) error {
	s.checked = append(s.checked, describe(e))
	return nil
}

func (s *spy) PartSizes(core.Entry) []int64 { return nil }

func (s *spy) Proves(have core.Entry, e core.Evidence) bool {
	s.proved = append(s.proved, have.Key+" -> "+e.Target.String())
	return true
}

func (s *spy) Remember(e core.Entry) { s.remembered = append(s.remembered, describe(e)) }

func (s *spy) Finish(context.Context, core.Done) ([]string, error) {
	s.finished = true
	return nil, nil
}

func (s *spy) CanCopy(core.Tree, core.Entry) bool { return true }

func (s *spy) CopyCost(core.Entry) core.Requests { return core.Requests{} }

func (s *spy) CopyFrom(_ context.Context, _ core.Tree, e core.Entry, key string, _ *core.Entry) (core.Entry, error) {
	s.copied = append(s.copied, key)
	e.Key = key
	return e, nil
}

var decoratorKeys = []string{"d/f", "d/g", "e"}

func checkBatchBypass(ctx context.Context, decorate func(core.Backend) core.Backend) error {
	one, many := new(spy), new(spy)
	d, ok := core.As[core.BatchDeleter](decorate(many))
	if !ok {
		return nil
	}
	single := decorate(one)
	var olds []core.Entry
	var errs []error
	for _, key := range decoratorKeys {
		old := core.Entry{Key: key, Kind: core.File}
		olds = append(olds, old)
		errs = append(errs, single.Delete(ctx, old))
	}
	got := d.DeleteBatch(ctx, olds)
	if len(got) != len(olds) {
		return fmt.Errorf("DeleteBatch of %d entries: %d errors, want one an entry", len(olds), len(got))
	}
	if !slices.Equal(one.deleted, many.deleted) {
		return fmt.Errorf("DeleteBatch deletes %q below, and Delete %q", many.deleted, one.deleted)
	}
	for i := range got {
		if (got[i] == nil) != (errs[i] == nil) {
			return fmt.Errorf("DeleteBatch and Delete of %q do not agree: %w", olds[i].Key, cmp.Or(got[i], errs[i]))
		}
	}
	return nil
}

// decoratorLink is one that a decorator may rename at both ends.
var decoratorLink = linkOf("d/l", core.Target{Key: "d/f"})

func checkCheckerBypass(ctx context.Context, decorate func(core.Backend) core.Backend) error {
	s := new(spy)
	b := decorate(s)
	c, ok := core.As[core.Checker](b)
	if !ok {
		return nil
	}
	checkErr := c.CheckPut(decoratorLink)
	_, putErr := b.Put(ctx, decoratorLink, nil, nil)
	switch {
	case checkErr != nil && putErr == nil:
		return fmt.Errorf("CheckPut refuses what Put does: %w", checkErr)
	case checkErr == nil && sameRefusal(putErr, putErr):
		return fmt.Errorf("CheckPut has nothing against what Put refuses: %w", putErr)
	case len(s.put) > 0 && len(s.checked) > 0 && s.put[0] != s.checked[0]:
		return fmt.Errorf("CheckPut asks below about %s, and Put puts %s", s.checked[0], s.put[0])
	}
	return nil
}

func checkProverBypass(ctx context.Context, decorate func(core.Backend) core.Backend) error {
	s := new(spy)
	b := decorate(s)
	prover, ok := core.As[core.Prover](b)
	if !ok {
		return nil
	}
	prover.Proves(core.Entry{Key: decoratorLink.Key, Kind: core.File}, core.Evidence{Kind: core.Link, Target: decoratorLink.Target})
	if _, err := b.Put(ctx, decoratorLink, nil, nil); err != nil || len(s.proved) == 0 || len(s.put) == 0 {
		return nil //nolint:nilerr // A decorator may refuse to put; then nothing has to agree.
	}
	if s.proved[0] != s.put[0] {
		return fmt.Errorf("Proves asks below about %s, and Put puts %s", s.proved[0], s.put[0])
	}
	return nil
}

// checkFinisherBypass: where nothing can be written, nothing is to be finished.
func checkFinisherBypass(ctx context.Context, decorate func(core.Backend) core.Backend) error {
	s := new(spy)
	b := decorate(s)
	f, ok := core.As[core.Finisher](b)
	if !ok {
		return nil
	}
	_, putErr := b.Put(ctx, decoratorLink, nil, nil)
	_, _ = f.Finish(ctx, core.Done{Deletes: true})
	if putErr != nil && !sameRefusal(putErr, putErr) && s.finished {
		return fmt.Errorf("Finish reaches the backend below, and Put does not: %w", putErr)
	}
	return nil
}

// checkRemembererBypass: what is remembered is remembered of the entry that Put
// puts.
func checkRemembererBypass(ctx context.Context, decorate func(core.Backend) core.Backend) error {
	s := new(spy)
	b := decorate(s)
	r, ok := core.As[core.Rememberer](b)
	if !ok {
		return nil
	}
	r.Remember(decoratorLink)
	if _, err := b.Put(ctx, decoratorLink, nil, nil); err != nil || len(s.remembered) == 0 || len(s.put) == 0 {
		return nil //nolint:nilerr // A decorator may refuse to put; then nothing has to agree.
	}
	if s.remembered[0] != s.put[0] {
		return fmt.Errorf("Remember is told below of %s, and Put puts %s", s.remembered[0], s.put[0])
	}
	return nil
}

// checkCopierBypass: what the store copies goes where Put would put it, or is
// refused as Put refuses it, and comes back under the key that was asked for.
func checkCopierBypass(ctx context.Context, decorate func(core.Backend) core.Backend) error {
	for _, key := range decoratorKeys {
		s := new(spy)
		b := decorate(s)
		c, ok := core.As[core.Copier](b)
		e := core.Entry{Key: key, Kind: core.File}
		if !ok || !c.CanCopy(s, e) {
			continue
		}
		got, copyErr := c.CopyFrom(ctx, s, e, key, nil)
		_, putErr := b.Put(ctx, e, nil, nil)
		switch {
		case (copyErr == nil) != (putErr == nil):
			return fmt.Errorf("CopyFrom and Put of %q do not agree: %w", key, cmp.Or(copyErr, putErr))
		case copyErr == nil && got.Key != key:
			return fmt.Errorf("CopyFrom to %q returns the entry %q", key, got.Key)
		case copyErr == nil && len(s.copied) == 1 && len(s.put) == 1 && describe(core.Entry{Key: s.copied[0]}) != s.put[0]:
			return fmt.Errorf("CopyFrom copies below to %s, and Put puts %s", s.copied[0], s.put[0])
		}
	}
	return nil
}
