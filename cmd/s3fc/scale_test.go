//go:build linux

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/s3fc/s3fc/internal/testkit/long"
)

// footprint is how much memory a process had at the most, in bytes.
type footprint struct {
	live     uint64 // heap that the collector found in use
	resident uint64 // all of the process
}

// entries is how many a large tree has; a tenth of it is compared with it.
func entries(t *testing.T) int {
	text := os.Getenv("S3FC_TEST_ENTRIES")
	if text == "" {
		return 30_000
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 10_000 {
		t.Fatalf("S3FC_TEST_ENTRIES=%s: want a number of 10000 or more", text)
	}
	return n
}

// TestAnUnchangedCopyOfAnySizeTakesTheSameMemory copies a tree, and one ten times
// as large, to and from a bucket that holds the same: with nothing remembered
// yet, with all of it remembered, and with --no-cache. It takes the LISTs alone,
// and the larger no more memory.
func TestAnUnchangedCopyOfAnySizeTakesTheSameMemory(t *testing.T) {
	long.Only(t)
	n := entries(t)
	small, large := newScaled(t, n/10), newScaled(t, n)
	for _, run := range []struct {
		what string
		args []string
	}{
		{"push, first", []string{small.tree, "s3://test"}},
		{"push, remembered", []string{small.tree, "s3://test"}},
		{"pull, remembered", []string{"s3://test", small.tree}},
		{"push, --no-cache", []string{"--no-cache", small.tree, "s3://test"}},
	} {
		a := small.copy(run.what, run.args)
		for i, arg := range run.args {
			run.args[i] = strings.Replace(arg, small.tree, large.tree, 1)
		}
		b := large.copy(run.what, run.args)
		const slack = 24 << 20 // pages ahead, and 8 MiB of facts before they go to disk
		if b.live > a.live+slack {
			t.Errorf("%s: %d entries had a live heap of %d KiB, and %d had %d KiB", run.what, n/10, a.live>>10, n, b.live>>10)
		}
	}
}

// scaled is a tree and a bucket that hold the same.
type scaled struct {
	t              *testing.T
	n              int
	tree, endpoint string
	pages          func() int64 // since the last time
	caches         string
}

func newScaled(t *testing.T, n int) *scaled {
	endpoint, pages := synthetic(n).serve(t)
	return &scaled{
		t: t, n: n, tree: fmt.Sprintf("synthetic://%d", n), endpoint: endpoint, caches: t.TempDir(),
		pages: func() int64 { return pages.Swap(0) },
	}
}

// copy runs the program in a process of its own, and checks that it has nothing
// to do and to the LISTs.
func (s *scaled) copy(what string, args []string) footprint {
	s.t.Helper()
	to := filepath.Join(s.t.TempDir(), "memory")
	c := exec.CommandContext(s.t.Context(), os.Args[0], append([]string{"copy"}, args...)...) //nolint:gosec // This test.
	c.Env = append(os.Environ(), asProgram+"=1", measureTo+"="+to, "AWS_ENDPOINT_URL="+s.endpoint, "AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=test",
		"AWS_SECRET_ACCESS_KEY=test", "AWS_CONFIG_FILE="+os.DevNull, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull, "S3FC_CACHE_DIR="+s.caches, "S3FC_NO_CACHE=0")
	begun := time.Now()
	out, err := c.CombinedOutput()
	wall := time.Since(begun)
	if err != nil || !strings.Contains(string(out), "nothing to do") {
		s.t.Fatalf("%s of %d: %v\n%s", what, s.n, err, out)
	}
	var m footprint
	b, err := os.ReadFile(to)
	if err == nil {
		_, err = fmt.Sscan(string(b), &m.live, &m.resident)
		m.resident <<= 10
	}
	if err != nil {
		s.t.Fatal(err)
	}
	pages := s.pages()
	if want := int64(s.n+999) / 1000; pages != want {
		s.t.Errorf("%s of %d: %d LISTs, want %d", what, s.n, pages, want)
	}
	cpu := c.ProcessState.UserTime() + c.ProcessState.SystemTime()
	s.t.Logf("%s of %d: %.2f s, %.2f s of CPU, %d MiB resident, %.1f MiB of live heap, %d LIST", what, s.n, wall.Seconds(), cpu.Seconds(), m.resident>>20, float64(m.live)/(1<<20), pages)
	return m
}
