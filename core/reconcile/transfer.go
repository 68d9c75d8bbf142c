package reconcile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"time"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/sleep"
)

// A mover carries single entries from one tree to another. It is safe for
// concurrent use.
type mover struct {
	src     core.Tree
	dst     core.Backend
	asker   *asker // decides again where src has changed
	buffers *core.Buffers
	exact   bool      // see Reconciler.Exact
	moved   func(int) // is told of bytes as they move
	hashing hashTurns // of this machine's large files
	found   foundEntries
	// run knows the headers that a put keeps of the file that it replaces; nil: none.
	run *Reconciler
}

// transferTries is how often a transfer is begun whose errors are transient.
const transferTries = 4

// pause waits before another try; false means that ctx ended.
func pause(ctx context.Context, try int) bool {
	wait := 50 * time.Millisecond << try
	return sleep.For(ctx, wait/2+rand.N(wait)) == nil //nolint:gosec // Jitter.
}

// putFile carries out the put of a file and returns its outcome. If that is a Put
// of a Link, the source's entry is a link, and not put yet.
func (t *mover) putFile(ctx context.Context, act Action) Action {
	if out, ok := t.copyFile(ctx, act); ok {
		return out
	}
	return t.transfer(ctx, act, t.dstSink(act))
}

// sink is where a transfer's content goes; it returns the entry as stored.
type sink func(ctx context.Context, e core.Entry, body io.Reader) (core.Entry, error)

func (t *mover) dstSink(act Action) sink {
	return func(ctx context.Context, e core.Entry, body io.Reader) (core.Entry, error) {
		kept, err := t.keptHeaders(ctx, act)
		if err != nil {
			return e, err
		}
		e.Headers = e.Headers.Over(kept)
		return t.dst.Put(ctx, e, body, act.Dst)
	}
}

// transfer moves a file's content from the source to the sink. It is retried whole,
// with the source reopened, where the error is transient. If the source's entry is
// not the planned one, it is decided about again, once, and never deleted.
func (t *mover) transfer(ctx context.Context, act Action, to sink) Action {
	planned := act
	for try, again := 1, false; ; try++ {
		out, err := t.tryTransfer(ctx, act, to)
		switch {
		case err == nil:
			return out
		case errors.Is(err, errSourceChanged) && !again && !t.exact:
			again = true
			if act = t.redecide(ctx, planned); act.Op == OpHeaders {
				act.Op = OpPut // the content is at hand
			}
			if act.Op != OpPut || act.Src.Kind != core.File {
				return act
			}
		case errors.Is(err, errSourceChanged):
			return failure(planned, ReasonChanged, t.changedSource(err))
		case core.IsTransient(err) && try < transferTries && pause(ctx, try):
		default:
			return t.putError(ctx, act, err)
		}
	}
}

// errSourceChanged marks that the source has another entry than planned, or changed
// while it was read.
var errSourceChanged = errors.New("the source changed while it was copied")

// changedSource says since when the source is another: in an exact run the plan
// may be of yesterday.
func (t *mover) changedSource(err error) error {
	if t.exact {
		return fmt.Errorf("%w: the source has another entry than planned", core.ErrChanged)
	}
	return err
}

// redecide looks at the source again and decides about it as it is now.
func (t *mover) redecide(ctx context.Context, act Action) Action {
	src, err := completeSource(ctx, t.src, act.Key)
	switch {
	case err != nil:
		return failure(act, ReasonRead, err)
	case src == nil:
		return failure(act, ReasonChanged, fmt.Errorf("%w: it is gone", core.ErrChanged))
	}
	out := t.asker.decideAsking(ctx, act.Key, src, act.Dst)
	out.Page, out.Group, out.Obstacle = act.Page, act.Group, act.Obstacle
	return out
}

// putError returns the outcome of a transfer that failed for good.
func (t *mover) putError(ctx context.Context, act Action, err error) Action {
	var read *readError
	switch {
	case errors.Is(err, core.ErrUnsupportedLink), errors.Is(err, core.ErrUnsupportedKey):
		act.Op, act.Reason, act.Err = OpRefuse, ReasonUnsupported, err
		return act
	case errors.As(err, &read):
		return failure(act, ReasonRead, read.err)
	case errors.Is(err, core.ErrChanged):
		return t.changedUnder(ctx, act, err)
	case errors.Is(err, core.ErrConflict):
		act.Op, act.Reason, act.Err = OpConflict, ReasonInTheWay, err
		return act
	}
	return failure(act, ReasonWrite, err)
}

// changedUnder returns the outcome where the destination's entry changed since the
// plan. If it is the wanted one by now, somebody else did the work; else it stays.
func (t *mover) changedUnder(ctx context.Context, act Action, err error) Action {
	now, statErr := complete(ctx, t.dst, act.Key)
	if statErr == nil && now != nil {
		t.found.add(act, now)
		if again := t.asker.decideAsking(ctx, act.Key, act.Src, now); again.Op == OpKeep {
			return again
		}
	}
	return failure(act, ReasonChanged, err)
}

// tryTransfer opens the source, checks that it is the planned entry, and sends it.
func (t *mover) tryTransfer(ctx context.Context, act Action, to sink) (Action, error) {
	body, got, err := t.src.Open(core.WithSizeHint(ctx, act.Src.Size), act.Key)
	if errors.Is(err, fs.ErrNotExist) {
		return failure(act, ReasonChanged, fmt.Errorf("%w: it is gone", core.ErrChanged)), nil
	} else if err != nil {
		return act, &readError{err}
	}
	if body == nil {
		return t.notFile(ctx, act, got), nil
	}
	if t.exact && act.Src.HeaderMark != "" && act.Src.HeaderMark != got.HeaderMark {
		_ = body.Close()
		return failure(act, ReasonChanged, errRulesChanged), nil
	}
	if !sameVersion(act.Src, &got) {
		_ = body.Close()
		return act, errSourceChanged
	}
	got.Partial, got.MaybeLink = false, false
	if !got.MD5.Known() {
		got.MD5 = act.Src.MD5 // of the same version, hashed while planning
	}
	src := got
	act.Src = &src
	stored, err := t.send(ctx, got, body, to, &act.Compared)
	unchanged := body.Close() == nil
	if err != nil {
		return act, sourceError(err)
	}
	if stored.MD5.Known() {
		act.Src.MD5 = stored.MD5
	}
	if act.Src.Parts = stored.Parts; unchanged {
		remember(t.asker.srcMemory, act.Src)
	}
	act.Bytes = got.Size
	return act, nil
}

// send sends the content of e. It adds the bytes that are read only for an md5 to
// compared.
func (t *mover) send(ctx context.Context, e core.Entry, body io.Reader, to sink, compared *int64) (core.Entry, error) {
	if e.Size <= core.SmallFile {
		buf, err := t.buffers.Get(ctx, int(e.Size)+1)
		if err != nil {
			return core.Entry{}, err
		}
		defer t.buffers.Put(buf)
		return t.sendFrom(ctx, buf, e, body, to)
	}
	if e.MD5.Known() || !t.dst.Features().NeedsMD5 {
		return t.sendLarge(ctx, e, body, to, partSums{})
	}
	if sentWhole(t.dst, e.Size) {
		if buf := t.buffers.GetAhead(int(e.Size) + 1); buf != nil {
			defer t.buffers.PutAhead(buf)
			return t.sendFrom(ctx, buf, e, body, to)
		}
	}
	again, sums, err := t.hashFirst(ctx, &e, body)
	if err != nil {
		return core.Entry{}, err
	}
	defer again.Close()
	*compared += e.Size
	return t.sendLarge(ctx, e, again, to, sums)
}

// sourceError says that err is of a source that changed, if it is.
func sourceError(err error) error {
	var read *readError
	if errors.As(err, &read) && errors.Is(read.err, core.ErrChanged) {
		return fmt.Errorf("%w (%w)", errSourceChanged, read.err)
	}
	return err
}

// sameVersion reports whether the opened entry is the planned one, as far as their
// tokens tell.
func sameVersion(planned, got *core.Entry) bool {
	return planned.Kind == got.Kind && planned.Size == got.Size && sameToken(planned, got)
}

func sameToken(planned, got *core.Entry) bool {
	return planned.Token == "" || got.Token == "" || planned.Token == got.Token
}

// notFile decides about an entry that was listed as a file, and is a link or cannot
// be copied.
func (t *mover) notFile(ctx context.Context, act Action, got core.Entry) Action {
	got.Partial, got.MaybeLink = false, false
	if t.exact && (got.Kind != core.Link || !sameToken(act.Src, &got)) {
		return failure(act, ReasonChanged, t.changedSource(errSourceChanged))
	}
	out := t.asker.decideAsking(ctx, act.Key, &got, act.Dst)
	if t.exact && out.Op == OpPut {
		out.Dst = act.Dst // the plan's condition, also where the decision asked once more
	}
	out.Page, out.Group, out.Obstacle = act.Page, act.Group, act.Obstacle
	return out
}
