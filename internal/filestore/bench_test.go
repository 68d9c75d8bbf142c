package filestore

import (
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/johannesboyne/gofakes3"
)

func BenchmarkPut(b *testing.B) {
	for _, writers := range []int{1, 16, 64} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			s := fresh(b)
			content := strings.Repeat("x", 4096)
			var n atomic.Int64
			b.SetParallelism(writers)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					store(b, s, fmt.Sprintf("%09d", n.Add(1)), content)
				}
			})
		})
	}
}

func BenchmarkGet(b *testing.B) {
	s := fresh(b)
	store(b, s, "k", strings.Repeat("x", 4096))
	for b.Loop() {
		o, err := s.GetObject("b", "k", nil)
		must(b, err)
		_, err = io.Copy(io.Discard, o.Contents)
		must(b, err)
		must(b, o.Contents.Close())
	}
}

func BenchmarkListPage(b *testing.B) {
	s := fresh(b)
	for i := range 20_000 {
		store(b, s, fmt.Sprintf("%02d/%06d", i%50, i), "")
	}
	for name, prefix := range map[string]gofakes3.Prefix{
		"flat":   {HasPrefix: true, Prefix: "25/"},
		"common": {HasDelimiter: true, Delimiter: "/"},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				_, err := s.ListBucket("b", &prefix, gofakes3.ListBucketPage{MaxKeys: 1000})
				must(b, err)
			}
		})
	}
}
