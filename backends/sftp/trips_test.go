//go:build unix

package sftp

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/s3fc/s3fc/backends/memory"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/reconcile"
)

// traffic counts the requests to an SFTP server, and the bytes both ways. It delays
// answers.
type traffic struct {
	requests, sent, received atomic.Int64
	delay                    time.Duration

	mu   sync.Mutex
	skip int    // bytes that are left of a request
	head []byte // of the next one
}

// count splits the bytes sent into requests, each after its length.
func (c *traffic) count(p []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sent.Add(int64(len(p)))
	for len(p) > 0 {
		if c.skip > 0 {
			n := min(c.skip, len(p))
			p, c.skip = p[n:], c.skip-n
			continue
		}
		n := min(4-len(c.head), len(p))
		c.head, p = append(c.head, p[:n]...), p[n:]
		if len(c.head) == 4 {
			c.requests.Add(1)
			c.skip, c.head = int(binary.BigEndian.Uint32(c.head)), nil
		}
	}
}

// over returns the connection c with its traffic counted.
func (c *traffic) over(conn *Conn) *Conn {
	return &Conn{Read: c.delayed(conn.Read), Write: countedWriter{conn.Write, c}, Close: conn.Close}
}

type countedWriter struct {
	io.WriteCloser
	traffic *traffic
}

func (w countedWriter) Write(p []byte) (int, error) {
	w.traffic.count(p)
	return w.WriteCloser.Write(p)
}

// delayed gives each answer after the delay, as a network does: others go on
// meanwhile.
func (c *traffic) delayed(from io.Reader) io.Reader {
	type arrival struct {
		at   time.Time
		data []byte
	}
	arrivals := make(chan arrival, 10_000)
	r, w := io.Pipe()
	go func() {
		defer close(arrivals)
		for {
			data := make([]byte, 64<<10)
			n, err := from.Read(data)
			c.received.Add(int64(n))
			if arrivals <- (arrival{time.Now().Add(c.delay), data[:n]}); err != nil {
				return
			}
		}
	}()
	go func() {
		defer w.Close() //nolint:errcheck // It never fails.
		for a := range arrivals {
			time.Sleep(time.Until(a.at))
			if _, err := w.Write(a.data); err != nil {
				for range arrivals { //nolint:revive // The other one goes on until the server ends.
				}
				return
			}
		}
	}()
	return r
}

// A job is a work on a tree of files, small ones in directories of ten.
type job struct {
	name string
	jobs int
	size int
	// before and after are the versions of the files at the source, before the job,
	// whose copy is not counted, and for it; "" for no files.
	before, after string
	pull          bool
	detect        reconcile.Detect
	most          float64 // requests a file, with the opening of the tree
}

var jobsOfEachKind = []job{
	{name: "push new", jobs: 1, size: 1000, after: "a", most: 13},
	{name: "push changed", jobs: 1, size: 1000, before: "a", after: "bb", most: 18},
	{name: "push unchanged", jobs: 1, size: 1000, before: "a", after: "a", most: 13},
	{name: "push unchanged by size and time", jobs: 1, size: 1000, before: "a", after: "a", detect: reconcile.DetectSizeTime, most: 1.5},
	{name: "delete", jobs: 1, size: 1000, before: "a", most: 7},
	{name: "pull new", jobs: 1, size: 1000, after: "a", pull: true, most: 11},
	{name: "pull unchanged", jobs: 1, size: 1000, before: "a", after: "a", pull: true, most: 13},
	{name: "pull unchanged by size and time", jobs: 1, size: 1000, before: "a", after: "a", pull: true, detect: reconcile.DetectSizeTime, most: 1.5},
	{name: "push 1 MiB", jobs: 1, size: 1 << 20, after: "a", most: 45},
	{name: "pull 1 MiB", jobs: 1, size: 1 << 20, after: "a", pull: true, most: 43},
	{name: "push new with 8 jobs", jobs: 8, size: 1000, after: "a", most: 16},
}

// fill makes n files of this version in m.
func (j job) fill(tb testing.TB, b core.Backend, version string, n int) {
	tb.Helper()
	m := memory.New()
	if version != "" {
		for i := range n {
			e := core.Entry{Key: fmt.Sprintf("d%d/f%d", i/10, i%10), Kind: core.File, ModTime: time.Unix(1_500_000_000, 0)}
			m.Plant(e, []byte(strings.Repeat(version, j.size)))
		}
	}
	copyAll(tb, m, b, 8, reconcile.DetectAuto)
}

// copyAll makes dst equal to src.
func copyAll(tb testing.TB, src core.Tree, dst core.Backend, jobs int, detect reconcile.Detect) {
	tb.Helper()
	all, err := reconcile.ParseDeleteLimit("100%")
	if err != nil {
		tb.Fatal(err)
	}
	r := &reconcile.Reconciler{Src: src, Dst: dst, Jobs: jobs, Detect: detect, MaxDelete: all, AllowEmptySource: true}
	p, err := r.Prepare(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	defer p.Close() //nolint:errcheck // Nothing is lost with it.
	if sum, err := r.Apply(tb.Context(), p, nil); err != nil || sum.Errors > 0 {
		tb.Fatalf("%d errors, %v", sum.Errors, err)
	}
}

// run does the job with n files, and returns its traffic and how long it took.
func (j job) run(tb testing.TB, n int, delay time.Duration) (*traffic, time.Duration) {
	tb.Helper()
	s, dir := newServer(tb), dirFor(tb)
	plain, err := s.open(tb, dir, Options{})
	if err != nil {
		tb.Fatal(err)
	}
	other := memory.New() // the side that is not counted
	if j.pull {
		j.fill(tb, other, j.before, n)
		j.fill(tb, plain, j.after, n)
	} else {
		j.fill(tb, other, j.after, n)
		j.fill(tb, plain, j.before, n)
	}
	c := &traffic{delay: delay}
	tree, err := New(tb.Context(), dir, func(ctx context.Context) (*Conn, error) {
		conn, err := s.connect(ctx)
		if err != nil {
			return nil, err
		}
		return c.over(conn), nil
	}, Options{})
	if err != nil {
		tb.Fatal(err)
	}
	defer tree.Close() //nolint:errcheck // Nothing is lost with it.
	start := time.Now()
	if j.pull {
		copyAll(tb, tree, other, j.jobs, j.detect)
	} else {
		copyAll(tb, other, tree, j.jobs, j.detect)
	}
	return c, time.Since(start)
}

// BenchmarkTrips shows how many requests, bytes and round trips a file costs. A
// round trip takes 20 ms, so that all else is small beside it.
func BenchmarkTrips(b *testing.B) {
	const n, delay = 50, 20 * time.Millisecond
	for _, j := range jobsOfEachKind {
		b.Run(strings.ReplaceAll(j.name, " ", "_"), func(b *testing.B) {
			for b.Loop() {
				c, took := j.run(b, n, delay)
				b.ReportMetric(float64(c.requests.Load())/n, "requests/file")
				b.ReportMetric(float64(c.sent.Load()+c.received.Load())/n, "bytes/file")
				b.ReportMetric(float64(took)/float64(delay)/n, "trips/file")
			}
		})
	}
}

// TestRequestsOfAFile checks how many requests a file costs.
func TestRequestsOfAFile(t *testing.T) {
	const n = 20
	for _, j := range jobsOfEachKind {
		c, _ := j.run(t, n, 0)
		if got := float64(c.requests.Load()) / n; got > j.most || got == 0 {
			t.Errorf("%s: %.1f requests a file; want at most %.1f", j.name, got, j.most)
		}
	}
}
