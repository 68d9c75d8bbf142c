package cache_test

import (
	"net/url"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/s3fc/s3fc/backends/localfs"
	"github.com/s3fc/s3fc/backends/memory"
	"github.com/s3fc/s3fc/backends/s3"
	"github.com/s3fc/s3fc/conformance"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/s3server"
	"github.com/s3fc/s3fc/internal/testkit/cachetest"
	"github.com/s3fc/s3fc/internal/testkit/long"
)

// opens are the trees that a memory is put around, each new.
var opens = map[string]conformance.Open{
	"memory":  func(testing.TB) core.Backend { return memory.New() },
	"opaque":  func(testing.TB) core.Backend { return memory.NewOpaque(likeS3) },
	"localfs": openDir,
	"s3":      func(t testing.TB) core.Backend { return openS3(t) },
	"KMS":     func(t testing.TB) core.Backend { return openS3(t, s3server.KMS) },
}

func openDir(t testing.TB) core.Backend {
	t.Helper()
	tree, err := localfs.New(t.TempDir(), localfs.Options{SettleTime: 20 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tree.Close() })
	return tree
}

// openS3 opens a tree of a store whose objects all look old.
func openS3(t testing.TB, quirks ...s3server.Quirk) core.Backend {
	t.Helper()
	server := s3server.New(t, s3server.With(quirks...), s3server.Wrap(ahead))
	tree, err := s3.New(t.Context(), s3.Options{
		Bucket: server.Bucket, Params: url.Values{"endpoint": {server.URL}, "region": {"us-east-1"}},
		Credentials: credentials.NewStaticCredentialsProvider("AKTEST", "SKTEST", ""), MaxBackoff: time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tree.Close() })
	return tree
}

// TestConformance runs the suite on each tree behind a memory.
func TestConformance(t *testing.T) {
	for name, open := range opens {
		t.Run(name, func(t *testing.T) {
			if name != "opaque" {
				long.Only(t)
			}
			t.Parallel()
			open := cachetest.Remembering(open)
			if name != "s3" && name != "KMS" {
				conformance.Test(t, open)
				return
			}
			for _, check := range conformance.Checks() {
				store := conformance.Store{Backend: open(t)}
				// By the clock of these servers all entries are old, so two versions of one
				// second cannot be told apart.
				if check.Name == "Settled" || check.Skip(store) != "" {
					continue
				}
				t.Run(check.Name, func(t *testing.T) {
					if err := check.Run(t.Context(), store); err != nil {
						t.Error(err)
					}
				})
			}
		})
	}
}

// TestPairs copies between trees that both have a memory.
func TestPairs(t *testing.T) {
	for _, c := range [][2]string{{"opaque", "localfs"}, {"localfs", "opaque"}, {"memory", "opaque"}, {"localfs", "s3"}, {"localfs", "KMS"}, {"KMS", "localfs"}} {
		t.Run(c[0]+" to "+c[1], func(t *testing.T) {
			if c[0] != "opaque" {
				long.Only(t)
			}
			t.Parallel()
			conformance.TestPair(t, cachetest.Remembering(opens[c[0]]), cachetest.Remembering(opens[c[1]]))
		})
	}
}
