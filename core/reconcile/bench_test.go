package reconcile_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/s3fc/s3fc/backends/memory"
	"github.com/s3fc/s3fc/core"

	"github.com/s3fc/s3fc/core/reconcile"
)

// BenchmarkCopy copies 1,000 small files from memory to memory.
func BenchmarkCopy(b *testing.B) {
	const files, size = 1000, 4096
	src := memory.New()
	for i := range files {
		content := bytes.Repeat([]byte{byte(i)}, size)
		e := core.Entry{Key: fmt.Sprintf("dir%02d/file%04d", i/100, i), Kind: core.File, Size: size}
		if _, err := src.Put(b.Context(), e, bytes.NewReader(content), nil); err != nil {
			b.Fatal(err)
		}
	}
	b.SetBytes(files * size)
	b.ReportAllocs()
	for b.Loop() {
		r := &reconcile.Reconciler{Src: src, Dst: memory.New()}
		plan, err := r.Prepare(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		sum, err := r.Apply(b.Context(), plan, nil)
		if err != nil || sum.Files != files {
			b.Fatal(sum, err)
		}
		if err := plan.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
