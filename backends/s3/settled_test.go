package s3

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/s3fc/s3fc/backends/s3/internal/format"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/s3server"
	"github.com/s3fc/s3fc/internal/testkit/long"
)

// aged makes a server's clock run ahead, so that its objects look old.
func aged(by time.Duration) s3server.Option {
	return s3server.Wrap(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Date", time.Now().Add(by).UTC().Format(http.TimeFormat))
			next.ServeHTTP(w, r)
		})
	})
}

// TestSettledByTheStoresClock checks that an object counts as settled when its
// store says that it is old, whatever the clock here says, and that listing,
// HEAD and GET tell one time of change.
func TestSettledByTheStoresClock(t *testing.T) {
	for age, want := range map[time.Duration]bool{-time.Hour: false, 0: false, 5 * time.Second: true} {
		tree, _ := serve(t, Options{}, aged(age))
		put := putFile(t, tree, "f", "x")
		if put.Settled || !put.Changed.IsZero() {
			t.Errorf("Put = %+v; want an entry that is not settled, changed at no known time", put)
		}
		listed, head := list(t, tree, "")[0], stat(t, tree, "f")
		_, got := readAll(t, tree, "f")
		if listed.Settled || head.Settled != want || got.Settled != want {
			t.Errorf("%s old: settled %v, %v, %v; want false, %v, %v", age, listed.Settled, head.Settled, got.Settled, want, want)
		}
		if head.Changed.IsZero() || !head.Changed.Equal(listed.Changed) || !head.Changed.Equal(got.Changed) || time.Since(head.Changed) > time.Minute {
			t.Errorf("changed at %v, %v, %v; want one time, just now", listed.Changed, head.Changed, got.Changed)
		}
	}
}

// TestPutTellsTheParts checks that a large file's hash of parts is proved by its
// ETag.
func TestPutTellsTheParts(t *testing.T) {
	long.Only(t)
	tree, _ := serve(t, Options{})
	content := string(pattern(int(format.SingleMax) + 1))
	e := putFile(t, tree, "f", content)
	known := core.Evidence{Kind: core.File, Size: e.Size, MD5: e.MD5, Parts: []core.PartsHash{e.Parts}}
	if e.Parts.Count != 3 || !tree.Proves(list(t, tree, "")[0], known) {
		t.Errorf("Put tells %+v; want 3 parts that prove what is listed", e.Parts)
	}
}

// TestIdentity checks that two trees have one identity only if they are of one
// place.
func TestIdentity(t *testing.T) {
	seen := map[string]string{}
	for _, u := range []string{
		"s3://b", "s3://b/p", "s3://b/p/", "s3://c", "s3://b?endpoint=http://h", "s3://b?endpoint=http://h/", "s3://b?endpoint=http://H:1",
		"s3://b?region=eu-west-1",
	} {
		at, err := url.Parse(u)
		if err != nil {
			t.Fatal(err)
		}
		q := at.Query()
		if !q.Has("region") {
			q.Set("region", "us-east-1")
		}
		q.Set("anonymous", "true")
		at.RawQuery = q.Encode()
		tree, err := Open(t.Context(), at, core.Env{})
		if err != nil {
			t.Fatal(err)
		}
		id := tree.(core.Identifier).Identity()
		seen[id] += u + " "
		if err := tree.(*Tree).Close(); err != nil {
			t.Error(err)
		}
	}
	if len(seen) != 6 {
		t.Errorf("identities %q; want 6, one for s3://b/p and s3://b/p/, one for http://h with a slash and without", seen)
	}
}
