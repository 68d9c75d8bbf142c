package s3

import (
	"errors"
	"net/http"
	"net/url"
	"path"
	"strings"
	"testing"

	"github.com/s3fc/s3fc/conformance"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/s3server"
	"github.com/s3fc/s3fc/internal/testkit/long"
)

// declaredCases are the cases of the conformance suite whose outcome depends on the
// features that a URL takes away.
var declaredCases = map[string]bool{
	"DeleteChanged": true, "PutChanged": true, "CreateRace": true, "ChangedWhileSent": true, "Unconditional": true, "BatchDelete": true,
	"ConcurrentReplace": true, "ConcurrentSameKey": true, "TargetTooLong": true, "Order": true, "After": true, "Unordered": true,
	"LinkForms": true, "WrongMD5": true, "FileAndDir": true, "UnderLink": true, "Keys": true, "DeleteMissing": true, "CostCoversRequests": true,
}

// TestConformanceOfStoresThatDeclareTheirLacks checks that a store whose URL
// names the abilities that it lacks passes the suite: its features are then those of the store.
func TestConformanceOfStoresThatDeclareTheirLacks(t *testing.T) {
	long.Only(t)
	ignoresMD5 := s3server.Wrap(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !r.URL.Query().Has("delete") {
				r.Header.Del("Content-Md5")
			}
			next.ServeHTTP(w, r)
		})
	})
	for lacks, c := range map[string]struct {
		store   []s3server.Option
		notFlat bool
	}{
		"conditions": {store: []s3server.Option{s3server.Wrap(refusesPutConditions)}},
		"conditions,delete-conditions,batch-conditions": {store: []s3server.Option{s3server.IgnoresConditions}},
		"delete-conditions,batch-conditions":            {store: []s3server.Option{s3server.IgnoresDeleteConditions}},
		"batch-conditions":                              {store: []s3server.Option{s3server.NoBatchETags}},
		"kept-redirects,long-metadata":                  {store: []s3server.Option{s3server.DropsRedirect, s3server.Wrap(refusesLongMetadata)}},
		"kept-redirects":                                {store: []s3server.Option{s3server.DropsRedirect}},
		"order":                                         {store: []s3server.Option{s3server.DirectoryOrder}},
		"content-md5":                                   {store: []s3server.Option{ignoresMD5}},
		"path-conflicts,dot-segments":                   {store: []s3server.Option{s3server.Wrap(refusesDotSegments)}, notFlat: true},
	} {
		t.Run(lacks, func(t *testing.T) {
			for _, check := range conformance.Checks() {
				if !declaredCases[check.Name] {
					continue
				}
				tree, _ := serve(t, Options{Lacks: lacks, NotFlat: c.notFlat}, c.store...)
				store := conformance.Store{Backend: tree}
				if check.Skip(store) != "" {
					continue
				}
				if err := check.Run(t.Context(), store); err != nil {
					t.Errorf("%s: %v", check.Name, err)
				}
			}
		})
	}
}

// refusesPutConditions is a server that refuses conditions on PUT, as Swift does.
func refusesPutConditions(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut && r.Header.Get("If-Match")+r.Header.Get("If-None-Match") != "" {
			w.WriteHeader(http.StatusNotImplemented)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// refusesLongMetadata is a server that fails at metadata as Swift does.
func refusesLongMetadata(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, values := range r.Header {
			if strings.HasPrefix(name, "X-Amz-Meta-") && len(values[0]) > 256 {
				w.WriteHeader(http.StatusBadRequest)
				_, _ = w.Write([]byte("<Error><Code>MetadataTooLarge</Code></Error>"))
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// refusesDotSegments is a server that refuses keys as MinIO does.
func refusesDotSegments(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		escaped, below := strings.CutPrefix(r.URL.EscapedPath(), "/test/")
		key, err := url.PathUnescape(escaped)
		if p := strings.ReplaceAll(key, `\`, "/"); below && err == nil && key != "" && path.Clean("/"+p) != "/"+strings.TrimSuffix(p, "/") {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = w.Write([]byte("<Error><Code>XMinioInvalidResourceName</Code></Error>"))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// TestPathConflictsCostNothingWhereTheyAreKnown checks how many requests the search for
// conflicts takes, and that it is made only where the URL asks for it.
func TestPathConflictsCostNothingWhereTheyAreKnown(t *testing.T) {
	for lacks, want := range map[string]core.Requests{
		"":               req(core.ClassPut, 3),
		"path-conflicts": req(core.ClassPut, 3).Add(req(core.ClassHead, 2)).Add(req(core.ClassList, 3)),
	} {
		tree, s := serve(t, Options{Prefix: "p", Lacks: lacks, NotFlat: true})
		if got := counts(t, tree, s, func() {
			for _, key := range []string{"a/b/x", "a/b/y", "a/z"} {
				putFile(t, tree, key, key)
			}
		}); got != want {
			t.Errorf("lacks=%s: %v; want %v", lacks, got, want)
		}
		_, err := tree.Put(t.Context(), fileEntry("a", "a"), strings.NewReader("a"), nil)
		if errors.Is(err, core.ErrConflict) != (lacks != "") {
			t.Errorf("lacks=%s: a beside a/b: %v", lacks, err)
		}
	}
}

// TestAStoreThatDoesNotCheckContentMD5IsLearnt checks that wrong content is noticed by
// the ETag once, and before it is sent from then on.
func TestAStoreThatDoesNotCheckContentMD5IsLearnt(t *testing.T) {
	tree, s := serve(t, Options{}, s3server.Wrap(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			r.Header.Del("Content-Md5")
			next.ServeHTTP(w, r)
		})
	}))
	wrong := func(key string) (err error) {
		e := fileEntry(key, "content")
		e.MD5 = core.SumMD5([]byte("another"))
		_, err = tree.Put(t.Context(), e, strings.NewReader("content"), nil)
		return err
	}
	if err := wrong("a"); !errors.Is(err, core.ErrCorrupt) {
		t.Errorf("the first: %v; want ErrCorrupt", err)
	}
	if got := counts(t, tree, s, func() {
		if err := wrong("b"); !errors.Is(err, core.ErrCorrupt) {
			t.Errorf("the second: %v; want ErrCorrupt", err)
		}
	}); got != (core.Requests{}) {
		t.Errorf("the second: %v; want it refused without a request", got)
	}
	if got := notes(t, tree, core.Done{}); !strings.Contains(got, "Content-MD5") {
		t.Errorf("notes = %q", got)
	}
}
