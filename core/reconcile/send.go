package reconcile

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/s3fc/s3fc/core"
)

// sendSmall reads the whole file, hashes it, and sends it from memory.
func (t *transferer) sendSmall(ctx context.Context, e core.Entry, body io.Reader, to sink) (core.Entry, error) {
	buf, err := t.buffers.Get(ctx, int(e.Size)+1)
	if err != nil {
		return core.Entry{}, err
	}
	defer t.buffers.Put(buf)
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
		t.moved(n)
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
func (t *transferer) sendLarge(ctx context.Context, e core.Entry, body io.Reader, to sink) (core.Entry, error) {
	var parts partSums
	if !e.MD5.Known() && t.dst.Features().NeedsMD5 {
		again, seen, err := t.hashFirst(ctx, &e, body)
		if err != nil {
			return core.Entry{}, err
		}
		defer again.Close()
		body, parts = again, seen
	}
	stored, err := to(ctx, e, parts.body(track(ctx, body, t.moved)))
	return checkStored(e, stored, err)
}

// hashFirst reads body for its md5, and opens the source again.
func (t *transferer) hashFirst(ctx context.Context, e *core.Entry, body io.Reader) (io.ReadCloser, partSums, error) {
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
