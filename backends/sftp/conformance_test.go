//go:build unix

package sftp

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/s3fc/s3fc/backends/localfs"
	"github.com/s3fc/s3fc/backends/memory"
	"github.com/s3fc/s3fc/conformance"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/testkit/dirstore"
	"github.com/s3fc/s3fc/internal/testkit/long"
)

// store is the store in a new directory, with all hooks.
func store(t testing.TB) conformance.Store {
	s := newServer(t)
	root := dirFor(t)
	open := func(dir string, create bool) (core.Backend, error) {
		tree, err := s.open(t, dir, Options{Create: create})
		if err != nil {
			return nil, err
		}
		return tree, nil
	}
	b, err := open(root, true)
	if err != nil {
		t.Fatal(err)
	}
	st := dirstore.Hooks(t, root, b, open)
	st.Unreadable = func(dir string) (func(), error) { // the server is nobody
		p := filepath.Join(root, dir)
		readable := func() { _ = os.Chmod(p, 0o755) }
		t.Cleanup(readable)
		return readable, errors.Join(os.Chmod(p, 0))
	}
	return st
}

func TestConformance(t *testing.T) { conformance.TestStore(t, store) }

func TestPair(t *testing.T) {
	long.Only(t)
	conformance.TestPair(t, inNewDir, func(testing.TB) core.Backend { return memory.New() })
}

func TestPairWithADirectory(t *testing.T) {
	long.Only(t)
	conformance.TestPair(t, inNewDir, func(t testing.TB) core.Backend {
		tree, err := localfs.New(t.TempDir(), localfs.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = tree.Close() })
		return tree
	})
}

func TestFaults(t *testing.T) {
	long.Only(t)
	conformance.TestFaults(t, inNewDir, func(testing.TB) core.Backend { return memory.New() })
}

func BenchmarkConformance(b *testing.B) { conformance.Benchmark(b, inNewDir) }
