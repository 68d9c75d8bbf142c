//go:build unix

package localfs

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/s3fc/s3fc/core"
)

func BenchmarkWalk(b *testing.B) {
	for _, shape := range []struct{ dirs, files int }{{1, 10_000}, {100, 100}, {5000, 2}} {
		b.Run(fmt.Sprintf("%dx%d", shape.dirs, shape.files), func(b *testing.B) {
			tr, dir := newTree(b)
			for d := range shape.dirs {
				for f := range shape.files {
					write(b, dir, fmt.Sprintf("d%d/e/f%d", d, f))
				}
			}
			b.ReportAllocs()
			for b.Loop() {
				if got := len(list(b, tr)); got != shape.dirs*shape.files {
					b.Fatalf("got %d entries", got)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*shape.dirs*shape.files), "ns/entry")
		})
	}
}

// BenchmarkWalkAndHash is the cost of an unchanged tree without a cache: each file
// is listed and read. The second way is that of a system with no calls of its own.
func BenchmarkWalkAndHash(b *testing.B) {
	for _, plain := range []bool{false, true} {
		b.Run(fmt.Sprintf("plain=%v", plain), func(b *testing.B) {
			tr, dir := newTree(b)
			tr.dirs.hooks.plain = plain
			const dirs, files = 20, 100
			for d := range dirs {
				for f := range files {
					write(b, dir, fmt.Sprintf("d%d/f%d", d, f))
				}
			}
			b.ReportAllocs()
			for b.Loop() {
				for _, e := range list(b, tr) {
					if core.SumMD5([]byte(contentOf(b, tr, e.Key))) == (core.MD5{}) {
						b.Fatal("no md5")
					}
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*dirs*files), "ns/file")
		})
	}
}

// BenchmarkKeys reads the names alone.
func BenchmarkKeys(b *testing.B) {
	tr, dir := newTree(b)
	const dirs, files = 100, 100
	for d := range dirs {
		for f := range files {
			write(b, dir, fmt.Sprintf("d%d/e/f%d", d, f))
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		for range tr.Keys(b.Context()) {
			n++
		}
		if n != dirs*files {
			b.Fatalf("got %d keys", n)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*dirs*files), "ns/key")
}

func BenchmarkPut(b *testing.B) {
	for _, size := range []int{1 << 10, 1 << 20, 64 << 20} {
		b.Run(fmt.Sprintf("%dKiB", size>>10), func(b *testing.B) {
			tr, _ := newTree(b)
			content := bytes.Repeat([]byte("x"), size)
			sum := core.SumMD5(content)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				e := core.Entry{Key: fmt.Sprintf("d%d/e/f%d", i%100, i), Kind: core.File, Size: int64(size), MD5: sum}
				got, err := tr.Put(b.Context(), e, bytes.NewReader(content), nil)
				if err == nil && size > 1<<20 {
					err = tr.Delete(b.Context(), got)
				}
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkPutOver(b *testing.B) {
	tr, _ := newTree(b)
	content := []byte("content")
	var old *core.Entry
	e := core.Entry{Key: "a/b/c", Kind: core.File, Size: int64(len(content))}
	for b.Loop() {
		got, err := tr.Put(b.Context(), e, bytes.NewReader(content), old)
		if err != nil {
			b.Fatal(err)
		}
		old = &got
	}
}
