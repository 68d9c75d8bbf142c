package reconcile

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/wrap"
	"github.com/s3fc/s3fc/internal/spool"
)

// A Comparison compares two trees by content: it reads every file on both sides and
// asks for every link, and trusts no listing, no proof, no cache and no metadata.
// Without Dst, it compares each entry of Src with the metadata that its store has
// of it. Its fields are set before use; the zero value of each but Src is a good
// default.
type Comparison struct {
	Src, Dst core.Tree
	// SrcAuditor and DstAuditor check the metadata stored beside the content; nil
	// for none.
	SrcAuditor, DstAuditor core.Auditor
	// Repair repairs metadata where that needs no content: in Dst, or in Src
	// without a Dst.
	Repair bool
	// Keeps reports equal entries, too.
	Keeps bool

	// Jobs is how many entries are read at once; 0 means [DefaultJobs].
	Jobs int
	// TempDir is where a list of keys goes that is too large for memory; empty
	// means [os.TempDir].
	TempDir string
	// Notice and Progress are as those of a [Reconciler].
	Notice   func(string)
	Progress func(Progress)
}

// Found is a check's finding about one key.
type Found struct {
	Key  string
	What core.Finding
	// Side is whose entry a flaw is of, where it is of one.
	Side Side
	// Src and Dst are the two entries as they were read, nil for nothing. The
	// MD5 of a File is that of its content.
	Src, Dst *core.Entry
	// Err is the difference or failure, in words for a person.
	Err error
	// Repaired says that it was put right.
	Repaired bool
}

// Event returns the finding as one line of JSON, without a newline.
func (f Found) Event() []byte {
	ev := struct {
		Event  string       `json:"event"`
		Key    string       `json:"key"`
		Bytes  string       `json:"key_bytes,omitempty"`
		Reason core.Finding `json:"reason"`
		Side   string       `json:"side,omitempty"`
		Error  string       `json:"error,omitempty"`
		Src    *core.Entry  `json:"src,omitempty"`
		Dst    *core.Entry  `json:"dst,omitempty"`
	}{Event: f.Name(), Key: f.Key, Bytes: core.EncodeKey(f.Key), Reason: f.What, Src: f.Src, Dst: f.Dst}
	if f.ofOneSide() {
		ev.Side = f.Side.String()
	}
	if f.Err != nil {
		ev.Error = f.Err.Error()
	}
	b, err := json.Marshal(ev)
	if err != nil {
		panic(fmt.Sprintf("core: an event cannot be encoded: %v", err)) // strings and numbers only
	}
	return b
}

var severityNames = [...]string{core.SeverityFine: "same", core.SeverityRemark: "remark", core.SeverityDiffers: "differ", core.SeverityFailed: "error"}

// Name is the finding's name in events: same, remark, differ, error, or repair for
// a repaired one.
func (f Found) Name() string {
	if f.Repaired {
		return "repair"
	}
	return severityNames[f.What.Severity()]
}

// ofOneSide reports whether the finding is of one side's entry by itself.
func (f Found) ofOneSide() bool {
	switch f.What {
	case core.FindingSame, core.FindingOnlySource, core.FindingOnlyDestination, core.FindingContent, core.FindingTarget, core.FindingKind:
		return false
	}
	return true
}

// ComparisonCounts has the counts of a [Comparison]: each key counts once, as its worst
// finding.
type ComparisonCounts struct {
	Same, Remarks, Repaired, Differ, Errors int64
	Bytes                                   int64 // read
}

// Total is how many keys were checked.
func (c ComparisonCounts) Total() int64 { return c.Same + c.Remarks + c.Repaired + c.Differ + c.Errors }

// Run checks, and calls report, serially, with each finding. The error is not nil
// only if it could not check to the end.
func (c *Comparison) Run(ctx context.Context, report func(Found)) (ComparisonCounts, error) {
	k := &checker{in: c, report: report}
	pairs, err := k.list(ctx)
	if err != nil {
		return k.sum, err
	}
	defer pairs.Close() //nolint:errcheck // A temporary file that cannot be closed loses nothing.
	err = k.examineAll(ctx, pairs)
	return k.sum, err
}

// checker is one run of a Check.
type checker struct {
	in     *Comparison
	report func(Found)

	mu       sync.Mutex // guards all below, and report
	sum      ComparisonCounts
	progress Progress
	fatal    error
}

// list lists both trees before anything is read: an order that turns out to be
// wrong is set right before there is anything to take back.
func (k *checker) list(ctx context.Context) (*spool.Spool[Action], error) {
	r := &Reconciler{Src: k.in.Src, Dst: wrap.Empty(k.in.Src.Features()), TempDir: k.in.TempDir}
	if k.in.Dst != nil {
		r.Dst = wrap.ReadOnly(k.in.Dst)
	}
	for {
		pairs, err := k.listWith(ctx, r)
		var order *OrderError
		if !errors.As(err, &order) || !r.sortSide(order.Side) {
			return pairs, err
		}
		if k.in.Notice != nil {
			k.in.Notice(order.notice())
		}
	}
}

func (k *checker) listWith(ctx context.Context, r *Reconciler) (_ *spool.Spool[Action], err error) {
	pairs := spool.New[Action](k.in.TempDir, spoolBound)
	defer func() {
		if err != nil {
			_ = pairs.Close() // it is not used
		}
	}()
	k.progress = Progress{}
	var unread unreadKeys
	for pair, err := range r.join(ctx, false) {
		if err != nil {
			return nil, err
		}
		act := Action{Key: pair.Key, Src: pair.Src, Dst: pair.Dst}
		switch {
		case pair.Err != nil:
			act = unlisted(pair)
			unread.add(pair)
		case excluded(pair.Src), excluded(pair.Dst), unread.include(pair):
			continue
		}
		k.expectRead(act)
		if err := pairs.Add(act.clone()); err != nil {
			return nil, err
		}
	}
	return pairs, ctx.Err()
}

// unreadKeys are the keys at which the listing of a side failed. Nothing is known of
// them on that side, nor of the keys below them.
type unreadKeys map[unreadKey]struct{}

type unreadKey struct {
	side Side
	key  string
}

func (u *unreadKeys) add(p Pair) {
	if *u == nil {
		*u = make(unreadKeys)
	}
	(*u)[unreadKey{p.Side, p.Key}] = struct{}{}
}

// include reports whether the key of p seems to be on one side only because the
// listing of the other one failed there. The error of that listing stands for it.
func (u unreadKeys) include(p Pair) bool {
	if len(u) == 0 || p.Src != nil && p.Dst != nil {
		return false
	}
	side := SideSource
	if p.Src != nil {
		side = SideDestination
	}
	for key := p.Key; ; {
		if _, ok := u[unreadKey{side, key}]; ok {
			return true
		}
		i := strings.LastIndexByte(key, '/')
		if i < 0 {
			return false
		}
		key = key[:i]
	}
}

// unlisted is a key that a listing failed at; whose it was shows in which side
// is not nil.
func unlisted(p Pair) Action {
	act := Action{Op: OpFail, Key: p.Key, Err: p.Err}
	if nobody := (&core.Entry{Key: p.Key}); p.Side == SideSource {
		act.Src = nobody
	} else {
		act.Dst = nobody
	}
	return act
}

// expectRead adds the entries of act to the work that progress expects.
func (k *checker) expectRead(act Action) {
	k.progress.Total++
	for _, e := range []*core.Entry{act.Src, act.Dst} {
		if e != nil && e.Kind == core.File {
			k.progress.TotalBytes += e.Size
		}
	}
	if k.progress.Listed++; k.progress.Listed%1024 == 0 && k.in.Progress != nil {
		k.in.Progress(Progress{Phase: PhaseListing, Listed: k.progress.Listed})
	}
}

func excluded(e *core.Entry) bool {
	return e != nil && e.Kind == core.Other && errors.Is(e.Problem, core.ErrExcluded)
}
