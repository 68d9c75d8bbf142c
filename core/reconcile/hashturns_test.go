package reconcile_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/s3fc/s3fc/backends/memory"
	"github.com/s3fc/s3fc/core"

	"github.com/s3fc/s3fc/core/reconcile"
)

// hashCounter is a source of local files that counts how many are read for their md5 at
// once.
type hashCounter struct {
	anywhere
	mu        sync.Mutex
	now, most int
	begun     int
	more      sync.Cond // begun has changed
}

// hashedBody is read in order for its md5 only: what is sent is read elsewhere.
type hashedBody struct {
	anywhereBody
	c     *hashCounter
	begin sync.Once
	end   sync.Once
}

func (c *hashCounter) add(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.now += n; n > 0 {
		c.begun++
	}
	c.most = max(c.most, c.now)
	c.more.Broadcast()
}

func (b *hashedBody) Read(p []byte) (int, error) {
	b.begin.Do(func() { b.c.add(1) })
	n, err := b.anywhereBody.Read(p)
	if err != nil {
		b.end.Do(func() { b.c.add(-1) })
	}
	return n, err
}

func (c *hashCounter) Open(ctx context.Context, key string) (io.ReadCloser, core.Entry, error) {
	body, e, err := c.anywhere.Open(ctx, key)
	if b, ok := body.(anywhereBody); ok {
		return &hashedBody{anywhereBody: b, c: c}, e, err
	}
	return body, e, err
}

// waiting is a store whose first Put ends once another file was begun to be hashed.
type waiting struct {
	*parted
	c     *hashCounter
	t     *testing.T
	first sync.Once
}

func (w *waiting) Put(ctx context.Context, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
	w.first.Do(func() {
		late := time.AfterFunc(time.Minute, w.c.more.Broadcast)
		defer late.Stop()
		w.c.mu.Lock()
		defer w.c.mu.Unlock()
		for began := time.Now(); w.c.begun < 2 && time.Since(began) < time.Minute; {
			w.c.more.Wait()
		}
		if w.c.begun < 2 {
			w.t.Error("no other file was hashed while the first was sent")
		}
	})
	one := *w.parted // it notes what it gets
	return one.Put(ctx, e, body, old)
}

// The next large file is hashed while one is sent, and only so many at once as there
// are cores for.
func TestTheNextLargeFileIsHashedWhileOneIsSent(t *testing.T) {
	src := &hashCounter{anywhere: anywhere{memory.New()}}
	src.more.L = &src.mu
	dst := &waiting{parted: &parted{Backend: memory.New(), size: 1 << 20}, c: src, t: t}
	const files = 8
	for i := range files {
		content := bytes.Repeat([]byte{byte(i), 2, 3, 4}, 1<<19)
		if _, err := src.Put(t.Context(), core.Entry{Key: fmt.Sprint(i), Kind: core.File, Size: int64(len(content))}, bytes.NewReader(content), nil); err != nil {
			t.Fatal(err)
		}
	}
	r := &reconcile.Reconciler{Src: src, Dst: dst}
	plan, err := r.Prepare(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer plan.Close()
	if sum, err := r.Apply(t.Context(), plan, nil); err != nil || sum.Files != files || sum.Errors != 0 {
		t.Fatalf("%+v, %v; want %d files put", sum, err, files)
	}
	src.mu.Lock()
	defer src.mu.Unlock()
	if most := max(1, runtime.GOMAXPROCS(0)/2); src.most > most {
		t.Errorf("%d files were hashed at once; want %d at the most", src.most, most)
	}
}
