package s3

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/s3fc/s3fc/backends/localfs"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/reconcile"
	"github.com/s3fc/s3fc/internal/testkit/long"
)

// readCounter counts the bytes that are read of the files of a directory, in order and
// elsewhere.
type readCounter struct {
	core.Backend
	inOrder, at atomic.Int64
}

type countedBody struct {
	io.ReadCloser
	c *readCounter
}

func (b countedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.c.inOrder.Add(int64(n))
	return n, err
}

func (b countedBody) ReadAt(p []byte, off int64) (int, error) {
	n, err := b.ReadCloser.(io.ReaderAt).ReadAt(p, off)
	b.c.at.Add(int64(n))
	return n, err
}

func (c *readCounter) Open(ctx context.Context, key string) (io.ReadCloser, core.Entry, error) {
	body, e, err := c.Backend.Open(ctx, key)
	if body != nil {
		body = countedBody{body, c}
	}
	return body, e, err
}

// knowing lists a file with its md5, as a cache does.
type knowing struct {
	*readCounter
	md5 core.MD5
}

func (k knowing) Open(ctx context.Context, key string) (io.ReadCloser, core.Entry, error) {
	body, e, err := k.readCounter.Open(ctx, key)
	e.MD5 = k.md5
	return body, e, err
}

// A large file is read twice, once for its md5 and once to be sent, and once if the
// cache knows its md5. The md5s of its parts are computed once.
func TestHowOftenALargeFileIsRead(t *testing.T) {
	long.Only(t)
	content := pattern(20*mib + 7)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a"), content, 0o666); err != nil {
		t.Fatal(err)
	}
	local, err := localfs.New(dir, localfs.Options{})
	if err != nil {
		t.Fatal(err)
	}
	size := int64(len(content))
	for name, c := range map[string]struct {
		md5          core.MD5
		least, most  int64 // in order and elsewhere together
		inOrderAtAll int64
	}{
		"md5 unknown": {core.MD5{}, 2 * size, 2*size + 2*mib, size},
		"md5 known":   {core.SumMD5(content), size, size + 2*mib, size},
	} {
		tree, _ := serve(t, Options{})
		src := knowing{&readCounter{Backend: local}, c.md5}
		r := &reconcile.Reconciler{Src: src, Dst: tree}
		plan, err := r.Prepare(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer plan.Close()
		if sum, err := r.Apply(t.Context(), plan, nil); err != nil || sum.Files != 1 {
			t.Fatalf("%s: %+v, %v", name, sum, err)
		}
		read := src.inOrder.Load() + src.at.Load()
		if read < c.least || read > c.most || src.inOrder.Load() > c.inOrderAtAll {
			t.Errorf("%s: %d bytes were read in order and %d elsewhere; want %d to %d in all, and %d in order",
				name, src.inOrder.Load(), src.at.Load(), c.least, c.most, c.inOrderAtAll)
		}
	}
}
