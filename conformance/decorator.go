package conformance

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/s3fc/s3fc/core"
)

// CheckDecorator checks that decorate leaves no way around itself: an ability that
// [core.As] finds on a decorated backend reaches the backend below only where, and
// as, the six methods do. It decorates a backend of its own that has every
// ability; the keys that it uses are plain names in one directory, as "d/f". A nil
// error means that nothing is wrong. See also [LostAbilities].
func CheckDecorator(ctx context.Context, decorate func(core.Backend) core.Backend) error {
	return errors.Join(
		checkBatchBypass(ctx, decorate),
		checkCheckerBypass(ctx, decorate),
		checkProverBypass(ctx, decorate),
		checkFinisherBypass(ctx, decorate),
		checkRemembererBypass(ctx, decorate),
		checkCopierBypass(ctx, decorate),
		checkHeadersBypass(ctx, decorate),
	)
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
		return fmt.Errorf("DeleteBatch of %d entries returned %d errors; want one an entry", len(olds), len(got))
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

// decoratorLink is a link whose key and target a decorator may rename.
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
		return fmt.Errorf("CheckPut refuses an entry that Put stores: %w", checkErr)
	case checkErr == nil && sameRefusal(putErr, putErr):
		return fmt.Errorf("CheckPut accepts an entry that Put refuses: %w", putErr)
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

// checkFinisherBypass: where Put is refused, Finish must not reach the backend.
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

// checkRemembererBypass: Remember must be told of the entry that Put puts.
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

// checkCopierBypass: CopyFrom must copy to the key that Put would put at, or be
// refused as Put is, and must return the key that was asked for.
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

// checkHeadersBypass: SetHeaders must change the key that Put would put at, or be
// refused as Put is, and must return the key that was asked for.
func checkHeadersBypass(ctx context.Context, decorate func(core.Backend) core.Backend) error {
	for _, key := range decoratorKeys {
		s := new(spy)
		b := decorate(s)
		k, ok := core.As[core.HeaderKeeper](b)
		if !ok {
			continue
		}
		e := core.Entry{Key: key, Kind: core.File}
		got, setErr := k.SetHeaders(ctx, e, nil, nil)
		_, putErr := b.Put(ctx, e, nil, nil)
		switch {
		case errors.Is(setErr, errors.ErrUnsupported):
		case (setErr == nil) != (putErr == nil):
			return fmt.Errorf("SetHeaders and Put of %q do not agree: %w", key, cmp.Or(setErr, putErr))
		case setErr == nil && got.Key != key:
			return fmt.Errorf("SetHeaders of %q returns the entry %q", key, got.Key)
		case setErr == nil && len(s.headed) == 1 && len(s.put) == 1 && describe(core.Entry{Key: s.headed[0]}) != s.put[0]:
			return fmt.Errorf("SetHeaders changes below %s, and Put puts %s", s.headed[0], s.put[0])
		}
	}
	return nil
}
