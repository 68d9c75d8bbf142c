package conformance

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/s3fc/s3fc/core"
)

// Benchmark measures the methods of a backend on small files, and Put and Open
// on one of 8 MiB. Each sub-benchmark opens a new one.
func Benchmark(b *testing.B, open Open) {
	b.Run("PutSmall", func(b *testing.B) { benchPut(b, open(b), 4<<10) })
	b.Run("PutLarge", func(b *testing.B) { benchPut(b, open(b), 8<<20) })
	b.Run("OpenSmall", func(b *testing.B) { benchOpen(b, open(b), 4<<10) })
	b.Run("OpenLarge", func(b *testing.B) { benchOpen(b, open(b), 8<<20) })
	b.Run("Stat", func(b *testing.B) { benchStat(b, open(b)) })
	b.Run("List1000", func(b *testing.B) { benchList(b, open(b), 1000) })
	b.Run("Delete", func(b *testing.B) { benchDelete(b, open(b)) })
}

func benchPut(b *testing.B, t core.Backend, size int) {
	content := bytesOf("bench", size)
	b.SetBytes(int64(size))
	for i := 0; b.Loop(); i++ {
		e := fileOf(fmt.Sprintf("d%d/f%d", i%100, i), "")
		e.Size, e.MD5 = int64(size), core.SumMD5([]byte(content))
		if _, err := t.Put(b.Context(), e, strings.NewReader(content), nil); err != nil {
			b.Fatal(err)
		}
	}
}

// stored puts n small files, or one of size bytes, and returns their entries.
func stored(b *testing.B, t core.Backend, n, size int) []core.Entry {
	b.Helper()
	content := bytesOf("bench", size)
	entries := make([]core.Entry, n)
	for i := range entries {
		e, err := t.Put(b.Context(), fileOf(fmt.Sprintf("d%d/f%d", i%100, i), content), strings.NewReader(content), nil)
		if err != nil {
			b.Fatal(err)
		}
		entries[i] = e
	}
	return entries
}

func benchOpen(b *testing.B, t core.Backend, size int) {
	key := stored(b, t, 1, size)[0].Key
	b.SetBytes(int64(size))
	for b.Loop() {
		rc, _, err := t.Open(b.Context(), key)
		if err != nil {
			b.Fatal(err)
		}
		if n, err := io.Copy(io.Discard, rc); n != int64(size) || err != nil {
			b.Fatal(n, err)
		}
		if err := rc.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

func benchStat(b *testing.B, t core.Backend) {
	key := stored(b, t, 1, 100)[0].Key
	for b.Loop() {
		if _, err := t.Stat(b.Context(), key); err != nil {
			b.Fatal(err)
		}
	}
}

func benchList(b *testing.B, t core.Backend, n int) {
	stored(b, t, n, 10)
	for b.Loop() {
		got := 0
		for _, err := range t.List(b.Context(), "") {
			if err != nil {
				b.Fatal(err)
			}
			got++
		}
		if got != n {
			b.Fatalf("%d entries, want %d", got, n)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/entry")
}

func benchDelete(b *testing.B, t core.Backend) {
	for b.Loop() {
		b.StopTimer()
		e := stored(b, t, 1, 10)[0]
		b.StartTimer()
		if err := t.Delete(b.Context(), e); err != nil {
			b.Fatal(err)
		}
	}
}
