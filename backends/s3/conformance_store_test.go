package s3

import (
	"testing"

	"github.com/s3fc/s3fc/conformance"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/s3server"
	"github.com/s3fc/s3fc/internal/testkit/bucketstore"
)

// storeOn returns the store below a prefix of a bucket, with all hooks that a bucket
// can have.
func storeOn(t testing.TB, prefix string) conformance.Store {
	t.Helper()
	s := s3server.New(t)
	tree := openAt(t, s.URL, Options{Prefix: prefix})
	if prefix != "" {
		prefix += "/"
	}
	store, err := bucketstore.Bucket{Client: tree.client, Name: "test", Prefix: prefix}.Hooks(t.Context(), conformance.Store{
		Backend: tree,
		Again:   func() (core.Backend, error) { return openAt(t, s.URL, Options{Prefix: prefix}), nil },
		Missing: func() (core.Tree, error) { return openAt(t, s.URL, Options{Bucket: "missing", Prefix: prefix}), nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	return store
}
