package shard

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strconv"

	"github.com/s3fc/s3fc/core/reconcile"
	"github.com/s3fc/s3fc/internal/spool"
)

func eventsKey(p reconcile.Phase, i, n int) string {
	return "events/" + p.String() + "/" + strconv.Itoa(i) + "/" + strconv.Itoa(n)
}

// eventFile is a temporary file for the events of one attempt, a line of JSON each.
type eventFile struct {
	file *spool.File
	w    *bufio.Writer
	enc  *json.Encoder
	some bool
	err  error // of the first write that failed
}

func newEventFile(dir string) (*eventFile, error) {
	f, err := spool.NewFile(dir, "s3fc-events-*")
	if err != nil {
		return nil, err
	}
	w := bufio.NewWriter(f)
	return &eventFile{file: f, w: w, enc: json.NewEncoder(w)}, nil
}

// tee returns a function that writes an event and calls next, which may be nil.
func (e *eventFile) tee(next func(reconcile.Action)) func(reconcile.Action) {
	return func(a reconcile.Action) {
		e.some = true
		if e.err == nil {
			e.err = e.enc.Encode(a)
		}
		if next != nil {
			next(a)
		}
	}
}

// store stores the file, if there were events.
func (e *eventFile) store(ctx context.Context, s state, key string) (stored bool, err error) {
	if err := errors.Join(e.err, e.w.Flush()); err != nil || !e.some {
		return false, err
	}
	return true, s.createFile(ctx, key, e.file.File)
}

func (e *eventFile) close() { _ = e.file.Close() } // a file that stays loses nothing

// readEvents calls event with each event of a record.
func readEvents(ctx context.Context, s state, key string, event func(reconcile.Action)) error {
	body, _, err := s.Open(ctx, key)
	if err != nil {
		return err
	}
	if body == nil {
		return notFile(key)
	}
	defer body.Close() //nolint:errcheck // It was only read.
	for d := json.NewDecoder(bufio.NewReader(body)); ; {
		var a reconcile.Action
		switch err := d.Decode(&a); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return unreadable(key, err)
		}
		event(a)
	}
}
