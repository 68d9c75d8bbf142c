package s3

import (
	"bytes"
	"fmt"
	"io"
	"testing"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/s3server"
)

// BenchmarkLarge opens and reads an object of 64 MiB, in ranges and in one
// request. The server, in this process, is part of each figure.
func BenchmarkLarge(b *testing.B) {
	const size = 64 << 20
	tree := openAt(b, s3server.New(b).URL, Options{Env: core.Env{Buffers: core.NewBuffers(core.DefaultBuffers)}})
	rawPut(b, tree, "large", string(pattern(size)))
	for name, hint := range map[string]int64{"ranges": size, "whole": 0} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(size)
			for b.Loop() {
				r, _, err := tree.Open(core.WithSizeHint(b.Context(), hint), "large")
				if err != nil {
					b.Fatal(err)
				}
				if n, err := io.Copy(io.Discard, r); err != nil || n != size {
					b.Fatal(n, err)
				}
				_ = r.Close() // it was read to its end
			}
		})
	}
}

// BenchmarkRequests puts and opens objects of 4 KiB. The server, in this process,
// is part of each figure.
func BenchmarkRequests(b *testing.B) {
	content := pattern(4096)
	tree := openAt(b, s3server.New(b).URL, Options{})
	b.Run("put", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			e := core.Entry{Key: fmt.Sprintf("%08d", i), Kind: core.File, Size: int64(len(content)), MD5: core.SumMD5(content)}
			_, _ = tree.Put(b.Context(), e, bytes.NewReader(content), nil) // an earlier round may have put it: that costs the same
		}
	})
	b.Run("open", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			r, _, err := tree.Open(b.Context(), "00000000")
			if err != nil {
				b.Fatal(err)
			}
			if _, err := io.Copy(io.Discard, r); err != nil {
				b.Fatal(err)
			}
			_ = r.Close() // it was read to its end
		}
	})
}
