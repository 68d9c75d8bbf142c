package reconcile

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"runtime"
	"testing"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/testkit/long"
)

// synthetic is a tree of n files whose entries are made when they are listed,
// so that nothing of it is in memory.
type synthetic struct {
	n       int
	partial bool
}

func (s synthetic) List(_ context.Context, _ string) iter.Seq2[core.Entry, error] {
	return func(yield func(core.Entry, error) bool) {
		for i := range s.n {
			e := core.Entry{Key: fmt.Sprintf("dir%05d/file%07d.html", i/100, i), Kind: core.File, Size: int64(i % 5000), Token: fmt.Sprintf("%032x", i)}
			if e.Partial = s.partial; !s.partial {
				e.MD5 = core.SumMD5([]byte(e.Key))
			}
			if !yield(e, nil) {
				return
			}
		}
	}
}

func (synthetic) Stat(context.Context, string) (core.Entry, error) {
	return core.Entry{}, fs.ErrNotExist
}
func (synthetic) Open(context.Context, string) (io.ReadCloser, core.Entry, error) {
	return nil, core.Entry{}, fs.ErrNotExist
}
func (synthetic) Features() core.Features {
	return core.Features{StoresMD5: true, Flat: true, Create: core.GuardAtomic, Replace: core.GuardAtomic}
}
func (synthetic) Put(context.Context, core.Entry, io.Reader, *core.Entry) (core.Entry, error) {
	return core.Entry{}, fs.ErrPermission
}
func (synthetic) Delete(context.Context, core.Entry) error { return fs.ErrPermission }

// PartSizes and Proves let one side prove all of the other, as a listing of S3
// does.
func (synthetic) PartSizes(core.Entry) []int64 { return nil }
func (synthetic) Proves(have core.Entry, e core.Evidence) bool {
	return have.Size == e.Size && e.MD5.Known()
}

// treeOf is a synthetic that is not flat, so that leaves are held back.
type treeOf struct{ synthetic }

func (treeOf) Features() core.Features {
	return core.Features{StoresMD5: true, Create: core.GuardAtomic, Replace: core.GuardAtomic}
}

func TestJoinAndDecideOverAMillionEntriesInConstantMemory(t *testing.T) {
	long.Only(t)
	const bound = 16 << 20
	const n = 1_000_000
	r := &Reconciler{Src: synthetic{n: n}, Dst: treeOf{synthetic{n: n, partial: true}}}
	peak, base, seen := uint64(0), liveHeap(), 0
	for act, err := range r.Plan(t.Context()) {
		if err != nil || act.Op != OpKeep {
			t.Fatalf("%+v, %v", act, err)
		}
		if seen++; seen%(n/10) == 0 {
			peak = max(peak, liveHeap())
		}
	}
	grown := int64(peak) - int64(base)
	t.Logf("%d entries on each side: live heap grew by %d KiB", seen, grown>>10)
	if seen != n || grown > bound {
		t.Errorf("%d entries, and the live heap grew by %d bytes", seen, grown)
	}
}

func liveHeap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func BenchmarkJoin(b *testing.B) {
	src, dst := synthetic{n: b.N}, synthetic{n: b.N}
	b.ReportAllocs()
	for _, err := range Join(b.Context(), src.List, dst.List) {
		if err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPlanUnchanged(b *testing.B) {
	r := &Reconciler{Src: synthetic{n: b.N}, Dst: synthetic{n: b.N, partial: true}}
	b.ReportAllocs()
	for _, err := range r.Plan(b.Context()) {
		if err != nil {
			b.Fatal(err)
		}
	}
}
