package reconcile

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/s3fc/s3fc/core"
)

// asker finds the facts that decisions wait for.
type asker struct {
	src, dst        core.Tree
	srcProver       core.Prover
	dstProver       core.Prover
	srcFingerprints core.Fingerprinter
	dstFingerprints core.Fingerprinter
	srcMemory       core.Rememberer
	dstMemory       core.Rememberer
	rules           rules
}

func newAsker(src, dst core.Tree, r rules) *asker {
	a := &asker{src: src, dst: dst, rules: r}
	a.srcProver, _ = core.As[core.Prover](src)
	a.dstProver, _ = core.As[core.Prover](dst)
	a.srcFingerprints, _ = core.As[core.Fingerprinter](src)
	a.dstFingerprints, _ = core.As[core.Fingerprinter](dst)
	a.srcMemory, _ = core.As[core.Rememberer](src)
	a.dstMemory, _ = core.As[core.Rememberer](dst)
	return a
}

// facts is all that is known so far of one key under decision.
type facts struct {
	src, dst         *core.Entry
	srcHead, dstHead []byte // their content, if it was read and is short
	compared         int64  // bytes that were read
}

func (a *asker) newFacts(src, dst *core.Entry) facts {
	return facts{src: withoutMD5(src, dst, a.rules.src), dst: withoutMD5(dst, src, a.rules.dst)}
}

// withoutMD5 drops e's md5 when the other side may be a link: proving that needs
// the first bytes, and a local read is cheaper than a HEAD.
func withoutMD5(e, other *core.Entry, r sideRules) *core.Entry {
	if e == nil || other == nil || r.asks || !other.MaybeLink || e.Kind != core.File || !e.MD5.Known() ||
		e.Size != other.Size || e.Size > core.HeadSize {
		return e
	}
	without := *e
	without.MD5 = core.MD5{}
	return &without
}

// remember gives a tree the facts of its entry e for later listings.
func remember(m core.Rememberer, e *core.Entry) {
	if m != nil && e.Kind == core.File && (e.MD5.Known() || e.Parts.Count > 0) {
		m.Remember(*e)
	}
}

// decideAsking decides about one key and asks for facts until it can. It asks only
// if the fact changes the decision.
func (a *asker) decideAsking(ctx context.Context, key string, src, dst *core.Entry) Action {
	q := a.newFacts(src, dst)
	for {
		d := decide(q.src, q.dst, a.proven(&q), a.rules)
		if d.need == nothing {
			if d.op == OpDelete && a.rules.asksBeforeDelete() {
				return a.deleteIfAbsent(ctx, key, d, &q)
			}
			return a.action(key, d, &q)
		}
		if act, ended := a.fetch(ctx, key, d.need, &q); ended {
			return act
		}
	}
}

// decideNow decides without asking; ok is false if a fact is needed.
func (a *asker) decideNow(key string, src, dst *core.Entry) (act Action, ok bool) {
	q := a.newFacts(src, dst)
	d := decide(q.src, q.dst, a.proven(&q), a.rules)
	if d.need != nothing || d.op == OpDelete && a.rules.asksBeforeDelete() {
		return Action{}, false
	}
	return a.action(key, d, &q), true
}

// action completes a decision: it checks that the destination can hold a put's
// entry, and gives each refusal and conflict its error.
func (a *asker) action(key string, d decision, q *facts) Action {
	act := Action{Op: d.op, Key: key, Reason: d.reason, Src: q.src, Dst: q.dst, Compared: q.compared}
	switch {
	case d.op == OpPut:
		if err := core.CheckPut(a.dst, *q.src); err != nil {
			act.Op, act.Reason, act.Err = OpRefuse, ReasonUnsupported, err
		}
	case d.op == OpHeaders:
		if err := a.checkHeaders(q.dst); err != nil {
			act.Op, act.Reason, act.Err = OpRefuse, ReasonUnsupported, err
		}
	case d.op == OpKeep:
		a.seenHeaders(q)
	case d.reason == ReasonUncarriable && q.src != nil:
		act.Err = q.src.Problem
	case d.reason == ReasonUncarriable, d.reason == ReasonInTheWay:
		act.Err = problemAtDestination(q.dst)
	case d.reason == ReasonUnholdable:
		act.Err = a.unholdable(q.dst)
	}
	if act.Op == OpConflict {
		act.Err = fmt.Errorf("%w: %w", core.ErrConflict, act.Err)
	}
	return act
}

// unholdable says why dst stays at the destination.
func (a *asker) unholdable(dst *core.Entry) error {
	if dst.Kind == core.Link && dst.Target.URL != "" {
		return fmt.Errorf("%w: the source cannot hold the link to %s that is at the destination; it stays", core.ErrUnsupportedLink, dst.Target)
	}
	return fmt.Errorf("the source cannot hold the %s that is at the destination; it stays: %w", dst.Kind, a.rules.src.check(*dst))
}

func problemAtDestination(dst *core.Entry) error {
	if dst.Problem == nil {
		return errors.New("the destination has an entry here that s3fc cannot copy")
	}
	return fmt.Errorf("the destination's entry cannot be copied: %w", dst.Problem)
}

// fetch gets one fact. ended says that the answer ends the facts with act.
func (a *asker) fetch(ctx context.Context, key string, n need, q *facts) (act Action, ended bool) {
	var err error
	switch n {
	case statSrc:
		q.src, err = completeSource(ctx, a.src, key)
		if err == nil && q.src == nil {
			err = fmt.Errorf("%w: it is gone", core.ErrChanged)
		}
	case statDst:
		q.dst, err = complete(ctx, a.dst, key)
	case headersDst:
		if q.dst, err = complete(ctx, a.dst, key); err == nil && q.dst != nil && q.dst.Headers == nil {
			q.dst.Headers = new(core.Headers)
		}
	case hashSrc:
		part := comparedPart(q.src, q.dst, a.dstProver, a.rules.dst.asks)
		q.src, q.srcHead, err = hashEntry(ctx, a.src, q.src, a.dstProver, q.dst, a.srcMemory, part)
		q.countRead(q.src, err)
	case hashDst:
		var dst *core.Entry
		part := comparedPart(q.dst, q.src, a.srcProver, a.rules.src.asks)
		dst, q.dstHead, err = hashEntry(ctx, a.dst, q.dst, a.srcProver, q.src, a.dstMemory, part)
		q.countRead(dst, err)
		if err == nil {
			q.dst = dst
		} else if ctx.Err() == nil && !core.IsFinal(err) {
			return a.action(key, does(OpPut, ReasonUnproven), q), true // unreadable here is no reason not to replace it
		}
	}
	if err != nil {
		reason := ReasonAsk
		if n == hashSrc {
			reason = ReasonRead
		}
		return Action{Op: OpFail, Key: key, Reason: reason, Src: q.src, Dst: q.dst, Err: err}, true
	}
	return Action{}, false
}

// countRead counts the bytes of the entry e, which was read whole unless err.
func (q *facts) countRead(e *core.Entry, err error) {
	if err == nil && e.Kind == core.File {
		q.compared += e.Size
	}
}

// complete asks t for the entry at key; nil if there is none.
func complete(ctx context.Context, t core.Tree, key string) (*core.Entry, error) {
	e, err := t.Stat(ctx, key)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	}
	e.Partial, e.MaybeLink = false, false
	return &e, nil
}

// proven reports whether the token of one side proves the other's content, or the
// two tokens prove the same content. Of a link a token can prove more than the
// target: that its text is the one that a put would write.
func (a *asker) proven(q *facts) bool {
	if q.src == nil || q.dst == nil {
		return false
	}
	if a.sameFingerprints(q.src, q.dst) {
		return true
	}
	if a.dstProver != nil && provable(q.src, q.dst) && a.dstProver.Proves(*q.dst, evidence(q.src, q.srcHead, true)) {
		return true
	}
	return a.srcProver != nil && provable(q.dst, q.src) && !a.slashDiffers(q) &&
		a.srcProver.Proves(*q.src, evidence(q.dst, q.dstHead, a.rules.dst.dirTargets))
}

// sameFingerprints reports whether two entries that are listed as files have the same
// fingerprint, and so are files of the same content or links to the same target.
func (a *asker) sameFingerprints(src, dst *core.Entry) bool {
	if a.srcFingerprints == nil || a.dstFingerprints == nil || src.Kind != core.File || dst.Kind != core.File ||
		src.Size != dst.Size {
		return false
	}
	fingerprint := a.srcFingerprints.Fingerprint(*src)
	return fingerprint != "" && fingerprint == a.dstFingerprints.Fingerprint(*dst)
}

// slashDiffers reports whether both sides are links, and the destination's states
// another kind of target than the source knows.
func (a *asker) slashDiffers(q *facts) bool {
	return q.src.Kind == core.Link && q.dst.Kind == core.Link && a.rules.dst.dirTargets &&
		q.src.Target.Dir != core.DirUnknown && q.src.Target.Dir != q.dst.Target.Dir
}
