package s3

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/kit"
	"github.com/s3fc/s3fc/internal/fanout"
	"github.com/s3fc/s3fc/internal/s3server"
)

// inOrder hides that a body is in parts.
type inOrder struct{ io.Reader }

// BenchmarkPullVerified copies an object of 128 MiB to a file in three ways by turns: in
// parts that nobody hashes, in parts whose hashes the ETag confirms, and in order with
// one md5. It reports how many times as long as the first the others take. The server,
// in this process, is part of each time.
func BenchmarkPullVerified(b *testing.B) {
	tree := openAt(b, s3server.New(b).URL, Options{Env: core.Env{Buffers: core.NewBuffers(core.DefaultBuffers)}})
	content := pattern(128 * mib)
	e := fileEntry("large", string(content))
	if _, err := tree.Put(b.Context(), e, bytes.NewReader(content), nil); err != nil {
		b.Fatal(err)
	}
	f, err := os.OpenFile(filepath.Join(b.TempDir(), "f"), os.O_CREATE|os.O_RDWR, 0o666)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // It is thrown away.
	timed := func(pull func(io.Reader) error) time.Duration {
		begin := time.Now()
		if err := f.Truncate(0); err != nil {
			b.Fatal(err)
		}
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			b.Fatal(err)
		}
		body, _, err := tree.Open(core.WithSizeHint(b.Context(), e.Size), "large")
		if err == nil {
			err = pull(body)
			_ = body.Close() // it was read, or has an error
		}
		if err != nil {
			b.Fatal(err)
		}
		return time.Since(begin)
	}
	copied := func(body io.Reader) error {
		_, err := kit.CopyToFile(b.Context(), f, body, e)
		return err
	}
	var bare, parts, order time.Duration
	for b.Loop() {
		bare += timed(func(body io.Reader) error { return copyUnverified(b.Context(), f, body, e.Size) })
		parts += timed(copied)
		order += timed(func(body io.Reader) error { return copied(inOrder{body}) })
	}
	b.ReportMetric(float64(parts)/float64(bare), "parts/unverified")
	b.ReportMetric(float64(order)/float64(bare), "in-order/unverified")
}

func copyUnverified(ctx context.Context, f *os.File, body io.Reader, size int64) error {
	p := body.(core.PartedBody) //nolint:forcetypeassert,errcheck // It is in parts.
	n := int((size + p.PartSize() - 1) / p.PartSize())
	return fanout.Each(ctx, n, p.PartsAtOnce, func(ctx context.Context, i int) error {
		return p.CopyPart(ctx, i, io.NewOffsetWriter(f, int64(i)*p.PartSize()))
	})
}
