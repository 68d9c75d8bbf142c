package fanout

import (
	"bytes"
	"errors"
	"io"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/iotest"

	"go.uber.org/goleak"
)

// bothWays runs f with goroutines of the copy's own, and without.
func bothWays(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	t.Run("side by side", func(t *testing.T) {
		defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
		f(t)
	})
	t.Run("in turn", func(t *testing.T) {
		n := int64(runtime.GOMAXPROCS(0))
		pipelines.Add(n)
		defer pipelines.Add(-n)
		f(t)
	})
}

func content(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i * 7 >> 3)
	}
	return b
}

func TestCopyAllGivesEachWriterAllBytesInOrder(t *testing.T) {
	bothWays(t, func(t *testing.T) {
		for _, size := range []int{0, 1, chunkSize - 1, chunkSize, chunkSize + 1, 6*chunkSize + 5} {
			want := content(size)
			for name, body := range map[string]io.Reader{
				"plain": bytes.NewReader(want), "halves": iotest.HalfReader(bytes.NewReader(want)),
				"end with data": iotest.DataErrReader(bytes.NewReader(want)),
			} {
				var a, b, c bytes.Buffer
				n, err := Copy(body, &a, &b, &c)
				if err != nil || n != int64(size) {
					t.Errorf("%s: %d, %v; want %d bytes", name, n, err, size)
				}
				for _, got := range []*bytes.Buffer{&a, &b, &c} {
					if !bytes.Equal(got.Bytes(), want) {
						t.Errorf("%s: a writer got other bytes than the %d of the body", name, size)
					}
				}
			}
		}
	})
}

// brittle fails once it has more than limit bytes.
type brittle struct {
	limit, got int
	err        error
	ended      atomic.Bool
	late       atomic.Bool // written to after the end
}

func (w *brittle) Write(p []byte) (int, error) {
	if w.ended.Load() {
		w.late.Store(true)
	}
	if w.got+len(p) > w.limit {
		return 0, w.err
	}
	w.got += len(p)
	return len(p), nil
}

func TestCopyAllReportsAWriterThatFails(t *testing.T) {
	full := errors.New("the disk is full")
	bothWays(t, func(t *testing.T) {
		var rest int64
		body := &counted{r: bytes.NewReader(content(40 * chunkSize)), n: &rest}
		w := &brittle{limit: 2 * chunkSize, err: full}
		_, err := Copy(body, io.Discard, w)
		w.ended.Store(true)
		if !errors.Is(err, full) {
			t.Errorf("%v; want that of the writer", err)
		}
		if rest > 20*chunkSize {
			t.Errorf("%d bytes were read for a writer that had failed", rest)
		}
		if w.late.Load() {
			t.Error("a writer was written to after the copy had returned")
		}
	})
}

// counted counts the bytes read.
type counted struct {
	r io.Reader
	n *int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	*c.n += int64(n)
	return n, err
}

func TestCopyAllReportsABodyThatBreaksOff(t *testing.T) {
	bothWays(t, func(t *testing.T) {
		// An error that ReadFull itself returns at an end is passed on too.
		for _, want := range []error{errors.New("reset"), io.ErrUnexpectedEOF} {
			start := content(chunkSize + 10)
			var got bytes.Buffer
			n, err := Copy(io.MultiReader(bytes.NewReader(start), iotest.ErrReader(want)), &got, io.Discard)
			if !errors.Is(err, want) || n != int64(len(start)) || !bytes.Equal(got.Bytes(), start) {
				t.Errorf("%d bytes, %v; want %d that were written, and %v", n, err, len(start), want)
			}
		}
	})
}

// stingy takes less than it is given, and says so in no error.
type stingy struct{}

func (stingy) Write(p []byte) (int, error) { return len(p) / 2, nil }

func TestCopyAllReportsAShortWrite(t *testing.T) {
	bothWays(t, func(t *testing.T) {
		if _, err := Copy(bytes.NewReader(content(100)), stingy{}); !errors.Is(err, io.ErrShortWrite) {
			t.Errorf("%v; want %v", err, io.ErrShortWrite)
		}
	})
}

func TestCopyAllHasGoroutinesForAsManyCopiesAsThereAreProcessors(t *testing.T) {
	var most int64
	body := readerFunc(func([]byte) (int, error) {
		most = max(most, pipelines.Load())
		return 0, io.EOF
	})
	for range 3 {
		if _, err := Copy(body, io.Discard); err != nil {
			t.Fatal(err)
		}
	}
	if most != 1 || pipelines.Load() != 0 {
		t.Errorf("%d copies were counted while one was under way, and %d after it", most, pipelines.Load())
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
