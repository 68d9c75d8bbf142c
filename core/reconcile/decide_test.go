package reconcile

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/s3fc/s3fc/backends/memory"
	"github.com/s3fc/s3fc/core"
)

// named fixtures for one key. Files of one size differ in content by their
// letter; P is partial, M may be a link, U has no md5 that anyone could ask for.
var (
	md5A, md5B = core.SumMD5([]byte("a")), core.SumMD5([]byte("b"))

	fA   = &core.Entry{Key: "k", Kind: core.File, Size: 9, MD5: md5A}
	fB   = &core.Entry{Key: "k", Kind: core.File, Size: 9, MD5: md5B}
	fBig = &core.Entry{Key: "k", Kind: core.File, Size: 99, MD5: md5B}
	fU   = &core.Entry{Key: "k", Kind: core.File, Size: 9}
	fT   = &core.Entry{Key: "k", Kind: core.File, Size: 9, ModTime: time.Unix(1, 5e8), Partial: true}
	fT1  = &core.Entry{Key: "k", Kind: core.File, Size: 9, ModTime: time.Unix(1, 0)}
	fT2  = &core.Entry{Key: "k", Kind: core.File, Size: 9, ModTime: time.Unix(2, 0)}
	fTA  = &core.Entry{Key: "k", Kind: core.File, Size: 9, ModTime: time.Unix(1, 0), MD5: md5A}
	fTB  = &core.Entry{Key: "k", Kind: core.File, Size: 9, ModTime: time.Unix(1, 0), MD5: md5B}
	fTM  = &core.Entry{Key: "k", Kind: core.File, Size: 9, ModTime: time.Unix(1, 0), Partial: true, MaybeLink: true}
	fP   = &core.Entry{Key: "k", Kind: core.File, Size: 9, Partial: true}
	fPM  = &core.Entry{Key: "k", Kind: core.File, Size: 9, Partial: true, MaybeLink: true}
	lX   = &core.Entry{Key: "k", Kind: core.Link, Target: core.Target{Key: "x"}}
	lXd  = &core.Entry{Key: "k", Kind: core.Link, Target: core.Target{Key: "x", Dir: core.IsDir}}
	lXn  = &core.Entry{Key: "k", Kind: core.Link, Target: core.Target{Key: "x", Dir: core.NotDir}}
	lY   = &core.Entry{Key: "k", Kind: core.Link, Target: core.Target{Key: "y"}}
	lURL = &core.Entry{Key: "k", Kind: core.Link, Target: core.Target{URL: "https://x.org/"}}
	fSeg = &core.Entry{Key: strings.Repeat("s", 300), Kind: core.File, Size: 9, MD5: md5A}
	pSeg = &core.Entry{Key: strings.Repeat("s", 300), Kind: core.File, Size: 9, Partial: true, MaybeLink: true}
	lFar = &core.Entry{Key: "k", Kind: core.Link, Target: core.Target{Key: strings.Repeat("t/", 2500) + "t"}}
	oO   = &core.Entry{Key: "k", Problem: errors.New("a fifo")}
	oEx  = &core.Entry{Key: "k", Problem: core.ErrExcluded}

	fixtures = map[string]*core.Entry{
		"-": nil, "fA": fA, "fB": fB, "fBig": fBig, "fU": fU, "fT": fT, "fT1": fT1, "fT2": fT2, "fTA": fTA, "fTB": fTB, "fTM": fTM, "fP": fP, "fPM": fPM,
		"lX": lX, "lXd": lXd, "lXn": lXn, "lY": lY, "lURL": lURL, "fSeg": fSeg, "pSeg": pSeg, "lFar": lFar, "oO": oO, "oEx": oEx,
	}

	store = sideRules{asks: true, dirTargets: true, check: core.Features{Links: true, URLLinks: true}.CheckPut} // as S3
	dir   = sideRules{check: core.Features{Links: true, MaxSegment: 255, MaxTarget: 4000}.CheckPut}             // as a local directory
)

func TestDecide(t *testing.T) {
	push, pull := rules{src: dir, dst: store}, rules{src: store, dst: dir}
	never, all, resolve, head, quick := push, push, pull, push, push
	never.del, all.del, resolve.resolve = DeleteNever, DeleteAll, true
	head.detect, quick.detect = DetectHead, DetectSizeTime
	for _, c := range []struct {
		src, dst string
		proven   bool
		r        rules
		want     decision
	}{
		// Only one side.
		{"fA", "-", false, push, does(OpPut, ReasonNew)},
		{"fPM", "-", false, pull, does(OpPut, ReasonNew)},
		{"fPM", "-", false, resolve, ask(statSrc)},
		{"oO", "-", false, push, does(OpRefuse, ReasonUncarriable)},
		{"oEx", "-", false, push, does(OpKeep, ReasonProtected)},
		{"-", "fA", false, push, does(OpDelete, ReasonExtraneous)},
		{"-", "fP", false, push, does(OpDelete, ReasonExtraneous)},
		{"-", "fPM", false, push, ask(statDst)},
		{"-", "fPM", false, all, ask(statDst)},
		{"-", "fPM", false, never, does(OpKeep, ReasonDeletesOff)},
		{"-", "lX", false, push, does(OpDelete, ReasonExtraneous)},
		{"-", "lURL", false, push, does(OpRefuse, ReasonUnholdable)},
		{"-", "lURL", false, all, does(OpDelete, ReasonExtraneous)},
		{"-", "lURL", false, rules{src: store, dst: store}, does(OpDelete, ReasonExtraneous)},
		{"-", "fSeg", false, push, does(OpRefuse, ReasonUnholdable)},
		{"-", "pSeg", false, push, does(OpRefuse, ReasonUnholdable)}, // whatever it is: nobody is asked
		{"-", "fSeg", false, never, does(OpKeep, ReasonDeletesOff)},
		{"-", "fSeg", false, all, does(OpDelete, ReasonExtraneous)},
		{"-", "fSeg", false, pull, does(OpDelete, ReasonExtraneous)},
		{"-", "lFar", false, push, does(OpRefuse, ReasonUnholdable)},
		{"lX", "lFar", false, push, does(OpConflict, ReasonUnholdable)},
		{"-", "oO", false, all, does(OpRefuse, ReasonUncarriable)},
		{"-", "oEx", false, all, does(OpKeep, ReasonProtected)},

		// Something uncarriable on one side.
		{"oO", "fA", false, all, does(OpRefuse, ReasonUncarriable)},
		{"oEx", "fA", false, all, does(OpKeep, ReasonProtected)},
		{"fA", "oO", false, all, does(OpConflict, ReasonInTheWay)},
		{"lX", "oO", false, pull, does(OpConflict, ReasonInTheWay)},
		{"lX", "oO", true, pull, does(OpKeep, ReasonProven)}, // a link that the directory has and cannot carry on
		{"fPM", "oO", false, pull, ask(statSrc)},
		{"fPM", "oEx", false, pull, does(OpConflict, ReasonInTheWay)},

		// Two files.
		{"fA", "fA", false, push, does(OpKeep, ReasonSame)},
		{"fA", "fB", false, push, does(OpPut, ReasonMD5)},
		{"fA", "fBig", false, push, does(OpPut, ReasonSize)},
		{"fP", "fP", false, push, ask(hashSrc)},
		{"fA", "fP", false, push, ask(statDst)},
		{"fA", "fP", true, push, does(OpKeep, ReasonProven)},
		{"fA", "fU", false, push, does(OpPut, ReasonUnproven)},
		{"fBig", "fPM", false, push, ask(statDst)}, // it may be a link that the source could not hold
		{"fP", "fP", false, pull, ask(hashDst)},
		{"fP", "fA", false, pull, ask(statSrc)},
		{"fPM", "fA", false, pull, ask(statSrc)},
		{"fPM", "fA", true, pull, does(OpKeep, ReasonProven)},
		{"fU", "fA", false, pull, does(OpPut, ReasonUnproven)},
		{"fPM", "fBig", false, pull, does(OpPut, ReasonSize)},
		{"fPM", "fBig", false, resolve, ask(statSrc)},

		// Two files, compared otherwise.
		{"fA", "fP", true, head, ask(statDst)},
		{"fA", "fA", true, head, does(OpKeep, ReasonProven)}, // it was asked
		{"fP", "fA", true, head, does(OpKeep, ReasonProven)}, // a directory tells no more than it listed
		{"lX", "fPM", true, head, ask(statDst)},
		{"fT", "fT1", false, quick, does(OpKeep, ReasonSizeTime)},
		{"fTA", "fT1", false, quick, does(OpKeep, ReasonSizeTime)},
		{"fT", "fT1", false, push, ask(hashSrc)},
		{"fT", "fT2", false, quick, ask(hashSrc)}, // another time is no difference
		{"fT", "fU", false, quick, ask(hashSrc)},
		{"fU", "fT1", false, quick, ask(hashSrc)},
		{"fT", "fTM", false, quick, ask(hashSrc)},
		{"fTA", "fTB", false, quick, does(OpPut, ReasonMD5)}, // a known md5 counts
		{"fBig", "fT1", false, quick, does(OpPut, ReasonSize)},

		// Two links.
		{"lX", "lX", false, push, does(OpKeep, ReasonSame)},
		{"lX", "lY", false, push, does(OpPut, ReasonTarget)},
		{"lXd", "lX", false, push, does(OpPut, ReasonTarget)}, // the final slash is corrected where the source knows,
		{"lXd", "lXn", false, push, does(OpPut, ReasonTarget)},
		{"lX", "lXd", false, push, does(OpKeep, ReasonSame)},  // left alone where it does not,
		{"lXd", "lXn", false, pull, does(OpKeep, ReasonSame)}, // and of no account where the destination has none
		{"lX", "lURL", false, push, does(OpConflict, ReasonUnholdable)},
		{"lX", "lURL", false, all, does(OpPut, ReasonTarget)},

		// A file here and a link there.
		{"fA", "lX", false, push, does(OpPut, ReasonKind)},
		{"fA", "lURL", false, push, does(OpConflict, ReasonUnholdable)},
		{"lX", "fA", false, push, does(OpPut, ReasonKind)},
		{"lX", "fP", false, push, does(OpPut, ReasonKind)},
		{"lX", "fPM", false, push, ask(statDst)},
		{"lX", "fPM", true, push, does(OpKeep, ReasonProven)},
		{"fPM", "lX", false, pull, ask(statSrc)},
		{"fPM", "lX", true, pull, does(OpKeep, ReasonProven)},
		{"fP", "lX", false, pull, does(OpPut, ReasonKind)},
	} {
		if got := decide(fixtures[c.src], fixtures[c.dst], c.proven, c.r); got != c.want {
			t.Errorf("decide(%s, %s, %v, %+v) = %+v, want %+v", c.src, c.dst, c.proven, c.r, got, c.want)
		}
	}
}

// everyRule is every combination of rules that decide tells apart. It does not ask
// the destination's check: an action is checked by that after the decision.
func everyRule(yield func(rules) bool) {
	for bits := range 1 << 8 {
		for _, del := range []DeleteMode{DeleteAfter, DeleteNever, DeleteAll} {
			for _, detect := range []Detect{DetectAuto, DetectHead, DetectSizeTime} {
				if !yield(rules{del: del, detect: detect, resolve: bits&1 != 0, src: sideOf(bits >> 1), dst: sideOf(bits >> 6)}) {
					return
				}
			}
		}
	}
}

// sideOf makes the rules of a side of five bits.
func sideOf(bits int) sideRules {
	var f core.Features
	f.Links, f.URLLinks = bits&4 != 0, bits&8 != 0
	if bits&16 != 0 {
		f.MaxSegment, f.MaxTarget = 255, 4000
	}
	return sideRules{asks: bits&1 != 0, dirTargets: bits&2 != 0, check: f.CheckPut}
}

func TestDecideHoldsItsPromisesForEveryPair(t *testing.T) {
	for s, src := range fixtures {
		for d, dst := range fixtures {
			if src == nil && dst == nil || src != nil && dst != nil && src.Key != dst.Key {
				continue
			}
			for r := range everyRule {
				if src != nil && dst != nil && src.Key != "k" && r.src.check(*fSeg) != nil {
					continue // no source has a key that it cannot hold
				}
				for _, proven := range []bool{false, true} {
					if proven && (src == nil || dst == nil) {
						continue
					}
					if err := promises(src, dst, proven, r); err != nil {
						t.Fatalf("decide(%s, %s, %v, %+v): %v", s, d, proven, r, err)
					}
				}
			}
		}
	}
}

// promises checks the guarantees of any decision, and that asking ends.
func promises(src, dst *core.Entry, proven bool, r rules) error {
	for range 6 {
		got := decide(src, dst, proven, r)
		var err error
		switch got.need {
		case nothing:
			return promisesOf(got, src, dst, r)
		case statSrc:
			src, err = answered(src, true)
		case statDst:
			dst, err = answered(dst, true)
		case hashSrc:
			src, err = answered(src, false)
		case hashDst:
			dst, err = answered(dst, false)
		}
		if err != nil {
			return fmt.Errorf("need %d: %w", got.need, err)
		}
	}
	return errors.New("it never stops asking")
}

// answered is e after a question; a question whose answer is known already is
// an error.
func answered(e *core.Entry, stat bool) (*core.Entry, error) {
	if e == nil {
		return nil, errors.New("asks about nothing")
	}
	a := *e
	if stat {
		if !a.Partial {
			return nil, errors.New("asks what is complete")
		}
		a.Partial, a.MaybeLink = false, false
		return &a, nil
	}
	if a.MD5.Known() {
		return nil, errors.New("hashes what is known")
	}
	a.MD5 = md5A
	return &a, nil
}

func promisesOf(d decision, src, dst *core.Entry, r rules) error {
	changes := d.op == OpPut || d.op == OpDelete
	switch {
	case changes && (src != nil && src.Kind == core.Other || dst != nil && dst.Kind == core.Other):
		return errors.New("an Other is touched")
	case d.op == OpDelete && src != nil:
		return errors.New("deletes what the source has")
	case d.op == OpDelete && r.del == DeleteNever:
		return errors.New("deletes though it may not")
	case d.op == OpPut && src == nil:
		return errors.New("puts nothing")
	case changes && dst != nil && r.del != DeleteAll && r.src.check(*dst) != nil:
		return errors.New("changes what the source could not hold")
	case d.op == OpDelete && d.reason != ReasonExtraneous, d.reason == ReasonUnholdable && (r.del == DeleteAll || r.src.check(*dst) == nil):
		return errors.New("the reason is wrong")
	case d.op == OpDelete && dst.MaybeLink:
		return errors.New("deletes without asking what it is")
	case changes && dst != nil && src != nil && src.Same(*dst) && (src.Kind == core.File || !r.dst.dirTargets || src.Target.Dir == dst.Target.Dir):
		return errors.New("changes what is the same")
	case d.op == OpKeep && d.reason == ReasonSizeTime && (r.detect != DetectSizeTime || src.Size != dst.Size || src.MD5 != dst.MD5 && src.MD5.Known() && dst.MD5.Known()):
		return errors.New("keeps by size and time what is known to differ, or without being told to")
	case d.op == OpKeep && d.reason == ReasonSame && !src.Same(*dst):
		return errors.New("keeps what is not the same")
	}
	return nil
}

func FuzzDecide(f *testing.F) {
	f.Add(uint8(1), int64(3), int64(3), true, uint8(2), uint16(7))
	f.Fuzz(func(t *testing.T, kinds uint8, srcSize, dstSize int64, proven bool, flags uint8, bits uint16) {
		make1 := func(kind, flags uint8, size int64) *core.Entry {
			e := &core.Entry{Key: "k", Kind: core.Kind(kind % 3), Size: size, Partial: flags&1 != 0}
			e.MaybeLink = e.Partial && e.Kind == core.File && flags&2 != 0
			if flags&4 != 0 {
				e.MD5 = md5A
			}
			if flags&8 != 0 {
				e.ModTime = time.Unix(1, 0)
			}
			e.Target = core.Target{Key: "x", Dir: core.Dir(flags >> 4 % 3)}
			if flags&128 != 0 {
				e.Key, e.Target = strings.Repeat("s", 300), core.Target{URL: "https://x.org/"}
			}
			return e
		}
		r := rules{del: DeleteMode(bits % 3), detect: Detect(bits >> 10 % 3), resolve: bits&4 != 0}
		r.src, r.dst = sideOf(int(bits>>3)), sideOf(int(bits>>8))
		src, dst := make1(kinds%3, flags, srcSize), make1(kinds/3%3, flags>>1, dstSize)
		switch {
		case kinds&64 != 0:
			src, proven = nil, false
		case kinds&128 != 0:
			dst, proven = nil, false
		}
		if src != nil && dst != nil {
			dst.Key = src.Key
			if src.Key != "k" && r.src.check(core.Entry{Key: src.Key, Kind: core.File}) != nil {
				return // no source has a key that it cannot hold
			}
		}
		if err := promises(src, dst, proven, r); err != nil {
			t.Fatalf("%+v %+v %v %+v: %v", src, dst, proven, r, err)
		}
	})
}

// vanishing lists an entry that may be a link, and that is gone when it is asked for.
type vanishing struct{ core.Backend }

func (vanishing) List(context.Context, string) iter.Seq2[core.Entry, error] {
	return func(yield func(core.Entry, error) bool) {
		yield(core.Entry{Key: "gone", Kind: core.File, MaybeLink: true, Partial: true}, nil)
	}
}

// TestAnEntryThatGoesBetweenListingAndQuestionNeedsNothing on either side: a
// destination's is gone already, and a source's is an error that blocks deletes.
func TestAnEntryThatGoesBetweenListingAndQuestionNeedsNothing(t *testing.T) {
	empty := memory.New()
	for _, del := range []DeleteMode{DeleteAfter, DeleteAll} {
		r := &Reconciler{Src: empty, Dst: vanishing{empty}, Delete: del, Resolve: true, AllowEmptySource: true}
		p, err := r.Prepare(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Totals(); got != (Totals{}) {
			t.Errorf("delete=%s: got %+v, want nothing to do", del, got)
		}
		_ = p.Close()
	}
	r := &Reconciler{Src: vanishing{empty}, Dst: empty, Resolve: true}
	p, err := r.Prepare(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if got := p.Totals(); got.Errors != 1 || got.Files != 0 {
		t.Errorf("gone from the source: got %+v, want an error", got)
	}
}
