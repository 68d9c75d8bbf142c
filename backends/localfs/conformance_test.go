package localfs_test

import (
	"net/url"
	"path/filepath"
	"testing"

	"github.com/s3fc/s3fc/backends/localfs"
	"github.com/s3fc/s3fc/conformance"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/testkit/long"
)

// inDir opens a tree in a new directory.
func inDir(t testing.TB) core.Backend { return opened(t, t.TempDir()) }

// missing opens a tree in a directory that is made by the first write.
func missing(t testing.TB) core.Backend { return opened(t, filepath.Join(t.TempDir(), "not/yet")) }

func opened(t testing.TB, dir string) core.Backend {
	t.Helper()
	b, err := localfs.Open(t.Context(), &url.URL{Scheme: "file", Path: filepath.ToSlash(dir)}, core.Env{Create: true})
	if err != nil {
		t.Fatal(err)
	}
	if tr, ok := b.(*localfs.Tree); ok {
		t.Cleanup(func() { _ = tr.Close() })
	}
	return b
}

// plain is inDir on a system that has no calls that others lack.
func plain(t testing.TB) core.Backend {
	t.Helper()
	b := inDir(t)
	if tr, ok := b.(*localfs.Tree); ok {
		tr.Plain()
	}
	return b
}

func TestConformanceOnAPlainSystem(t *testing.T) {
	long.Only(t)
	conformance.Test(t, plain)
}

func TestConformanceOfAMissingDirectory(t *testing.T) {
	long.Only(t)
	conformance.Test(t, missing)
}

func TestPair(t *testing.T) { conformance.TestPair(t, inDir, inDir) }

func TestFaults(t *testing.T) {
	long.Only(t)
	conformance.TestFaults(t, inDir, inDir)
}

func BenchmarkConformance(b *testing.B) { conformance.Benchmark(b, inDir) }
