package reconcile

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/s3fc/s3fc/core"
)

const (
	// transferTries is how often a transfer is begun whose errors are transient.
	transferTries = 4
)

// putFile carries out the put of a file and returns what came of it. A Put of
// a Link in return means that the source's entry is a link, and not put yet.
func (a *applier) putFile(ctx context.Context, act Action) Action {
	if out, ok := a.copyFile(ctx, act); ok {
		return out
	}
	return a.transfer(ctx, act, a.dstSink(act))
}

// sink is where a transfer's content goes; it returns the entry as stored.
type sink func(ctx context.Context, e core.Entry, body io.Reader) (core.Entry, error)

func (a *applier) dstSink(act Action) sink {
	return func(ctx context.Context, e core.Entry, body io.Reader) (core.Entry, error) {
		return a.Dst.Put(ctx, e, body, act.Dst)
	}
}

// transfer moves a file's content from the source to the sink. It is retried
// whole, with the source reopened, where the error is transient. A source that
// turns out not to be what was planned is decided about again, once, and that
// decision never becomes a delete.
func (a *applier) transfer(ctx context.Context, act Action, to sink) Action {
	planned := act
	for try, again := 1, false; ; try++ {
		out, err := a.tryTransfer(ctx, act, to)
		switch {
		case err == nil:
			return out
		case errors.Is(err, errSourceChanged) && !again && !a.Exact:
			again = true
			if act = a.redecide(ctx, planned); act.Op != OpPut || act.Src.Kind != core.File {
				return act
			}
		case errors.Is(err, errSourceChanged):
			return failure(planned, ReasonChanged, a.changedSource(err))
		case core.IsTransient(err) && try < transferTries && a.pause(ctx, try):
		default:
			return a.putError(ctx, act, err)
		}
	}
}

// errSourceChanged marks that the source is not what was planned, or changed
// while it was read.
var errSourceChanged = errors.New("the source changed while it was copied")

// changedSource says since when the source is another: in an exact run the plan
// may be of yesterday.
func (a *applier) changedSource(err error) error {
	if a.Exact {
		return fmt.Errorf("%w: the source is not what the plan saw", core.ErrChanged)
	}
	return err
}

// redecide looks at the source again and decides about it as it is now.
func (a *applier) redecide(ctx context.Context, act Action) Action {
	src, err := complete(ctx, a.Src, act.Key)
	switch {
	case err != nil:
		return failure(act, ReasonRead, err)
	case src == nil:
		return failure(act, ReasonChanged, fmt.Errorf("%w: it was listed and is gone", core.ErrChanged))
	}
	out := a.asker.settle(ctx, act.Key, src, act.Dst)
	out.Group, out.Obstacle = act.Group, act.Obstacle
	return out
}

func (a *applier) pause(ctx context.Context, try int) bool { return pause(ctx, try) }

// putError is what came of a transfer that failed for good.
func (a *applier) putError(ctx context.Context, act Action, err error) Action {
	var read *readError
	switch {
	case errors.Is(err, core.ErrUnsupportedLink), errors.Is(err, core.ErrUnsupportedKey):
		act.Op, act.Reason, act.Err = OpRefuse, ReasonUnsupported, err
		return act
	case errors.As(err, &read):
		return failure(act, ReasonRead, read.err)
	case errors.Is(err, core.ErrChanged):
		return a.changedUnder(ctx, act, err)
	case errors.Is(err, core.ErrConflict):
		act.Op, act.Reason, act.Err = OpConflict, ReasonInTheWay, err
		return act
	}
	return failure(act, ReasonWrite, err)
}

// changedUnder: something else is at the destination than was seen. If it is
// what was to be put, somebody else did the work; else it stays.
func (a *applier) changedUnder(ctx context.Context, act Action, err error) Action {
	now, statErr := complete(ctx, a.Dst, act.Key)
	if statErr == nil && now != nil {
		if again := a.asker.settle(ctx, act.Key, act.Src, now); again.Op == OpKeep {
			return again
		}
	}
	return failure(act, ReasonChanged, err)
}

// tryTransfer opens the source, checks that it is what was planned, and sends
// it.
func (a *applier) tryTransfer(ctx context.Context, act Action, to sink) (Action, error) {
	body, got, err := a.Src.Open(core.WithSizeHint(ctx, act.Src.Size), act.Key)
	if errors.Is(err, fs.ErrNotExist) {
		return failure(act, ReasonChanged, fmt.Errorf("%w: it was listed and is gone", core.ErrChanged)), nil
	} else if err != nil {
		return act, &readError{err}
	}
	if body == nil {
		return a.notFile(ctx, act, got), nil
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
	stored, err := a.send(ctx, got, body, to)
	unchanged := body.Close() == nil
	if err != nil {
		return act, sourceError(err)
	}
	if stored.MD5.Known() {
		act.Src.MD5 = stored.MD5
	}
	if act.Src.Parts = stored.Parts; unchanged {
		remember(a.asker.srcMemory, act.Src)
	}
	act.Bytes = got.Size
	return act, nil
}

func (a *applier) send(ctx context.Context, e core.Entry, body io.Reader, to sink) (core.Entry, error) {
	if e.Size <= core.SmallFile {
		return a.sendSmall(ctx, e, body, to)
	}
	return a.sendLarge(ctx, e, body, to)
}

// sourceError says that err is of a source that changed, if it is.
func sourceError(err error) error {
	var read *readError
	if errors.As(err, &read) && errors.Is(read.err, core.ErrChanged) {
		return fmt.Errorf("%w (%w)", errSourceChanged, read.err)
	}
	return err
}

// sameVersion reports whether what was opened is what was planned, as far as
// their tokens tell.
func sameVersion(planned, got *core.Entry) bool {
	return planned.Kind == got.Kind && planned.Size == got.Size && sameToken(planned, got)
}

func sameToken(planned, got *core.Entry) bool {
	return planned.Token == "" || got.Token == "" || planned.Token == got.Token
}

// notFile: what was listed as a file is a link, or cannot be carried. It is
// decided about as what it is.
func (a *applier) notFile(ctx context.Context, act Action, got core.Entry) Action {
	got.Partial, got.MaybeLink = false, false
	if a.Exact && (got.Kind != core.Link || !sameToken(act.Src, &got)) {
		return failure(act, ReasonChanged, a.changedSource(errSourceChanged))
	}
	out := a.asker.settle(ctx, act.Key, &got, act.Dst)
	if a.Exact && out.Op == OpPut {
		out.Dst = act.Dst // the plan's condition, also where the decision asked once more
	}
	out.Group, out.Obstacle = act.Group, act.Obstacle
	return out
}

// sendSmall reads the whole file, hashes it, and sends it from memory.
func (a *applier) sendSmall(ctx context.Context, e core.Entry, body io.Reader, to sink) (core.Entry, error) {
	buf, err := a.Buffers.Get(ctx, int(e.Size)+1)
	if err != nil {
		return core.Entry{}, err
	}
	defer a.Buffers.Put(buf)
	n, err := io.ReadFull(body, buf) // one byte more than announced, to see the end
	switch {
	case err == nil, int64(n) != e.Size && (errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)):
		return core.Entry{}, &readError{fmt.Errorf("%w: it is not of %d bytes, as announced", core.ErrChanged, e.Size)}
	case !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
		return core.Entry{}, &readError{err}
	}
	content := buf[:n]
	sum := core.SumMD5(content)
	if e.MD5.Known() && e.MD5 != sum {
		return core.Entry{}, &readError{corrupt(sum, e.MD5)}
	}
	e.MD5 = sum
	stored, err := to(ctx, e, bytes.NewReader(content))
	if err == nil {
		a.moved(n)
	}
	return checkStored(e, stored, err)
}

func corrupt(got, want core.MD5) error {
	return fmt.Errorf("%w: md5 %s was read, and %s was announced", core.ErrCorrupt, got, want)
}

// checkStored holds what the destination says it stored against what was sent.
func checkStored(e, stored core.Entry, err error) (core.Entry, error) {
	if err == nil && stored.MD5.Known() && e.MD5.Known() && stored.MD5 != e.MD5 {
		err = fmt.Errorf("%w: md5 %s was sent, and %s is stored", core.ErrCorrupt, e.MD5, stored.MD5)
	}
	return stored, err
}

// sendLarge streams a file. Where the destination wants the md5 first and
// nobody knows it, the file is read twice.
func (a *applier) sendLarge(ctx context.Context, e core.Entry, body io.Reader, to sink) (core.Entry, error) {
	var parts partsSeen
	if !e.MD5.Known() && a.Dst.Features().NeedsMD5 {
		again, seen, err := a.hashFirst(ctx, &e, body)
		if err != nil {
			return core.Entry{}, err
		}
		defer again.Close()
		body, parts = again, seen
	}
	stored, err := to(ctx, e, parts.body(a.track(ctx, body)))
	return checkStored(e, stored, err)
}

// hashFirst reads body for its md5, and opens the source again.
func (a *applier) hashFirst(ctx context.Context, e *core.Entry, body io.Reader) (io.ReadCloser, partsSeen, error) {
	sum, seen, err := hashParts(ctx, body, e.Size, a.Dst)
	if err != nil {
		return nil, seen, &readError{err}
	}
	again, got, err := a.Src.Open(core.WithSizeHint(ctx, e.Size), e.Key)
	if err != nil {
		return nil, seen, &readError{err}
	}
	if again == nil || !sameVersion(e, &got) {
		if again != nil {
			_ = again.Close()
		}
		return nil, seen, errSourceChanged
	}
	e.MD5 = sum
	return again, seen, nil
}

// readError tells an error of the source from one of the destination, through
// whatever the destination wraps around it.
type readError struct{ err error }

func (e *readError) Error() string { return e.err.Error() }
func (e *readError) Unwrap() error { return e.err }

// tracker counts a body's bytes, marks its errors, and ends with its context.
type tracker struct {
	ctx   context.Context //nolint:containedctx // It lives as long as one transfer.
	body  io.Reader
	moved func(int)
}

func (t *tracker) Read(p []byte) (int, error) {
	if err := t.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := t.body.Read(p)
	t.moved(n)
	if err != nil && !errors.Is(err, io.EOF) {
		err = &readError{err}
	}
	return n, err
}

// atTracker is a tracker of a body that can be read anywhere, so that parts of
// it can be sent in parallel.
type atTracker struct {
	tracker
	at io.ReaderAt
}

func (t *atTracker) ReadAt(p []byte, off int64) (int, error) {
	if err := t.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := t.at.ReadAt(p, off)
	t.moved(n)
	if err != nil && !errors.Is(err, io.EOF) {
		err = &readError{err}
	}
	return n, err
}

func (a *applier) track(ctx context.Context, body io.Reader) io.Reader {
	t := tracker{ctx: ctx, body: body, moved: a.moved}
	if at, ok := body.(io.ReaderAt); ok {
		return &atTracker{tracker: t, at: at}
	}
	return &t
}

// sameLink reports whether the source still has the link that was planned,
// where the run is exact; if not, the outcome is why.
func (a *applier) sameLink(ctx context.Context, act Action) (outcome Action, ok bool) {
	if !a.Exact {
		return act, true
	}
	src, err := complete(ctx, a.Src, act.Key)
	switch {
	case err != nil:
		return failure(act, ReasonRead, err), false
	case src == nil:
		return failure(act, ReasonChanged, fmt.Errorf("%w: the link was planned and is gone", core.ErrChanged)), false
	case src.Kind != core.Link || src.Target != act.Src.Target:
		return failure(act, ReasonChanged, fmt.Errorf("%w: it is not the link that was planned", core.ErrChanged)), false
	}
	return act, true
}

// putLink carries out the put of a link.
func (a *applier) putLink(ctx context.Context, act Action) Action {
	e := *act.Src
	e.Partial = false
	for try := 1; ; try++ {
		_, err := a.Dst.Put(ctx, e, nil, act.Dst)
		switch {
		case err == nil:
			return act
		case core.IsTransient(err) && try < transferTries && a.pause(ctx, try):
		default:
			return a.putError(ctx, act, err)
		}
	}
}
