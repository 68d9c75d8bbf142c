//go:build unix

package cmd

import (
	"bytes"
	"context"
	"crypto/md5" //nolint:gosec // An ETag.
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/s3fc/s3fc/backends/memory"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/reconcile"
)

// aSite is a small site with a link.
func aSite() map[string]string {
	files := map[string]string{"site/latest": "→v2", "site/index.html": "<p>index</p>", "prices.json": `{"store": "Mine", "date": "2026-11-22", "per_1000": {"PUT": 0.005, "LIST": 0.005, "GET": 0.0004, "HEAD": 0.0004}}`}
	for i := range 9 {
		files[fmt.Sprintf("site/v2/page-%d.txt", i)] = fmt.Sprintf("page %d of version 2", i)
	}
	return files
}

// gate lets some requests through, and holds the others. It is safe for concurrent
// use.
type gate struct {
	mu   sync.Mutex
	more *sync.Cond
	left int // that are let through
	held int
}

func newGate() *gate {
	g := new(gate)
	g.more = sync.NewCond(&g.mu)
	return g
}

// enter waits until it is let through, or ctx ends.
func (g *gate) enter(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { g.allow(0) })
	defer stop()
	g.mu.Lock()
	defer g.mu.Unlock()
	g.held++
	defer func() { g.held-- }()
	for g.left == 0 && ctx.Err() == nil {
		g.more.Wait()
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	g.left--
	return nil
}

// allow lets n more through.
func (g *gate) allow(n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.left += n
	g.more.Broadcast()
}

// awaitHeld waits until n are held, and none is on its way.
func (g *gate) awaitHeld(t testing.TB, n int) {
	t.Helper()
	for range 3000 {
		g.mu.Lock()
		ready := g.held == n && g.left == 0
		g.mu.Unlock()
		if ready {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatalf("%d requests did not come in 30 s", n)
}

// settleTime is longer than it takes until a change is in the progress.
const settleTime = 60 * time.Millisecond

// holdPuts holds each PUT until the gate lets it through.
func (s *stage) holdPuts() {
	s.wrap = func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPut {
				body, _ := io.ReadAll(r.Body)
				r.Body = io.NopCloser(bytes.NewReader(body))
				if s.gate.enter(r.Context()) != nil {
					return
				}
			}
			next.ServeHTTP(w, r)
		})
	}
}

// inSteps returns a pause: jobs PUTs are held, and n steps let some through, each
// after a time. The next step waits until the progress counts those of the last.
func inSteps(jobs, n, puts int, each time.Duration, counted func(*reconcile.Progress) int64) func(*stage) {
	return func(s *stage) {
		s.gate.awaitHeld(s, jobs)
		for step := range n {
			s.pass(each)
			s.gate.allow(puts)
			s.gate.awaitHeld(s, jobs)
			s.awaitProgress(func(p *reconcile.Progress) bool { return counted(p) == int64((step+1)*puts) })
		}
		time.Sleep(settleTime)
	}
}

func done(p *reconcile.Progress) int64 { return p.Done }

// hashedSteps counts the steps of a disk.
func hashedSteps(p *reconcile.Progress) int64 { return p.Hashed / diskStep }

// awaitProgress waits until the run has told a progress.
func (s *stage) awaitProgress(told func(*reconcile.Progress) bool) {
	s.Helper()
	for range 3000 {
		if m := s.meter.Load(); m != nil {
			m.mu.Lock()
			ok := told(&m.last)
			m.mu.Unlock()
			if ok {
				return
			}
		}
		time.Sleep(10 * time.Millisecond)
	}
	s.Fatal("the progress was not told in 30 s")
}

func openGate(s *stage) { s.gate.allow(math.MaxInt32) }

var situations = []situation{
	{
		name: "first push",
		set: func(s *stage) []string {
			s.write(aSite())
			s.holdPuts()
			return []string{"copy", "-j1", "--prices", "prices.json", "site", "s3://test/docs"}
		},
		pause: inSteps(1, 6, 1, 2*time.Second, done), resume: openGate,
	},
	{
		name: "unchanged",
		set: func(s *stage) []string {
			s.write(aSite())
			s.does("copy", "site", "s3://test/docs")
			return []string{"copy", "site", "s3://test/docs"}
		},
	},
	{
		name: "retarget",
		set: func(s *stage) []string {
			s.write(aSite())
			s.does("copy", "site", "s3://test/docs")
			s.write(map[string]string{"site/latest": "→v3", "site/v3/new.txt": "new"})
			return []string{"copy", "--delete=never", "site", "s3://test/docs"}
		},
	},
	{
		name: "446 refusals",
		once: func(dir string) error {
			err := os.WriteFile(filepath.Join(dir, "index.html"), []byte("<p>index</p>"), 0o644)
			for i := range 446 {
				err = errors.Join(err, os.Symlink(fmt.Sprintf("/etc/alternatives/%d", i), filepath.Join(dir, fmt.Sprintf("link-%03d", i))))
			}
			return err
		},
		set: func(*stage) []string { return []string{"copy", "site", "s3://test"} },
	},
	{
		name: "guard",
		set: func(s *stage) []string {
			for i := range 100 {
				s.write(map[string]string{fmt.Sprintf("others/%03d", i): "x"})
			}
			s.does("copy", "others", "s3://test")
			s.write(map[string]string{"site/a": "a", "site/000": "x"})
			return []string{"copy", "site", "s3://test"}
		},
		code: exitGuarded,
	},
	{
		name: "throttled",
		set: func(s *stage) []string {
			s.write(aSite())
			s.throttle(4)
			return []string{"copy", "-j1", "site", "s3://test"}
		},
		pause: func(s *stage) {
			<-s.throttled
			s.awaitProgress(func(p *reconcile.Progress) bool { return p.Done == 4 })
			s.pass(4 * time.Second)
		},
		resume: ctrlC, code: 130,
		alike: []sameText{
			{regexp.MustCompile(`try \d of`), "try 2 of"},
			{regexp.MustCompile(`,\s+next\s+in\s+\d\s+s`), ""},
			{regexp.MustCompile(`1 LIST, \d PUT`), "1 LIST, 6 PUT"},
		},
	},
	{
		name: "dead server",
		set: func(s *stage) []string {
			s.write(aSite())
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				s.Fatal(err)
			}
			_ = l.Close() // nobody listens there any more
			return []string{"copy", "site", "s3://test?endpoint=http://" + l.Addr().String()}
		},
		code: exitFailed,
	},
	{
		name: "interrupted",
		set: func(s *stage) []string {
			s.write(aSite())
			s.holdPuts()
			return []string{"copy", "-j2", "site", "s3://test"}
		},
		pause: inSteps(2, 6, 1, 2*time.Second, done), resume: ctrlC, code: 130,
	},
	{
		name: "hashing 4 GiB",
		set: func(s *stage) []string {
			s.mux.Handle(core.Scheme{Name: "disk", Features: memory.All, Open: func(context.Context, *url.URL, core.Env) (core.Backend, error) {
				return disk{memory.New(), s.gate}, nil
			}})
			return []string{"copy", "disk://host", "s3://test"}
		},
		pause: inSteps(1, 5, 1, 2*time.Second, hashedSteps), resume: ctrlC, code: 130,
	},
	{
		name: "3,000 files",
		once: func(dir string) (err error) {
			for i := range 3000 {
				below := filepath.Join(dir, fmt.Sprintf("%02d", i/100))
				err = errors.Join(err, os.MkdirAll(below, 0o755), os.WriteFile(filepath.Join(below, fmt.Sprintf("%04d", i)), fmt.Appendf(nil, "file %4d", i), 0o644))
			}
			return err
		},
		set: func(s *stage) []string {
			s.takePuts()
			return []string{"copy", "-j8", "site", "s3://test"}
		},
		pause: inSteps(8, 5, 300, 2*time.Second, done), resume: openGate,
	},
}

// takePuts answers PUTs without storing anything.
func (s *stage) takePuts() {
	s.wrap = func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodPut {
				next.ServeHTTP(w, r)
				return
			}
			body, _ := io.ReadAll(r.Body)
			if s.gate.enter(r.Context()) == nil {
				w.Header().Set("ETag", fmt.Sprintf(`"%x"`, md5.Sum(body))) //nolint:gosec // See the import.
			}
		})
	}
}

// throttle lets n PUTs through, and answers SlowDown to the others. The second such
// answer is told: a run that got the first waits.
func (s *stage) throttle(n int64) {
	s.throttled = make(chan struct{})
	var puts atomic.Int64
	s.wrap = func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			count := int64(0)
			if r.Method == http.MethodPut {
				count = puts.Add(1)
			}
			if count <= n {
				next.ServeHTTP(w, r)
				return
			}
			if count == n+2 {
				close(s.throttled)
			}
			_, _ = io.Copy(io.Discard, r.Body) // so that the client reads the answer
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = io.WriteString(w, "<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>")
		})
	}
}

// disk is a tree of one file of 4 GiB, which is read in steps of 20 MiB that a gate
// lets through.
type disk struct {
	*memory.Tree
	gate *gate
}

// diskStep is how many bytes the gate lets through at once.
const diskStep = 20 << 20

var diskImage = core.Entry{Key: "images/disk.iso", Kind: core.File, Size: 4 << 30}

func (disk) List(context.Context, string) iter.Seq2[core.Entry, error] {
	return func(yield func(core.Entry, error) bool) { yield(diskImage, nil) }
}

func (disk) Stat(context.Context, string) (core.Entry, error) { return diskImage, nil }

func (d disk) Open(ctx context.Context, _ string) (io.ReadCloser, core.Entry, error) {
	return io.NopCloser(&gatedReader{ctx: ctx, gate: d.gate}), diskImage, nil
}

// gatedReader reads zeros.
type gatedReader struct {
	ctx  context.Context
	gate *gate
	left int // of the step
}

func (g *gatedReader) Read(p []byte) (int, error) {
	if g.left == 0 {
		if err := g.gate.enter(g.ctx); err != nil {
			return 0, err
		}
		g.left = diskStep
	}
	n := min(len(p), g.left)
	clear(p[:n])
	g.left -= n
	return n, nil
}
