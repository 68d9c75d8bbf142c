//go:build unix

package sftp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/s3fc/s3fc/backends/memory"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/reconcile"
	"github.com/s3fc/s3fc/core/wrap"
)

// callAt calls a function once, when some bytes of a body were read.
type callAt struct {
	io.Reader
	left int
	call func()
}

func (c *callAt) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	if c.left -= n; c.left < 0 && c.call != nil {
		c.call()
		c.call = nil
	}
	return n, err
}

func fileOf(key, content string) core.Entry {
	return core.Entry{Key: key, Kind: core.File, Size: int64(len(content))}
}

// A connection that is lost in the middle is an error worth another try, and the
// next operation opens another. Nothing half-written is seen.
func TestAPutWhoseConnectionIsLost(t *testing.T) {
	s, tree, dir := newTree(t)
	content := strings.Repeat("0123456789abcdef", 1<<16)
	body := &callAt{strings.NewReader(content), 300_000, s.drop}
	_, err := tree.Put(t.Context(), fileOf("d/f", content), body, nil)
	if !core.IsTransient(err) {
		t.Fatalf("got %v, want a transient error", err)
	}
	if got := all(t, tree); len(got) > 0 {
		t.Errorf("listed %+v", got)
	}
	if _, err := tree.Put(t.Context(), fileOf("d/f", content), strings.NewReader(content), nil); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(filepath.Join(dir, "d/f")); err != nil || string(b) != content {
		t.Errorf("%d bytes, %v", len(b), err)
	}
	if s.all < 2 {
		t.Errorf("%d connections", s.all)
	}
}

func TestAnErrorOfTheBodyIsNoneOfTheConnection(t *testing.T) {
	s, tree, _ := newTree(t)
	broken := errors.New("broken")
	for _, size := range []int64{10, 1 << 20} {
		_, err := tree.Put(t.Context(), core.Entry{Key: "f", Kind: core.File, Size: size}, io.MultiReader(strings.NewReader("1234"), failing{broken}), nil)
		if !errors.Is(err, broken) || core.IsTransient(err) {
			t.Errorf("%d: got %v", size, err)
		}
		_, err = tree.Put(t.Context(), core.Entry{Key: "f", Kind: core.File, Size: size}, strings.NewReader("1234"), nil)
		if !errors.Is(err, core.ErrCorrupt) {
			t.Errorf("%d: got %v", size, err)
		}
	}
	if got := all(t, tree); len(got) > 0 || s.all != 1 {
		t.Errorf("listed %+v; %d connections", got, s.all)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestAReadWhoseConnectionIsLost(t *testing.T) {
	s, tree, dir := newTree(t)
	if err := os.WriteFile(filepath.Join(dir, "f"), make([]byte, 1<<20), 0o644); err != nil {
		t.Fatal(err)
	}
	r, _, err := tree.Open(t.Context(), "f")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(r, make([]byte, 1000)); err != nil {
		t.Fatal(err)
	}
	s.drop()
	if _, err := io.Copy(io.Discard, r); !core.IsTransient(err) {
		t.Errorf("read: got %v, want a transient error", err)
	}
	_ = r.Close()
	if e, err := tree.Stat(t.Context(), "f"); err != nil || e.Size != 1<<20 {
		t.Errorf("then: %+v, %v", e, err)
	}
}

// retried is the tree as Open returns it.
func retried(tree *Tree) core.Backend {
	return wrap.Retry(tree, attempts, func(int) time.Duration { return time.Millisecond })
}

func TestAListingGoesOnAfterALostConnection(t *testing.T) {
	s, tree, dir := newTree(t)
	var want []string
	for i := range 200 {
		key := fmt.Sprintf("d%02d/f%d", i/5, i%5)
		want = append(want, key)
		if err := errors.Join(os.MkdirAll(filepath.Join(dir, filepath.Dir(key)), 0o755), os.WriteFile(filepath.Join(dir, key), nil, 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for e, err := range retried(tree).List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		if got = append(got, e.Key); len(got)%50 == 0 {
			s.drop()
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %d keys: %q", len(got), got)
	}
	if s.all < 2 {
		t.Error("the connection was never lost")
	}
}

// dropping loses the connection in every 20th Put.
type dropping struct {
	core.Backend
	puts atomic.Int64
	drop func()
}

func (d *dropping) Put(ctx context.Context, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
	if d.puts.Add(1)%20 == 0 && body != nil {
		body = &callAt{body, 0, d.drop}
	}
	return d.Backend.Put(ctx, e, body, old)
}

// A run converges over a connection that is lost again and again.
func TestARunOverABadConnectionConverges(t *testing.T) {
	s, tree, dir := newTree(t)
	src, want := memory.New(), map[string]string{}
	for i := range 150 {
		key, content := fmt.Sprintf("d%d/f%d", i%5, i), strings.Repeat(fmt.Sprint(i), 1+1000*(i%7))
		want[key] = content
		src.Plant(core.Entry{Key: key, Kind: core.File}, []byte(content))
	}
	src.Plant(core.Entry{Key: "latest", Kind: core.Link, Target: core.Target{Key: "d1"}}, nil)
	r := &reconcile.Reconciler{Src: src, Dst: &dropping{Backend: retried(tree), drop: s.drop}, Jobs: 8}
	for i := range 10 {
		p, err := r.Prepare(t.Context())
		if err != nil {
			t.Log(i, err)
			continue
		}
		sum, err := r.Apply(t.Context(), p, nil)
		_ = p.Close()
		if err == nil && sum.Errors == 0 {
			break
		}
		t.Logf("run %d: %d errors, %v", i, sum.Errors, err)
	}
	got := map[string]string{}
	for key := range want {
		b, err := os.ReadFile(filepath.Join(dir, key))
		if err != nil {
			t.Error(err)
		}
		got[key] = string(b)
	}
	if !maps.Equal(got, want) {
		t.Error("the trees differ")
	}
	if text, err := os.Readlink(filepath.Join(dir, "latest")); err != nil || text != "d1" {
		t.Errorf("latest -> %s, %v", text, err)
	}
	if s.all < 3 {
		t.Errorf("the connection was lost %d times", s.all-1)
	}
}

// A transfer whose session drops in the middle is tried again within the run, both
// ways.
func TestARunTriesATransferAgain(t *testing.T) {
	s, tree, dir := newTree(t)
	src, content := memory.New(), strings.Repeat("0123456789abcdef", 1<<16)
	src.Plant(core.Entry{Key: "d/f", Kind: core.File}, []byte(content))
	over := retried(tree)
	up := &dropsOnce{Backend: over, drop: s.drop}
	copyAll(t, src, up, 1, reconcile.DetectAuto)
	if b, err := os.ReadFile(filepath.Join(dir, "d/f")); err != nil || string(b) != content || up.drops != 1 {
		t.Errorf("pushed %d bytes, with %d sessions dropped: %v", len(b), up.drops, err)
	}
	dst, down := memory.New(), &dropsOnce{Backend: over, drop: s.drop}
	copyAll(t, down, dst, 1, reconcile.DetectAuto)
	if e, err := dst.Stat(t.Context(), "d/f"); err != nil || e.MD5 != core.SumMD5([]byte(content)) || down.drops != 1 {
		t.Errorf("pulled %d bytes, with %d sessions dropped: %v", e.Size, down.drops, err)
	}
	if entries, err := os.ReadDir(filepath.Join(dir, "d")); err != nil || len(entries) != 1 {
		t.Errorf("left at the server: %v, %v", entries, err)
	}
}

// dropsOnce drops the session in the middle of its first transfer.
type dropsOnce struct {
	core.Backend
	drops int
	drop  func()
}

// half is a reader that drops the session after 300,000 bytes, if none was dropped.
func (d *dropsOnce) half(r io.Reader) io.Reader {
	if d.drops > 0 {
		return r
	}
	return &callAt{r, 300_000, func() { d.drops++; d.drop() }}
}

func (d *dropsOnce) Put(ctx context.Context, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
	return d.Backend.Put(ctx, e, d.half(body), old)
}

func (d *dropsOnce) Open(ctx context.Context, key string) (io.ReadCloser, core.Entry, error) {
	rc, e, err := d.Backend.Open(ctx, key)
	if rc != nil {
		rc = struct {
			io.Reader
			io.Closer
		}{d.half(rc), rc}
	}
	return rc, e, err
}

// Leftovers of a killed run are swept by the next one; here, an earlier version
// left them.
func TestLeftoversAreSwept(t *testing.T) {
	_, tree, dir := newTree(t)
	stale := filepath.Join(dir, ".s3fc-00000000000000000000000000000000.tmp")
	if err := os.WriteFile(stale, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-2 * time.Hour)
	if err := errors.Join(os.Chtimes(stale, old, old), os.Chmod(dir, 0o777)); err != nil {
		t.Fatal(err)
	}
	if got := all(t, tree); len(got) > 0 {
		t.Errorf("listed %+v", got)
	}
	if notes, err := tree.Finish(t.Context(), core.Done{}); err != nil || len(notes) > 0 {
		t.Errorf("%q, %v", notes, err)
	}
	if _, err := os.Lstat(stale); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it stays: %v", err)
	}
}

func TestACancelledQuestionDoesNotWait(t *testing.T) {
	hang := make(chan struct{})
	defer close(hang)
	s := &session{connect: func(context.Context) (*client, error) { <-hang; return nil, errors.New("no") }}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(10*time.Millisecond, cancel)
	if _, err := ask(ctx, s, func(*client) (int, error) { return 0, nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
