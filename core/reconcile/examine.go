package reconcile

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/spool"
)

// examineAll reads and compares all listed pairs.
func (k *checker) examineAll(ctx context.Context, pairs *spool.Spool[Action]) error {
	k.progress.Phase = PhaseFiles
	err := k.examineEach(ctx, pairs)
	switch {
	case err != nil:
		return err
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	return k.stopped()
}

// examineEach examines so many at once, and waits for the last.
func (k *checker) examineEach(ctx context.Context, pairs *spool.Spool[Action]) error {
	jobs := k.in.Jobs
	if jobs <= 0 {
		jobs = DefaultJobs
	}
	workers := newWorkers(jobs)
	defer workers.wait()
	for act, err := range pairs.All() {
		if err != nil {
			return err
		}
		if k.stopped() != nil || ctx.Err() != nil {
			return nil
		}
		workers.run(func() { k.record(ctx, k.examine(ctx, act)) })
	}
	return nil
}

func (k *checker) stopped() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.fatal
}

// verdict is all that was found out about one key.
type verdict struct {
	key      string
	src, dst *core.Entry
	found    []Found
}

func (v *verdict) add(what core.Finding, side Side, err error) {
	v.found = append(v.found, Found{Key: v.key, What: what, Side: side, Err: err})
}

// isLarge reports whether e is a file that is read while the other side's is.
func isLarge(e *core.Entry) bool { return e != nil && e.Kind == core.File && e.Size > core.SmallFile }

// examine reads both sides of one key and compares them.
func (k *checker) examine(ctx context.Context, act Action) *verdict {
	v := &verdict{key: act.Key}
	if act.Op == OpFail {
		side := SideSource
		if act.Dst != nil {
			side = SideDestination
		}
		v.add(core.FindingError, side, act.Err)
		return v
	}
	var okSrc, okDst bool
	var srcFlaws, dstFlaws []core.Flaw
	dst := &verdict{key: act.Key}
	readDst := func() { v.dst, dstFlaws, okDst = k.readSide(ctx, dst, SideDestination, act.Dst) }
	var wg sync.WaitGroup
	if isLarge(act.Src) && isLarge(act.Dst) {
		wg.Go(readDst)
		readDst = func() {}
	}
	v.src, srcFlaws, okSrc = k.readSide(ctx, v, SideSource, act.Src)
	readDst()
	wg.Wait()
	v.found = append(v.found, dst.found...)
	if okSrc && okDst {
		k.compare(v)
	}
	k.addFlaws(ctx, v, SideSource, srcFlaws)
	k.addFlaws(ctx, v, SideDestination, dstFlaws)
	return v
}

// readSide reads the entry of one side, and adds an error to v.
func (k *checker) readSide(ctx context.Context, v *verdict, side Side, listed *core.Entry) (_ *core.Entry, flaws []core.Flaw, ok bool) {
	if listed == nil || listed.Kind == core.Other {
		return listed, nil, true
	}
	tree, auditor := k.in.Src, k.in.SrcAuditor
	if side == SideDestination {
		tree, auditor = k.in.Dst, k.in.DstAuditor
	}
	e, claimed, err := k.read(core.WithSizeHint(ctx, listed.Size), tree, v.key)
	switch {
	case err != nil:
	case auditor != nil && e.Kind != core.Other:
		flaws, err = auditor.Audit(ctx, *e)
	case claimed.Known() && claimed != e.MD5:
		flaws = []core.Flaw{{What: core.FindingMD5, Err: fmt.Errorf("md5 %s is stored, and the content has %s", claimed, e.MD5)}}
	}
	if err != nil {
		v.add(core.FindingError, side, err)
		return nil, nil, false
	}
	return e, flaws, true
}

// read reads an entry, with retries after transient errors. Its MD5 is that of the
// content; claimed is the one that the store stated.
func (k *checker) read(ctx context.Context, t core.Tree, key string) (e *core.Entry, claimed core.MD5, err error) {
	for try := 1; ; try++ {
		e, claimed, err = k.readOnce(ctx, t, key)
		if !core.IsTransient(err) || try == transferTries || !pause(ctx, try) {
			return e, claimed, err
		}
	}
}

func (k *checker) readOnce(ctx context.Context, t core.Tree, key string) (*core.Entry, core.MD5, error) {
	body, e, err := t.Open(ctx, key)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, core.MD5{}, fmt.Errorf("%w: it is gone", core.ErrChanged)
	case err != nil:
		return nil, core.MD5{}, err
	}
	e.Partial, e.MaybeLink = false, false
	claimed := e.MD5
	if body == nil {
		return &e, claimed, nil
	}
	defer body.Close()
	seen, err := hashBody(ctx, &tracker{ctx: ctx, body: body, moved: k.addBytes}, e.Size, nil)
	e.MD5 = seen.MD5
	return &e, claimed, err
}

// compare compares the entries of the two sides.
func (k *checker) compare(v *verdict) {
	src, dst := v.src, v.dst
	switch {
	case k.in.Dst == nil:
		if src != nil && src.Kind == core.Other {
			v.add(core.FindingUncarriable, SideSource, src.Problem)
		}
	case src == nil && dst == nil:
	case src == nil:
		v.oneSide(core.FindingOnlyDestination, SideDestination, dst, k.in.Src)
	case dst == nil:
		v.oneSide(core.FindingOnlySource, SideSource, src, k.in.Dst)
	case src.Kind == core.Other && dst.Kind == core.Other:
		v.add(core.FindingUncarriable, SideSource, src.Problem)
	case src.Kind != dst.Kind:
		v.add(core.FindingKind, SideSource, fmt.Errorf("the source has %s, and the destination %s", describe(src), describe(dst)))
	case src.Kind == core.File && (src.Size != dst.Size || src.MD5 != dst.MD5):
		v.add(core.FindingContent, SideSource, fmt.Errorf("the source has %s, and the destination %s", describe(src), describe(dst)))
	case src.Kind == core.Link && !src.Target.Same(dst.Target), k.wrongSlash(src, dst):
		v.add(core.FindingTarget, SideSource, fmt.Errorf("the source has %s, and the destination %s", describe(src), describe(dst)))
	}
}

// wrongSlash: both lead to the same key, and the destination, which could tell,
// is wrong about whether that is a directory.
func (k *checker) wrongSlash(src, dst *core.Entry) bool {
	return src.Kind == core.Link && k.in.Dst.Features().DirTargets && src.Target.Dir != core.DirUnknown && src.Target.Dir != dst.Target.Dir
}

// oneSide adds e as missing on the other side, unless that side cannot hold such an
// entry.
func (v *verdict) oneSide(what core.Finding, side Side, e *core.Entry, other core.Tree) {
	if e.Kind == core.Other {
		v.add(core.FindingUncarriable, side, e.Problem)
		return
	}
	if err := core.CheckPut(other, *e); err != nil {
		v.add(core.FindingUncarriable, side, err)
		return
	}
	v.add(what, side, nil)
}

// describe returns an entry's kind, and its content or target, for a message.
func describe(e *core.Entry) string {
	switch e.Kind {
	case core.File:
		return fmt.Sprintf("a file of %d bytes, md5 %s", e.Size, e.MD5)
	case core.Link:
		return "a link to " + core.DisplayKey(e.Target.String())
	}
	return fmt.Sprintf("an entry that cannot be copied (%v)", e.Problem)
}
