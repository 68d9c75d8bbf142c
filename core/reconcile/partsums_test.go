package reconcile_test

import (
	"bytes"
	"context"
	"io"
	"iter"
	"slices"
	"testing"

	"github.com/s3fc/s3fc/backends/memory"
	"github.com/s3fc/s3fc/core"

	"github.com/s3fc/s3fc/core/reconcile"
)

// parted is a store that sends files in parts and wants their md5s first. It
// reads known bodies backwards.
type parted struct {
	core.Backend
	size int64
	got  []core.MD5
}

func (p *parted) PartSize(int64) int64 { return p.size }

func (p *parted) Features() core.Features {
	f := p.Backend.Features()
	f.NeedsMD5 = true
	return f
}

func (p *parted) Put(ctx context.Context, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
	if known, ok := body.(core.PartSums); ok {
		var size int64
		size, p.got = known.PartSums()
		content := make([]byte, e.Size)
		for i := range slices.Backward(p.got) {
			off := int64(i) * size
			part := content[off:min(off+size, e.Size)]
			if n, err := known.ReadAt(part, off); n < len(part) {
				return core.Entry{}, err
			}
		}
		body = bytes.NewReader(content)
	}
	return p.Backend.Put(ctx, e, body, old)
}

// anywhere is a source whose large bodies can be read anywhere, and whose md5s
// nobody knows.
type anywhere struct{ core.Backend }

type anywhereBody struct {
	*bytes.Reader
	io.Closer
}

func (a anywhere) List(ctx context.Context, after string) iter.Seq2[core.Entry, error] {
	return func(yield func(core.Entry, error) bool) {
		for e, err := range a.Backend.List(ctx, after) {
			e.MD5, e.Partial = core.MD5{}, true
			if !yield(e, err) {
				return
			}
		}
	}
}

func (a anywhere) Open(ctx context.Context, key string) (io.ReadCloser, core.Entry, error) {
	r, e, err := a.Backend.Open(ctx, key)
	if err != nil {
		return nil, e, err
	}
	b, err := io.ReadAll(r)
	e.MD5 = core.MD5{}
	return anywhereBody{bytes.NewReader(b), r}, e, err
}

func TestAFileThatWasReadForItsMD5IsPutWithThoseOfItsParts(t *testing.T) {
	content := bytes.Repeat([]byte("0123456789abcdef"), 1<<18) // 4 MiB
	content = content[:len(content)-5]
	src, dst := anywhere{memory.New()}, &parted{Backend: memory.New(), size: 1 << 20}
	if _, err := src.Put(t.Context(), core.Entry{Key: "a", Kind: core.File, Size: int64(len(content))}, bytes.NewReader(content), nil); err != nil {
		t.Fatal(err)
	}
	r := &reconcile.Reconciler{Src: src, Dst: dst}
	plan, err := r.Prepare(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer plan.Close()
	if sum, err := r.Apply(t.Context(), plan, nil); err != nil || sum.Files != 1 || sum.Errors != 0 {
		t.Fatalf("%+v, %v; want one file put", sum, err)
	}
	var want []core.MD5
	for part := range slices.Chunk(content, 1<<20) {
		want = append(want, core.SumMD5(part))
	}
	if !slices.Equal(dst.got, want) {
		t.Errorf("parts %v, want %v", dst.got, want)
	}
	if e, err := dst.Stat(t.Context(), "a"); err != nil || e.MD5 != core.SumMD5(content) {
		t.Errorf("stored md5 %v, %v; want that of the content", e.MD5, err)
	}
}
