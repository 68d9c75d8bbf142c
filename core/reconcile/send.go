package reconcile

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"github.com/s3fc/s3fc/core"
)

// readOnce is the size in bytes up to which a file is sent from memory that is free,
// where it would have to be read twice otherwise.
const readOnce = 12 << 20

// sentWhole reports whether a file of this size is read once if memory is free: dst
// must not send it in parts, which have md5s of their own.
func sentWhole(dst core.Tree, size int64) bool {
	if size > readOnce {
		return false
	}
	p, ok := core.As[core.Partitioner](dst)
	return !ok || p.PartSize(size) == 0
}

// sendFrom reads the whole file into buf, hashes it, and sends it from there.
func (t *mover) sendFrom(ctx context.Context, buf []byte, e core.Entry, body io.Reader, to sink) (core.Entry, error) {
	n, err := io.ReadFull(body, buf) // one byte more than announced, to see the end
	switch {
	case err == nil, int64(n) != e.Size && cameToEnd(err):
		return core.Entry{}, &readError{fmt.Errorf("%w: it is not of %d bytes, as announced", core.ErrChanged, e.Size)}
	case !cameToEnd(err):
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
		t.moved(n)
	}
	return checkStored(e, stored, err)
}

// cameToEnd reports whether io.ReadFull came to the end of a body in good order. An error
// of the body that merely wraps one of these, as of a connection that broke off, is
// no end.
func cameToEnd(err error) bool {
	return err == io.EOF || err == io.ErrUnexpectedEOF //nolint:errorlint // See above.
}

func corrupt(got, want core.MD5) error {
	return fmt.Errorf("%w: md5 %s was read, and %s was announced", core.ErrCorrupt, got, want)
}

// checkStored compares the md5 that the destination stored with the one that was
// sent.
func checkStored(e, stored core.Entry, err error) (core.Entry, error) {
	if err == nil && stored.MD5.Known() && e.MD5.Known() && stored.MD5 != e.MD5 {
		err = fmt.Errorf("%w: md5 %s was sent, and %s is stored", core.ErrCorrupt, e.MD5, stored.MD5)
	}
	return stored, err
}

// sendLarge streams a file, of whose parts sums may be known.
func (t *mover) sendLarge(ctx context.Context, e core.Entry, body io.Reader, to sink, sums partSums) (core.Entry, error) {
	stored, err := to(ctx, e, inParts(sums.body(track(ctx, body, countSent(ctx, t.moved))), &e, t.dst))
	return checkStored(e, stored, err)
}

// hashFirst reads body for its md5, and opens the source again.
func (t *mover) hashFirst(ctx context.Context, e *core.Entry, body io.Reader) (io.ReadCloser, partSums, error) {
	if _, ok := body.(io.ReaderAt); ok {
		done, err := t.hashing.begin(ctx)
		if err != nil {
			return nil, partSums{}, err
		}
		defer done()
	}
	sum, seen, err := hashParts(ctx, body, e.Size, t.dst)
	if err != nil {
		return nil, seen, &readError{err}
	}
	again, got, err := t.src.Open(core.WithSizeHint(ctx, e.Size), e.Key)
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
