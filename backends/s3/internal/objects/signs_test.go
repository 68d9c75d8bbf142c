package objects

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/s3fc/s3fc/backends/s3/internal/ability"
	"github.com/s3fc/s3fc/backends/s3/internal/listing"
	"github.com/s3fc/s3fc/backends/s3/internal/wire"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/s3server"
)

// bare drops each header of the answers about objects that names S3, as proxies are
// configured to.
var bare = s3server.Wrap(func(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Count(r.URL.Path, "/") > 1 {
			w = &bareWriter{ResponseWriter: w}
		}
		next.ServeHTTP(w, r)
	})
})

type bareWriter struct {
	http.ResponseWriter
	begun bool
}

func (w *bareWriter) WriteHeader(status int) {
	w.begun = true
	maps.DeleteFunc(w.Header(), func(name string, _ []string) bool {
		name = http.CanonicalHeaderKey(name)
		return name == "Etag" || strings.HasPrefix(name, "X-Amz-") && !strings.HasPrefix(name, wire.MetaPrefix)
	})
	w.ResponseWriter.WriteHeader(status)
}

func (w *bareWriter) Write(b []byte) (int, error) {
	if !w.begun {
		w.WriteHeader(http.StatusOK)
	}
	return w.ResponseWriter.Write(b)
}

// An answer that names S3 nowhere is S3's if a listing has the same object.
func TestAnswersThatNameS3Nowhere(t *testing.T) {
	s, srv := open(t, bare)
	meta := map[string]string{"Last-Modified": time.Unix(1e9, 0).UTC().Format(http.TimeFormat)}
	if _, err := srv.Store().PutObject("test", "a", meta, strings.NewReader("x"), 1, nil); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		size    int64
		changed time.Time
		err     error
		want    error
	}{
		"the same":        {1, time.Unix(1e9, 0), nil, nil},
		"of another size": {2, time.Unix(1e9, 0), nil, wire.ErrNotS3},
		"of another time": {1, time.Unix(1e9+1, 0), nil, wire.ErrNotS3},
		"of no time":      {1, time.Time{}, nil, wire.ErrNotS3},
		"not listed":      {0, time.Time{}, fs.ErrNotExist, wire.ErrNotS3},
	} {
		s.Listed = func(context.Context, string) (listing.Object, error) {
			return listing.Object{Size: c.size, Changed: c.changed.UTC()}, c.err
		}
		if _, err := s.Head(t.Context(), "a"); !errors.Is(err, c.want) {
			t.Errorf("HEAD, %s: %v; want %v", name, err, c.want)
		}
		a, err := s.Get(t.Context(), wire.NewRequest(http.MethodGet, "a"))
		if !errors.Is(err, c.want) {
			t.Errorf("GET, %s: %v; want %v", name, err, c.want)
		}
		if err == nil {
			_ = a.Body.Close() // not of interest
		}
	}
	s.Listed = nil
	if _, err := s.Head(t.Context(), "a"); !errors.Is(err, wire.ErrNotS3) {
		t.Errorf("HEAD, with no listing to ask: %v", err)
	}
}

// The answer to a write that names S3 nowhere is S3's if the object is there with the
// metadata that it was written with.
func TestWritesWhoseAnswersNameS3Nowhere(t *testing.T) {
	for name, c := range map[string]struct {
		opts []s3server.Option
		want error
	}{
		"stored":     {[]s3server.Option{bare}, nil},
		"not stored": {[]s3server.Option{bare, swallow}, wire.ErrNotS3},
	} {
		s, srv := open(t, c.opts...)
		s.Listed = func(_ context.Context, key string) (listing.Object, error) {
			o, err := srv.Store().HeadObject("test", key)
			if err != nil {
				return listing.Object{}, err
			}
			changed, err := http.ParseTime(o.Metadata["Last-Modified"])
			return listing.Object{Size: o.Size, Changed: changed}, err
		}
		r, err := wire.NewRequest(http.MethodPut, "a").WithBody(strings.NewReader("x"), 1)
		if err != nil {
			t.Fatal(err)
		}
		r.SetMetadata(map[string]string{"md5": core.SumMD5([]byte("x")).String()})
		if _, err := s.Put(t.Context(), r, Version{}); !errors.Is(err, c.want) {
			t.Errorf("%s: %v; want %v", name, err, c.want)
		}
	}
}

// swallow answers writes with 200 and does nothing.
var swallow = s3server.Wrap(func(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPut {
			next.ServeHTTP(w, r)
		}
	})
})

// Where nothing but size and time tells a version, one HEAD looks for it, and an
// ETag that it shows counts from then on.
func TestWeakVersions(t *testing.T) {
	for name, quirks := range map[string][]s3server.Option{"no ETags": {s3server.NoETags}, "no ETags in listings": nil} {
		s, srv := open(t, quirks...)
		at := time.Unix(1e9, 0).UTC()
		plant := func(key, content string, changed time.Time) Version {
			meta := map[string]string{"Last-Modified": changed.Format(http.TimeFormat)}
			if _, err := srv.Store().PutObject("test", key, meta, strings.NewReader(content), int64(len(content)), nil); err != nil {
				t.Fatal(err)
			}
			return Version{Size: int64(len(content)), Changed: changed}
		}
		same := plant("same", "x", at)
		got := sent(srv, func() {
			if _, err := put(t, s, "same", "new", same); err != nil {
				t.Errorf("%s: overwriting: %v", name, err)
			}
		})
		if got != "1 HEAD, 1 PUT" {
			t.Errorf("%s: overwriting took %s", name, got)
		}
		for change, old := range map[string]Version{"newer": {Size: 1, Changed: at.Add(-time.Second)}, "longer": {Size: 0, Changed: at}} {
			plant(change, "x", at)
			if _, err := put(t, s, change, "new", old); !errors.Is(err, core.ErrChanged) {
				t.Errorf("%s, %s: overwriting: %v; want ErrChanged", name, change, err)
			}
			if err := s.Delete(t.Context(), Target{change, old}); !errors.Is(err, core.ErrChanged) {
				t.Errorf("%s, %s: deleting: %v; want ErrChanged", name, change, err)
			}
			errs := s.DeleteAll(t.Context(), []Target{{change, old}, {"same2", plant("same2", "x", at)}, {"missing", same}})
			if !errors.Is(errs[0], core.ErrChanged) || errs[1] != nil || errs[2] != nil {
				t.Errorf("%s, %s: deleting in a batch: %v; want ErrChanged for the first alone", name, change, errs)
			}
			if _, err := srv.Store().HeadObject("test", change); err != nil {
				t.Errorf("%s, %s: it is gone: %v", name, change, err)
			}
			if _, err := srv.Store().HeadObject("test", "same2"); err == nil {
				t.Errorf("%s: same2 is still there", name)
			}
		}
		if _, err := put(t, s, "missing", "new", same); !errors.Is(err, core.ErrChanged) {
			t.Errorf("%s: overwriting what is gone: %v; want ErrChanged", name, err)
		}
		if s.Can.Has(ability.ETags) == (quirks != nil) {
			t.Errorf("%s: believed to have ETags: %v", name, s.Can.Has(ability.ETags))
		}
	}
}

func TestAPersonWhoInsistsOnETagsGetsAnError(t *testing.T) {
	srv := s3server.New(t, s3server.NoETags)
	can, err := ability.New("etags", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := put(t, openAt(t, srv.URL, can), "a", "x", Version{None: true}); err == nil || !strings.Contains(err.Error(), "no ETag") {
		t.Errorf("%v; want the reason", err)
	}
}
