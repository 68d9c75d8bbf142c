package reconcile_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"iter"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/s3fc/s3fc/backends/localfs"
	"github.com/s3fc/s3fc/core"

	"github.com/s3fc/s3fc/core/reconcile"
	"github.com/s3fc/s3fc/internal/testkit/long"
)

// orderly counts the bytes of a directory's files that are read in order.
type orderly struct {
	core.Backend
	inOrder atomic.Int64
	known   map[string]core.PartsHash // what a cache remembers
}

type orderlyBody struct {
	io.ReadCloser
	o *orderly
}

func (b orderlyBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.o.inOrder.Add(int64(n))
	return n, err
}

func (b orderlyBody) ReadAt(p []byte, off int64) (int, error) {
	return b.ReadCloser.(io.ReaderAt).ReadAt(p, off)
}

func (o *orderly) Open(ctx context.Context, key string) (io.ReadCloser, core.Entry, error) {
	body, e, err := o.Backend.Open(ctx, key)
	if body != nil {
		body = orderlyBody{body, o}
	}
	e.Parts = o.known[key]
	return body, e, err
}

func localDir(t *testing.T, files map[string][]byte) (*orderly, string) {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	tree, err := localfs.New(dir, localfs.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return &orderly{Backend: tree}, dir
}

func copyOnce(t *testing.T, src, dst core.Backend) (sum reconcile.Summary, failed error) {
	t.Helper()
	r := &reconcile.Reconciler{Src: src, Dst: dst}
	plan, err := r.Prepare(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer plan.Close()
	sum, err = r.Apply(t.Context(), plan, func(a reconcile.Action) {
		if a.Err != nil {
			failed = a.Err
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return sum, failed
}

// large is a content that is hashed side by side.
func large() []byte {
	b := bytes.Repeat([]byte("0123456789abcdef"), 33<<16)
	b[20<<20] = 'x'
	return b[:len(b)-3]
}

// From directory to directory, large files are copied and compared in parts: nothing
// of them is read in order, and a byte that differs is found wherever it is.
func TestLargeFilesOfDirectoriesAreHashedSideBySide(t *testing.T) {
	content := large()
	src, _ := localDir(t, map[string][]byte{"a": content})
	dst, dir := localDir(t, nil)
	if sum, err := copyOnce(t, src, dst); err != nil || sum.Files != 1 {
		t.Fatalf("%+v, %v", sum, err)
	}
	check := func() {
		t.Helper()
		if got, err := os.ReadFile(filepath.Join(dir, "a")); err != nil || !bytes.Equal(got, content) {
			t.Errorf("%d bytes, as in the source: %v, %v", len(got), bytes.Equal(got, content), err)
		}
	}
	check()
	if sum, err := copyOnce(t, src, dst); err != nil || sum.Kept != 1 || sum.Compared != 2*int64(len(content)) {
		t.Errorf("unchanged: %+v, %v", sum, err)
	}
	for _, at := range []int{0, 8<<20 - 1, 8 << 20, len(content) - 1} {
		other := bytes.Clone(content)
		other[at] ^= 1
		if err := os.WriteFile(filepath.Join(dir, "a"), other, 0o666); err != nil {
			t.Fatal(err)
		}
		if sum, err := copyOnce(t, src, dst); err != nil || sum.Files != 1 {
			t.Errorf("byte %d is another: %+v, %v", at, sum, err)
		}
		check()
	}
	if n := src.inOrder.Load() + dst.inOrder.Load(); n > 0 {
		t.Errorf("%d bytes were read in order", n)
	}
}

// A file that is not as it was remembered is not copied.
func TestARememberedHashOfPartsIsCompared(t *testing.T) {
	content := large()
	src, _ := localDir(t, map[string][]byte{"a": content})
	dst, dir := localDir(t, nil)
	var sums []core.MD5
	for off := 0; off < len(content); off += 5 << 20 {
		sums = append(sums, core.SumMD5(content[off:min(off+5<<20, len(content))]))
	}
	right := core.HashParts(5<<20, sums)
	wrong := right
	wrong.MD5 = core.SumMD5(nil)
	src.known = map[string]core.PartsHash{"a": wrong}
	if sum, err := copyOnce(t, src, dst); !errors.Is(err, core.ErrChanged) || sum.Files != 0 {
		t.Errorf("another hash: %+v, %v; want ErrChanged", sum, err)
	}
	if names, err := os.ReadDir(dir); err != nil || len(names) > 0 {
		t.Errorf("there are %v, %v", names, err)
	}
	src.known["a"] = right
	if sum, err := copyOnce(t, src, dst); err != nil || sum.Files != 1 {
		t.Errorf("%+v, %v", sum, err)
	}
}

// One side's remembered hash of parts says in which parts the other is compared.
func TestRememberedPartsAreComparedInTheirSize(t *testing.T) {
	long.Only(t)
	content := large()
	sums := func(size int) core.PartsHash {
		var sums []core.MD5
		for off := 0; off < len(content); off += size {
			sums = append(sums, core.SumMD5(content[off:min(off+size, len(content))]))
		}
		return core.HashParts(int64(size), sums)
	}
	for name, c := range map[string]struct {
		src, dst core.PartsHash
		read     int64
	}{
		"the source's":      {sums(5 << 20), core.PartsHash{}, 1},
		"the destination's": {core.PartsHash{}, sums(7 << 20), 1},
		"of two sizes":      {sums(5 << 20), sums(7 << 20), 1},
		"of one size":       {sums(5 << 20), sums(5 << 20), 0},
	} {
		src, _ := localDir(t, map[string][]byte{"a": content})
		dst, _ := localDir(t, map[string][]byte{"a": content})
		sum, err := copyOnce(t, remembering{src, c.src}, remembering{dst, c.dst})
		if err != nil || sum.Kept != 1 || sum.Compared != c.read*int64(len(content)) {
			t.Errorf("%s: %d kept, %d bytes were read, %v; want %d files", name, sum.Kept, sum.Compared, err, c.read)
		}
	}
}

// remembering is a directory whose listing has the parts of each file.
type remembering struct {
	*orderly
	parts core.PartsHash
}

func (r remembering) List(ctx context.Context, after string) iter.Seq2[core.Entry, error] {
	return func(yield func(core.Entry, error) bool) {
		for e, err := range r.orderly.List(ctx, after) {
			if r.parts.Count > 0 {
				e.Parts, e.Partial = r.parts, false
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

// meeting is a tree whose first Read waits until the other tree's has begun.
type meeting struct {
	core.Backend
	mine, other chan struct{}
}

type meetingBody struct {
	io.ReadCloser
	m    *meeting
	once sync.Once
}

func (b *meetingBody) Read(p []byte) (int, error) {
	var late error
	b.once.Do(func() {
		close(b.m.mine)
		select {
		case <-b.m.other:
		case <-time.After(time.Minute):
			late = errors.New("the other side is not read meanwhile")
		}
	})
	if late != nil {
		return 0, late
	}
	return b.ReadCloser.Read(p)
}

func (m *meeting) Open(ctx context.Context, key string) (io.ReadCloser, core.Entry, error) {
	body, e, err := m.Backend.Open(ctx, key)
	if body != nil {
		body = &meetingBody{ReadCloser: body, m: m}
	}
	return body, e, err
}

// A check reads both sides of a large file at once.
func TestCheckReadsBothSidesOfALargeFileAtOnce(t *testing.T) {
	content := large()[:2<<20]
	a, b := make(chan struct{}), make(chan struct{})
	src, _ := localDir(t, map[string][]byte{"a": content})
	dst, _ := localDir(t, map[string][]byte{"a": content})
	got, sum := findings(t, &reconcile.Comparison{Src: &meeting{src, a, b}, Dst: &meeting{dst, b, a}})
	if sum.Same != 1 || len(got) > 0 {
		t.Errorf("%v, %+v; want the same", got, sum)
	}
}
