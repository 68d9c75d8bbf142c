package cache

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/s3fc/s3fc/core"
)

// unchangedTree is the listing of n local files, 100 in a directory, as localfs
// shows it.
func unchangedTree(n int) []core.Entry {
	entries := make([]core.Entry, n)
	for i := range entries {
		ns := strconv.FormatInt(1_700_000_000_000_000_000+int64(i)*7_654_321, 36)
		entries[i] = core.Entry{
			Key: fmt.Sprintf("d%05d/e/file-%06d.html", i/100, i), Kind: core.File, Partial: true, Size: 1024, Settled: true,
			Token: strconv.FormatInt(int64(1_000_000+i), 36) + ".sg." + ns + "." + ns,
		}
	}
	return entries
}

func fill(b *testing.B, dir string, entries []core.Entry) {
	s := Open(dir, "tree", quiet)
	for i, e := range entries {
		e.MD5 = core.SumMD5([]byte{byte(i), byte(i >> 8), byte(i >> 16)})
		s.remember(e.Key, recordOf(&e))
	}
	s.Close()
}

// BenchmarkUnchanged is the cost of the cache for an unchanged tree: open, look up
// each entry, close.
func BenchmarkUnchanged(b *testing.B) {
	for _, n := range []int{10_000, 100_000, 1_000_000} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			dir := b.TempDir()
			entries := unchangedTree(n)
			fill(b, dir, entries)
			b.ReportAllocs()
			for b.Loop() {
				s := Open(dir, "tree", quiet)
				sc := s.scan()
				var r record
				for i := range entries {
					if !sc.recall(entries[i].Key, versionOf(&entries[i]), &r) {
						b.Fatalf("%s is not known", entries[i].Key)
					}
				}
				sc.end(true)
				s.Close()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/entry")
			reportSize(b, dir, n)
		})
	}
}

func reportSize(b *testing.B, dir string, n int) {
	info, err := os.Stat(filepath.Join(dir, fileName("tree")))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(info.Size())/float64(n), "bytes/entry")
}

// BenchmarkFirst is the cost of the first run: everything is read and written.
func BenchmarkFirst(b *testing.B) {
	for _, n := range []int{10_000, 100_000, 1_000_000} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			entries := unchangedTree(n)
			b.ReportAllocs()
			for b.Loop() {
				fill(b, b.TempDir(), entries)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/entry")
		})
	}
}

// BenchmarkOnePercent is a run that finds out about one file in a hundred.
func BenchmarkOnePercent(b *testing.B) {
	const n = 100_000
	dir := b.TempDir()
	entries := unchangedTree(n)
	fill(b, dir, entries)
	for round := 0; b.Loop(); round++ {
		s := Open(dir, "tree", quiet)
		sc := s.scan()
		for i := range entries {
			e := entries[i]
			if i%100 == 0 {
				e.Token += strconv.Itoa(round)
				e.MD5 = core.SumMD5([]byte{byte(round)})
				s.remember(e.Key, recordOf(&e))
			} else if !sc.recall(e.Key, versionOf(&e), new(record)) {
				b.Fatalf("%s is not known", e.Key)
			}
		}
		sc.end(true)
		s.Close()
	}
}
