//go:build unix

package localfs

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/iotest"
	"time"

	"github.com/s3fc/s3fc/core"
)

// opened opens a file of ten bytes and returns the reader and its path.
func opened(t *testing.T, content string) (io.ReadCloser, string) {
	t.Helper()
	tr, dir := newTree(t)
	p := filepath.Join(dir, "f")
	if err := os.WriteFile(p, []byte(content), 0o666); err != nil {
		t.Fatal(err)
	}
	r, e, err := tr.Open(t.Context(), "f")
	if err != nil || e != stat(t, tr, "f") {
		t.Fatalf("Open: %+v, %v", e, err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r, p
}

func TestOpenReads(t *testing.T) {
	for _, content := range []string{"", "x", "0123456789"} {
		r, _ := opened(t, content)
		if err := iotest.TestReader(noSeek{r}, []byte(content)); err != nil {
			t.Errorf("%q: %v", content, err)
		}
		if err := r.Close(); err != nil {
			t.Errorf("%q: %v", content, err)
		}
	}
}

type noSeek struct{ io.Reader }

func TestOpenReadsAt(t *testing.T) {
	r, _ := opened(t, "0123456789")
	at, ok := r.(io.ReaderAt)
	if !ok {
		t.Fatal("the reader is no io.ReaderAt")
	}
	if err := iotest.TestReader(io.NewSectionReader(at, 0, 10), []byte("0123456789")); err != nil {
		t.Error(err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}

func TestOpenNoticesAChange(t *testing.T) {
	tests := map[string]func(p string) error{
		"grows":        func(p string) error { return os.WriteFile(p, []byte("0123456789more"), 0o666) },
		"shrinks":      func(p string) error { return os.Truncate(p, 7) },
		"is emptied":   func(p string) error { return os.Truncate(p, 0) },
		"is rewritten": func(p string) error { return os.WriteFile(p, []byte("9876543210"), 0o666) },
		"is touched":   func(p string) error { return os.Chtimes(p, time.Time{}, time.Unix(1, 0)) },
		"is replaced": func(p string) error {
			return errors.Join(os.WriteFile(p+"2", []byte("9876543210"), 0o666), os.Rename(p+"2", p))
		},
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			r, p := opened(t, "0123456789")
			if _, err := io.ReadFull(r, make([]byte, 3)); err != nil {
				t.Fatal(err)
			}
			if err := change(p); err != nil {
				t.Fatal(err)
			}
			_, err := io.ReadAll(r)
			isErr(t, "to the end", err, core.ErrChanged)
			if err := r.Close(); err != nil {
				t.Errorf("a change is reported once, but Close said %v", err)
			}
		})
		t.Run(name+" for ReadAt", func(t *testing.T) {
			r, p := opened(t, "0123456789")
			if err := change(p); err != nil {
				t.Fatal(err)
			}
			at, _ := r.(io.ReaderAt)
			_, err := at.ReadAt(make([]byte, 10), 0)
			if errors.Is(err, io.EOF) {
				err = nil
			}
			isErr(t, "ReadAt or Close", errors.Join(err, r.Close()), core.ErrChanged)
		})
	}
}

func TestOpenOfALinkIsItsEntry(t *testing.T) {
	tr, dir := newTree(t)
	write(t, dir, "f", "l -> f")
	r, e, err := tr.Open(t.Context(), "l")
	if r != nil || err != nil || e.Kind != core.Link || e.Target.Key != "f" {
		t.Errorf("got %v, %+v, %v", r, e, err)
	}
}

func TestOpenAndStatOfAMissingEntry(t *testing.T) {
	tr, dir := newTree(t)
	write(t, dir, "f", "d/x", "l -> d", "lf -> f", "bad\x01/x")
	for _, key := range []string{
		"no", "no/no", "f/x", "d", "l/x", "lf/x", "", ".", "..", "../x", "/", "/f", "d/", "d//x", "./f", "d/../f", "f\x00", "\xff", "../" + filepath.Base(dir) + "/f",
		string(make([]byte, 300)), longName(300), longName(300) + "/x",
	} {
		_, err := tr.Stat(t.Context(), key)
		isErr(t, "Stat "+key, err, fs.ErrNotExist)
		r, _, err := tr.Open(t.Context(), key)
		isErr(t, "Open "+key, err, fs.ErrNotExist)
		if r != nil {
			t.Errorf("Open %q: got a reader", key)
		}
	}
}

func longName(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = 'x'
	}
	return string(b)
}

func TestReadsHonourTheContext(t *testing.T) {
	tr, dir := newTree(t)
	write(t, dir, "f")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := tr.Stat(ctx, "f")
	isErr(t, "Stat", err, context.Canceled)
	_, _, err = tr.Open(ctx, "f")
	isErr(t, "Open", err, context.Canceled)
}
