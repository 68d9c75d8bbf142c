//go:build unix

package s3fc_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/s3fc/s3fc"
	"github.com/s3fc/s3fc/backends/localfs"
	"github.com/s3fc/s3fc/backends/s3"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/s3server"
)

// BenchmarkUnchangedSite compares an unchanged push of 10,000 files without rules and
// with nothing known of headers with one that has rules and a cache that knows the
// headers of each. The ratio is of the processor's time, the server's included.
func BenchmarkUnchangedSite(b *testing.B) {
	b.Setenv("AWS_ACCESS_KEY_ID", s3server.AccessKey)
	b.Setenv("AWS_SECRET_ACCESS_KEY", s3server.SecretKey)
	srv := s3server.New(b)
	url := "s3://test?region=us-east-1&endpoint=" + srv.URL
	dir, caches := b.TempDir(), b.TempDir()
	for i := range 10_000 {
		name := filepath.Join(dir, fmt.Sprintf("d%02d/e/file%05d.html", i/100, i))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(strings.Repeat(name, 3)), 0o644); err != nil {
			b.Fatal(err)
		}
	}
	rules := filepath.Join(b.TempDir(), "rules.toml")
	text := cached + "[[rule]]\nmatch = \"/assets/**\"\ncontent-language = \"en\"\n[[rule]]\nmatch = [\"*.css\", \"!*.map\"]\ncache-control = \"no-cache\"\n"
	if err := os.WriteFile(rules, []byte(text), 0o644); err != nil {
		b.Fatal(err)
	}
	mux := core.NewMux(localfs.Scheme, s3.Scheme)
	push := func(o s3fc.Options) {
		b.Helper()
		if res, err := s3fc.CopyURL(b.Context(), mux, dir, url, o); err != nil || res.Need.Total() > 0 {
			b.Fatal(res, err)
		}
	}
	marked := s3fc.Options{CacheDir: caches, SiteRules: rules}
	push(marked)
	plain := s3fc.Options{CacheDir: b.TempDir(), SiteRules: s3fc.NoSiteRules}
	push(plain) // which finds out the local md5s, and nothing about headers
	var cpu [2]time.Duration
	for b.Loop() {
		for i, o := range []s3fc.Options{plain, marked} {
			began := cpuTime()
			push(o)
			cpu[i] += cpuTime() - began
		}
	}
	b.ReportMetric(float64(cpu[0].Nanoseconds())/float64(b.N*10_000), "plain-cpu-ns/file")
	b.ReportMetric(float64(cpu[1].Nanoseconds())/float64(b.N*10_000), "rules-cpu-ns/file")
	b.ReportMetric(float64(cpu[1])/float64(cpu[0]), "ratio")
}

// cpuTime is the time that the processor has spent for this process.
func cpuTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // it fails for another process only
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
