package reconcile

import (
	"context"
	"errors"
	"fmt"

	"github.com/s3fc/s3fc/core"
)

// addFlaws adds the flaws of one side to v, and repairs them if asked to.
func (k *checker) addFlaws(ctx context.Context, v *verdict, side Side, flaws []core.Flaw) {
	if len(flaws) == 0 {
		return
	}
	repaired, err := k.repair(ctx, v, side, flaws)
	for _, f := range flaws {
		v.found = append(v.found, Found{Key: v.key, What: f.What, Side: side, Err: f.Err, Repaired: repaired && f.Repairable})
	}
	if err != nil {
		v.add(core.FindingError, side, fmt.Errorf("it cannot be repaired: %w", err))
	}
}

// repair puts the entry of one side right, if it is that side's turn.
func (k *checker) repair(ctx context.Context, v *verdict, side Side, flaws []core.Flaw) (done bool, err error) {
	e, auditor := v.src, k.in.SrcAuditor
	if side == SideDestination {
		e, auditor = v.dst, k.in.DstAuditor
	}
	if !k.in.Repair || auditor == nil || side == SideSource && k.in.Dst != nil || !anyRepairable(flaws) {
		return false, nil
	}
	want := *e
	if v.src != nil && want.ModTime.IsZero() && v.src.Same(want) {
		want.ModTime = v.src.ModTime
	}
	_, err = auditor.Repair(ctx, want)
	return err == nil, err
}

func anyRepairable(flaws []core.Flaw) bool {
	for _, f := range flaws {
		if f.Repairable {
			return true
		}
	}
	return false
}

// record counts and reports the findings about one key, unless the context ended
// meanwhile: they are incomplete then.
func (k *checker) record(ctx context.Context, v *verdict) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, f := range v.found {
		switch {
		case core.IsFinal(f.Err):
			k.fatal = f.Err
		case ctx.Err() != nil && errors.Is(f.Err, context.Canceled):
			return
		}
	}
	k.count(v.found)
	if len(v.found) == 0 && k.in.Keeps {
		v.add(core.FindingSame, SideSource, nil)
	}
	for _, f := range v.found {
		if f.Src, f.Dst = v.src, v.dst; k.report != nil {
			k.report(f)
		}
	}
	k.progress.Done++
	k.callProgress()
}

// count counts a key as the worst that was found there.
func (k *checker) count(found []Found) {
	worst, repaired := core.SeverityFine, false
	for _, f := range found {
		if f.Repaired {
			repaired = true
			continue
		}
		worst = max(worst, f.What.Severity())
	}
	switch {
	case worst == core.SeverityFailed:
		k.sum.Errors++
	case worst == core.SeverityDiffers:
		k.sum.Differ++
	case repaired:
		k.sum.Repaired++
	case worst == core.SeverityRemark:
		k.sum.Remarks++
	default:
		k.sum.Same++
	}
}

// addBytes counts bytes that were read.
func (k *checker) addBytes(n int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.sum.Bytes += int64(n)
	k.progress.DoneBytes += int64(n)
}

func (k *checker) callProgress() {
	if k.in.Progress != nil {
		k.in.Progress(k.progress)
	}
}
