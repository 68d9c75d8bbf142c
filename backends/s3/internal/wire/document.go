package wire

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
)

// maxDocument is how long an answer that is read as a whole may be, in bytes. A
// page of a thousand keys, each as long as can be, has 4 MB.
const maxDocument = 64 << 20

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// Read sends r and gives parse the body of the answer, which is valid until parse
// returns. A body that breaks off, and one of which parse says so with a
// [BrokenError], is asked for again as after other errors of a connection.
func (s *Sender) Read(ctx context.Context, r *Request, parse func([]byte) error) (*Answer, error) {
	return s.try(ctx, r, func() (*Answer, error) {
		a, err := s.once(ctx, r)
		if err != nil {
			return nil, err
		}
		defer func() { _ = a.Body.Close() }() // it was read, or is of no use
		buf := buffers.Get().(*bytes.Buffer)
		defer buffers.Put(buf)
		buf.Reset()
		switch n, err := buf.ReadFrom(io.LimitReader(a.Body, maxDocument+1)); {
		case err != nil:
			return nil, &BrokenError{err}
		case n > maxDocument:
			return nil, fmt.Errorf("the store's answer is longer than %d MiB", maxDocument>>20)
		}
		return a, parse(buf.Bytes())
	})
}

// call sends r and reads the answer, an XML document with one of the names roots,
// into into.
func (s *Sender) call(ctx context.Context, r *Request, into any, roots ...string) (*Answer, error) {
	return s.Read(ctx, r, func(b []byte) error { return decode(b, into, roots...) })
}

// decode reads a document with one of the names roots. One that is an error is a refusal,
// although the status of its answer says that all is well: S3 sends the status
// before it has copied, or put together, an object.
func decode(b []byte, into any, roots ...string) error {
	d := xml.NewDecoder(bytes.NewReader(b))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return ErrNotS3
		}
		if err != nil {
			return &BrokenError{err}
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		switch name := start.Name.Local; {
		case slices.Contains(roots, name):
			if err := d.DecodeElement(into, &start); err != nil {
				return &BrokenError{err}
			}
			return nil
		case name == "Error":
			return lateRefusal(b)
		}
		return ErrNotS3
	}
}

// lateRefusal is an error that came after a good status.
func lateRefusal(b []byte) error {
	e := parseError(b)
	switch e.Code {
	case "PreconditionFailed":
		e.Status = http.StatusPreconditionFailed
	case "NoSuchUpload", "NoSuchKey", "NoSuchBucket":
		e.Status = http.StatusNotFound
	case "AccessDenied":
		e.Status = http.StatusForbidden
	case "SlowDown":
		e.Status = http.StatusServiceUnavailable
	default:
		e.Status = http.StatusInternalServerError
	}
	return e
}
