package reconcile_test

import (
	"bytes"
	"context"
	"io"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/s3fc/s3fc/backends/memory"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/reconcile"
)

// remote is a store behind a network: it knows no md5, its bodies are streams, and
// it counts the bytes that are read.
type remote struct {
	core.Backend
	read *atomic.Int64
}

func newRemote() remote {
	f := memory.All
	f.StoresMD5 = false
	return remote{memory.NewWith(f), new(atomic.Int64)}
}

func (r remote) Open(ctx context.Context, key string) (io.ReadCloser, core.Entry, error) {
	body, e, err := r.Backend.Open(ctx, key)
	if body != nil {
		body = struct {
			io.Reader
			io.Closer
		}{io.TeeReader(body, counter{r.read}), body}
	}
	return body, e, err
}

type counter struct{ n *atomic.Int64 }

func (c counter) Write(p []byte) (int, error) {
	c.n.Add(int64(len(p)))
	return len(p), nil
}

// wantsMD5 is a destination that wants the md5 of a file first.
func wantsMD5() core.Backend {
	f := memory.All
	f.NeedsMD5 = true
	return memory.NewWith(f)
}

func fill(t *testing.T, b core.Backend, key string, size int) {
	t.Helper()
	e := core.Entry{Key: key, Kind: core.File, Size: int64(size)}
	if _, err := b.Put(t.Context(), e, bytes.NewReader(bytes.Repeat([]byte(key[:1]), size)), nil); err != nil {
		t.Fatal(err)
	}
}

// compared runs src to dst and returns the totals of the plan and the summary.
func compared(t *testing.T, src core.Tree, dst core.Backend) (reconcile.Totals, reconcile.Summary) {
	t.Helper()
	r := &reconcile.Reconciler{Src: src, Dst: dst, Jobs: 1, Buffers: core.NewBuffers(core.DefaultBuffers)}
	p, err := r.Prepare(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	sum, err := r.Apply(t.Context(), p, nil)
	if err != nil || sum.Errors > 0 {
		t.Fatalf("Apply: %d errors, %v", sum.Errors, err)
	}
	return p.Totals(), sum
}

// TestBytesThatAreReadToCompareAreCounted checks that the plan and the summary tell
// every byte that was read and not sent, and that nothing else is read.
func TestBytesThatAreReadToCompareAreCounted(t *testing.T) {
	const small, large, huge = 1000, 5 << 20, 20 << 20
	src, dst := newRemote(), wantsMD5()
	fill(t, src, "small", small)
	fill(t, src, "large", large)
	fill(t, src, "zhuge", huge)
	plan, sum := compared(t, src, dst)
	if plan.Compared != 0 || plan.Reread != huge || sum.Compared != huge || sum.Bytes != small+large+huge {
		t.Errorf("first copy: plan %d compared, %d to be read twice; summary %d compared, %d sent", plan.Compared, plan.Reread, sum.Compared, sum.Bytes)
	}
	if got := src.read.Swap(0); got != sum.Bytes+sum.Compared {
		t.Errorf("first copy: %d bytes were read; want each file once, and the huge one twice", got)
	}
	plan, sum = compared(t, src, dst)
	if plan.Compared != small+large+huge || sum.Compared != plan.Compared || sum.Files != 0 {
		t.Errorf("unchanged: plan %d compared; summary %d compared, %d files", plan.Compared, sum.Compared, sum.Files)
	}
	if got := src.read.Load(); got != plan.Compared {
		t.Errorf("unchanged: %d bytes were read, and %d counted", got, plan.Compared)
	}
}

// TestBytesOfBothSidesAreCounted where neither knows an md5.
func TestBytesOfBothSidesAreCounted(t *testing.T) {
	src, dst := newRemote(), newRemote()
	fill(t, src, "a", 100)
	fill(t, dst, "a", 100)
	plan, _ := compared(t, src, dst)
	if plan.Compared != 200 || src.read.Load()+dst.read.Load() != 200 {
		t.Errorf("%d bytes compared, and %d read; want 200", plan.Compared, src.read.Load()+dst.read.Load())
	}
}

// TestTotalsOfASavedPlanHaveTheComparedBytes, too.
func TestTotalsOfASavedPlanHaveTheComparedBytes(t *testing.T) {
	totals := reconcile.Totals{Compared: 7, Reread: 8, BySizeTime: 9, Kept: 9}
	b, err := totals.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	var back reconcile.Totals
	if err := back.UnmarshalJSON(b); err != nil || back != totals {
		t.Errorf("%s: %+v, %v", strings.TrimSpace(string(b)), back, err)
	}
}
