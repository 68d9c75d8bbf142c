//go:build linux

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/s3server"
	"github.com/s3fc/s3fc/internal/shard"
	"github.com/s3fc/s3fc/internal/testkit/long"
)

// process runs the program in a process of its own, and returns its output and the
// memory that it had at the most.
func process(ctx context.Context, t testing.TB, env []string, args ...string) (string, footprint) {
	t.Helper()
	f, err := os.CreateTemp(t.TempDir(), "memory")
	if err != nil {
		t.Fatal(err)
	}
	_ = f.Close()
	c := exec.CommandContext(ctx, os.Args[0], args...) //nolint:gosec // This test.
	c.Env = append(append(os.Environ(), asProgram+"=1", measureTo+"="+f.Name(), "AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test",
		"AWS_CONFIG_FILE="+os.DevNull, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull, "S3FC_NO_CACHE=1"), env...)
	out, err := c.CombinedOutput()
	if err != nil {
		t.Errorf("s3fc %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	var m footprint
	if b, err := os.ReadFile(f.Name()); err == nil {
		_, _ = fmt.Sscan(string(b), &m.live, &m.resident)
		m.resident <<= 10
	}
	return string(out), m
}

// withoutObjects answers a HEAD as a bucket does without the object, and passes all
// else to the endpoint: whether a key above a cut is there is asked for.
func withoutObjects(t *testing.T, endpoint string) string {
	to, err := url.Parse(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	next := httputil.NewSingleHostReverseProxy(to)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		next.ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	return srv.URL
}

// TestEntriesOfAnyNumberArePlannedByRangesInTheSameMemory plans trees of which one is
// ten times as large as the other, in as many times more shards: to an empty directory,
// where all is put, and to a bucket that has it all. No shard takes more memory, nor
// more LISTs than its range has pages.
func TestEntriesOfAnyNumberArePlannedByRangesInTheSameMemory(t *testing.T) {
	long.Only(t)
	n := entries(t)
	for _, to := range []string{"an empty directory", "an equal bucket"} {
		small := planByRanges(t, n/10, 4, to)
		large := planByRanges(t, n, 40, to)
		const slack = 24 << 20 // as for one process: pages ahead
		if large.live > small.live+slack {
			t.Errorf("%s: a shard of %d entries in 4 had a live heap of %d KiB, and one of %d in 40 had %d KiB", to, n/10, small.live>>10, n, large.live>>10)
		}
	}
}

// planByRanges begins a run of n files and plans it, and returns the most memory that
// a step had.
func planByRanges(t *testing.T, n, shards int, to string) (most footprint) {
	t.Helper()
	begun := time.Now()
	dst, env := t.TempDir(), []string(nil)
	pages := func() int64 { return 0 }
	if to == "an equal bucket" {
		endpoint, counted := synthetic(n).serve(t)
		dst, env, pages = "s3://test", []string{"AWS_ENDPOINT_URL=" + withoutObjects(t, endpoint)}, func() int64 { return counted.Swap(0) }
	}
	state := t.TempDir()
	run := func(args ...string) string {
		out, m := process(t.Context(), t, env, append([]string{"shard"}, args...)...)
		most.live, most.resident = max(most.live, m.live), max(most.resident, m.resident)
		return out
	}
	run("plan", "--shards", strconv.Itoa(shards), "--max-requests", "100000000", "-o", state, fmt.Sprintf("synthetic://%d", n), dst)
	sampled, planned := time.Since(begun), pages()
	for i := range shards {
		run("list", "--index", strconv.Itoa(i), state)
	}
	listed := pages()
	if limit := int64(n/1000 + 3*shards); listed > limit {
		t.Errorf("%d shards of %d entries sent %d LISTs, want at most %d", shards, n, listed, limit)
	}
	var v shard.Verdict
	out := run("check", "--json", state)
	if err := json.Unmarshal([]byte(out[strings.Index(out, "{"):]), &v); err != nil || v.Totals.SrcEntries != int64(n) || v.Totals.Files+v.Totals.Kept != int64(n) {
		t.Errorf("%v: %+v", err, v.Totals)
	}
	t.Logf("%s, %d entries in %d shards: %.1f s, %.1f s of them for the cuts; at most %d MiB resident, %.1f MiB of live heap; %d LIST for the cuts, %d for the plans",
		to, n, shards, time.Since(begun).Seconds(), sampled.Seconds(), most.resident>>20, float64(most.live)/(1<<20), planned, listed)
	return most
}

// BenchmarkShards puts files to a store that takes 50 ms for each request, with 1 to 8
// shards at once, of 8 jobs each. It shows that shards do not hinder each other, and
// not the bandwidth of as many machines.
func BenchmarkShards(b *testing.B) {
	const files = 3200
	src := b.TempDir()
	for i := range files {
		dir := filepath.Join(src, fmt.Sprintf("d%02d", i%40))
		err := os.MkdirAll(dir, 0o700)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, fmt.Sprintf("f%04d.txt", i)), fmt.Appendf(nil, "file %d", i), 0o600)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	for _, shards := range []int{1, 2, 4, 8} {
		b.Run(fmt.Sprint(shards), func(b *testing.B) {
			for range b.N {
				benchmarkShards(b, src, files, shards)
			}
		})
	}
}

func benchmarkShards(b *testing.B, src string, files, shards int) {
	b.StopTimer()
	server := s3server.New(b, s3server.Slow(50*time.Millisecond))
	defer server.Stop()
	env := []string{"AWS_ENDPOINT_URL=" + server.URL, "GOMAXPROCS=" + strconv.Itoa(runtime.GOMAXPROCS(0))}
	state := b.TempDir()
	run := func(args ...string) (string, footprint) {
		return process(b.Context(), b, env, append([]string{"shard"}, args...)...)
	}
	run("plan", "--shards", strconv.Itoa(shards), "-o", state, src, "s3://test")
	for i := range shards {
		run("list", "--index", strconv.Itoa(i), state)
	}
	run("check", state)
	server.ResetLog()
	resident := make([]uint64, shards)
	var wg sync.WaitGroup
	b.StartTimer()
	for i := range shards {
		wg.Go(func() {
			_, m := run("apply", "--phase", "files", "--jobs", "8", "--index", strconv.Itoa(i), state)
			resident[i] = m.resident
		})
	}
	wg.Wait()
	b.StopTimer()
	most := uint64(0)
	for _, m := range resident {
		most = max(most, m)
	}
	b.ReportMetric(float64(server.Requests().Total())/float64(shards), "requests/shard")
	b.ReportMetric(float64(most>>20), "MiB/shard")
	b.ReportMetric(float64(files)*float64(b.N)/b.Elapsed().Seconds(), "files/s")
	if puts := server.Requests()[core.ClassPut]; puts != int64(files) {
		b.Errorf("%d PUTs for %d files", puts, files)
	}
	b.StartTimer()
}
