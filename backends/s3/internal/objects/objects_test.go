package objects

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/s3fc/s3fc/backends/s3/internal/ability"
	"github.com/s3fc/s3fc/backends/s3/internal/listing"
	"github.com/s3fc/s3fc/backends/s3/internal/wire"
	"github.com/s3fc/s3fc/backends/s3/internal/wire/wiretest"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/s3server"
)

// open returns the objects of a bucket of a server with these quirks.
func open(t testing.TB, opts ...s3server.Option) (*Store, *s3server.Server) {
	t.Helper()
	srv := s3server.New(t, opts...)
	return openAt(t, srv.URL, new(ability.Set)), srv
}

func openAt(t testing.TB, url string, can *ability.Set) *Store {
	t.Helper()
	sender, _ := wiretest.Sender(t, url, can)
	return &Store{Sender: sender, Can: can, Parallel: 4}
}

// put writes content in the place of a version and returns its ETag.
func put(t testing.TB, s *Store, key, content string, old Version) (string, error) {
	t.Helper()
	r, err := wire.NewRequest(http.MethodPut, key).WithBody(strings.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	r.Set(wire.ContentMD5, core.SumMD5([]byte(content)).Base64())
	a, err := s.Put(t.Context(), r, old)
	if err != nil {
		return "", err
	}
	return a.ETag(), nil
}

func mustPut(t testing.TB, s *Store, key, content string, old Version) string {
	t.Helper()
	etag, err := put(t, s, key, content, old)
	if err != nil {
		t.Fatal(err)
	}
	return etag
}

// sent runs f and returns the requests of it, as the server got them.
func sent(srv *s3server.Server, f func()) string {
	srv.ResetLog()
	f()
	return srv.Requests().String()
}

func putLink(t testing.TB, s *Store, key, location string) error {
	t.Helper()
	r, err := wire.NewRequest(http.MethodPut, key).WithBody(strings.NewReader("page"), 4)
	if err != nil {
		t.Fatal(err)
	}
	r.Set(wire.Redirect, location)
	r.Set(wire.CacheControl, "no-cache")
	_, err = s.Put(t.Context(), r, Version{None: true})
	return err
}

// TestABareConditionIsLearnt checks that a store which compares conditions without
// quotes is asked so, and that its conditions then hold.
func TestABareConditionIsLearnt(t *testing.T) {
	s, srv := open(t, s3server.BareIfMatch)
	first := mustPut(t, s, "a", "1", Version{None: true})
	var second string
	if got := sent(srv, func() { second = mustPut(t, s, "a", "2", Version{ETag: first}) }); got != "1 HEAD, 2 PUT" {
		t.Errorf("the first overwrite: %s; want a HEAD and 2 PUT", got)
	}
	if got := sent(srv, func() { mustPut(t, s, "a", "3", Version{ETag: second}) }); got != "1 PUT" {
		t.Errorf("the next overwrite: %s; want 1 PUT", got)
	}
	if _, err := put(t, s, "a", "4", Version{ETag: first}); !errors.Is(err, core.ErrChanged) {
		t.Errorf("an overwrite of another version: %v; want ErrChanged", err)
	}
	if notes := s.Can.Notes(); len(notes) != 1 || notes[0] != ability.QuotedConditions.Note() {
		t.Errorf("notes %q", notes)
	}
	if !s.Can.Has(ability.PutConditions) {
		t.Error("conditions were given up, which can be had")
	}
}

// TestAProofOfAnObjectWithACustomersKey checks that an object of which each HEAD is
// refused is overwritten after a listing proves its version, and another version
// of it is not.
func TestAProofOfAnObjectWithACustomersKey(t *testing.T) {
	sealed := s3server.Wrap(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodHead {
				w.WriteHeader(http.StatusBadRequest)
				return
			}
			next.ServeHTTP(w, r)
		})
	})
	s, _ := open(t, sealed, s3server.BareIfMatch)
	first := mustPut(t, s, "a", "1", Version{None: true})
	now, err := listing.Object{Key: "a", ETag: `"` + first + `"`, Size: 1}, error(nil)
	s.Listed = func(context.Context, string) (listing.Object, error) { return now, err }
	if _, err := put(t, s, "a", "2", Version{ETag: "other"}); !errors.Is(err, core.ErrChanged) {
		t.Errorf("another version: %v; want ErrChanged", err)
	}
	err = errors.New("no answer")
	if _, perr := put(t, s, "a", "2", Version{ETag: first}); perr == nil || !s.Can.Has(ability.QuotedConditions) {
		t.Errorf("without a listing: %v; want an error, and nothing learnt", perr)
	}
	err = nil
	mustPut(t, s, "a", "2", Version{ETag: first})
	if s.Can.Has(ability.QuotedConditions) || !s.Can.Has(ability.PutConditions) {
		t.Error("the bare form was not learnt")
	}
}

// TestARefusalForACustomersKeyIsOfOneObject checks that an object on which a store can
// compare no condition, since it has a customer's key, is overwritten after a listing
// proves its version, and that all others keep their conditions.
func TestARefusalForACustomersKeyIsOfOneObject(t *testing.T) {
	sealed := s3server.Wrap(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/sealed") && (r.Method == http.MethodHead || r.Header.Get(wire.IfMatch) != "") {
				w.WriteHeader(http.StatusBadRequest)
				_, _ = io.WriteString(w, "<Error><Code>InvalidRequest</Code></Error>")
				return
			}
			next.ServeHTTP(w, r)
		})
	})
	s, _ := open(t, sealed)
	now := listing.Object{Key: "sealed", ETag: `"` + mustPut(t, s, "sealed", "1", Version{None: true}) + `"`, Size: 1}
	s.Listed = func(context.Context, string) (listing.Object, error) { return now, nil }
	if _, err := put(t, s, "sealed", "2", Version{ETag: "other"}); !errors.Is(err, core.ErrChanged) {
		t.Errorf("another version: %v; want ErrChanged", err)
	}
	mustPut(t, s, "sealed", "2", Version{ETag: strings.Trim(now.ETag, `"`)})
	if notes := s.Can.Notes(); !s.Can.Has(ability.PutConditions) || len(notes) > 0 {
		t.Errorf("conditions were given up, notes %q", notes)
	}
	mustPut(t, s, "b", "1", Version{None: true})
	if _, err := put(t, s, "b", "2", Version{ETag: "other"}); !errors.Is(err, core.ErrChanged) {
		t.Errorf("another object: %v; want ErrChanged", err)
	}
}

// TestAConditionThatNeverHoldsIsGivenUpAfterAProof checks that, and that nothing is
// overwritten unseen before it.
func TestAConditionThatNeverHoldsIsGivenUpAfterAProof(t *testing.T) {
	never := s3server.Wrap(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get(wire.IfMatch) != "" {
				w.WriteHeader(http.StatusPreconditionFailed)
				return
			}
			next.ServeHTTP(w, r)
		})
	})
	s, srv := open(t, never)
	first := mustPut(t, s, "a", "1", Version{None: true})
	if _, err := put(t, s, "a", "2", Version{ETag: "other"}); !errors.Is(err, core.ErrChanged) {
		t.Errorf("another version: %v; want ErrChanged", err)
	}
	if _, err := put(t, s, "missing", "2", Version{ETag: "other"}); !errors.Is(err, core.ErrChanged) {
		t.Errorf("no object: %v; want ErrChanged", err)
	}
	if !s.Can.Has(ability.PutConditions) {
		t.Fatal("given up without a proof")
	}
	second := mustPut(t, s, "a", "2", Version{ETag: first})
	if got := sent(srv, func() { mustPut(t, s, "a", "3", Version{ETag: second}) }); got != "1 PUT" {
		t.Errorf("the next overwrite: %s; want 1 PUT", got)
	}
	if notes := s.Can.Notes(); len(notes) != 1 || notes[0] != ability.PutConditions.Note() {
		t.Errorf("notes %q; want a warning", notes)
	}
	if err := s.Delete(t.Context(), Target{"a", Version{ETag: "other"}}); !errors.Is(err, core.ErrChanged) {
		t.Errorf("delete of another version: %v; want ErrChanged", err)
	}
	third := core.SumMD5([]byte("3")).String()
	if err := s.Delete(t.Context(), Target{"a", Version{ETag: third}}); err != nil || s.Can.Has(ability.DeleteConditions) {
		t.Errorf("delete: %v; want it done without a condition", err)
	}
}

// TestAConditionThatOnceHeldIsBelieved checks that a 412 costs no HEAD then.
func TestAConditionThatOnceHeldIsBelieved(t *testing.T) {
	s, srv := open(t)
	first := mustPut(t, s, "a", "1", Version{None: true})
	mustPut(t, s, "a", "2", Version{ETag: first})
	got := sent(srv, func() {
		if _, err := put(t, s, "a", "3", Version{ETag: first}); !errors.Is(err, core.ErrChanged) {
			t.Errorf("%v; want ErrChanged", err)
		}
	})
	if got != "1 PUT" {
		t.Errorf("sent %s; want 1 PUT", got)
	}
}

// TestAPersonWhoInsistsOnConditionsKeepsThem checks that has=conditions fails the write
// instead.
func TestAPersonWhoInsistsOnConditionsKeepsThem(t *testing.T) {
	srv := s3server.New(t, s3server.NoConditions)
	can, err := ability.New("conditions", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	s := openAt(t, srv.URL, can)
	if _, err := put(t, s, "a", "1", Version{None: true}); !wire.HasStatus(err, http.StatusNotImplemented) {
		t.Errorf("%v; want the refusal", err)
	}
}

// TestAHeaderThatAStoreRefusesInAnyWords checks that one try without each optional
// header finds it, and that later requests leave it out.
func TestAHeaderThatAStoreRefusesInAnyWords(t *testing.T) {
	for _, c := range []struct {
		header string
		lost   ability.Ability
	}{{"If-None-Match", ability.PutConditions}, {"X-Amz-Website-Redirect-Location", ability.Redirects}, {"Cache-Control", ability.CachePolicy}} {
		s, srv := open(t, s3server.RefusesHeader(c.header))
		if err := putLink(t, s, "l", "/a"); err != nil {
			t.Errorf("%s: %v", c.header, err)
		}
		for _, a := range []ability.Ability{ability.PutConditions, ability.Redirects, ability.CachePolicy} {
			if s.Can.Has(a) == (a == c.lost) {
				t.Errorf("%s: Has(%s) = %v", c.header, a.Name(), a == c.lost)
			}
		}
		if got := sent(srv, func() { _ = putLink(t, s, "m", "/a") }); got != "1 PUT" {
			t.Errorf("%s: the next link: %s; want 1 PUT", c.header, got)
		}
	}
}

// TestBatches checks how objects are deleted by stores that know no batches, no ETags
// in one, or compare them wrongly.
func TestBatches(t *testing.T) {
	wrong := s3server.Wrap(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Has("delete") {
				_, _ = w.Write([]byte("<DeleteResult><Error><Key>a0</Key><Code>PreconditionFailed</Code></Error><Error><Key>a1</Key><Code>PreconditionFailed</Code></Error><Error><Key>a2</Key><Code>PreconditionFailed</Code></Error></DeleteResult>"))
				return
			}
			next.ServeHTTP(w, r)
		})
	})
	for name, c := range map[string]struct {
		opt         s3server.Option
		first, then string
		lost        []ability.Ability
	}{
		"as S3":       {s3server.NoKeyCount, "1 DELETE", "1 DELETE", nil},
		"501":         {s3server.NoBatchDelete(http.StatusNotImplemented), "1 HEAD, 5 DELETE", "3 DELETE", []ability.Ability{ability.BatchDelete}},
		"405":         {s3server.NoBatchDelete(http.StatusMethodNotAllowed), "4 DELETE", "3 DELETE", []ability.Ability{ability.BatchDelete}},
		"400":         {s3server.NoBatchDelete(http.StatusBadRequest), "1 HEAD, 5 DELETE", "3 DELETE", []ability.Ability{ability.BatchDelete}},
		"no ETags":    {s3server.NoBatchETags, "1 HEAD, 4 DELETE", "3 DELETE", []ability.Ability{ability.BatchConditions}},
		"wrong ETags": {wrong, "3 HEAD, 4 DELETE", "3 DELETE", []ability.Ability{ability.BatchDelete}},
	} {
		t.Run(name, func(t *testing.T) {
			s, srv := open(t, c.opt)
			deleteThree := func() string {
				var targets []Target
				for i := range 3 {
					key := fmt.Sprint("a", i)
					targets = append(targets, Target{key, Version{ETag: mustPut(t, s, key, key, Version{None: true})}})
				}
				return sent(srv, func() {
					for i, err := range s.DeleteAll(t.Context(), targets) {
						if err != nil {
							t.Errorf("%s: %v", targets[i].Key, err)
						}
					}
				})
			}
			if got := deleteThree(); got != c.first {
				t.Errorf("the first batch: %s; want %s", got, c.first)
			}
			if got := deleteThree(); got != c.then {
				t.Errorf("the next batch: %s; want %s", got, c.then)
			}
			for _, a := range c.lost {
				if s.Can.Has(a) {
					t.Errorf("%s is still believed", a.Name())
				}
			}
			other := Target{"b", Version{ETag: "other"}}
			mustPut(t, s, "b", "b", Version{None: true})
			if err := s.DeleteAll(t.Context(), []Target{other})[0]; !errors.Is(err, core.ErrChanged) {
				t.Errorf("another version: %v; want ErrChanged", err)
			}
		})
	}
}

// TestDeletesWithoutConditions checks that an object is asked for before it is deleted
// where the store has no conditional deletes, and that another version stays.
func TestDeletesWithoutConditions(t *testing.T) {
	for lacks, c := range map[string]struct{ one, three string }{
		"delete-conditions":                  {"1 HEAD, 1 DELETE", "1 DELETE"},
		"delete-conditions,batch-conditions": {"1 HEAD, 1 DELETE", "3 HEAD, 1 DELETE"},
		"batch-conditions":                   {"1 DELETE", "3 DELETE"},
		"batch-delete,delete-conditions":     {"1 HEAD, 1 DELETE", "3 HEAD, 3 DELETE"},
	} {
		t.Run(lacks, func(t *testing.T) {
			var opts []s3server.Option
			if lacks != "batch-conditions" {
				opts = append(opts, s3server.Wrap(ignoresDeleteConditions))
			}
			srv := s3server.New(t, opts...)
			can, err := ability.New("", lacks, nil)
			if err != nil {
				t.Fatal(err)
			}
			s := openAt(t, srv.URL, can)
			var targets []Target
			for _, key := range []string{"a", "b", "c", "d"} {
				targets = append(targets, Target{key, Version{ETag: mustPut(t, s, key, key, Version{None: true})}})
			}
			if got := sent(srv, func() { err = s.Delete(t.Context(), targets[0]) }); err != nil || got != c.one {
				t.Errorf("a delete: %v, %s; want %s", err, got, c.one)
			}
			var errs []error
			if got := sent(srv, func() { errs = s.DeleteAll(t.Context(), targets[1:]) }); errors.Join(errs...) != nil || got != c.three {
				t.Errorf("three deletes: %v, %s; want %s", errs, got, c.three)
			}
			if lacks == "delete-conditions" {
				return // conditions in a batch are said to hold
			}
			mustPut(t, s, "e", "e", Version{None: true})
			e := Target{"e", Version{ETag: "other"}}
			for _, err := range append(s.DeleteAll(t.Context(), []Target{e}), s.Delete(t.Context(), e)) {
				if !errors.Is(err, core.ErrChanged) {
					t.Errorf("another version: %v; want ErrChanged", err)
				}
			}
			if _, err := s.Head(t.Context(), "e"); err != nil {
				t.Errorf("another version: %v; want it untouched", err)
			}
		})
	}
}

// ignoresDeleteConditions is a server that ignores If-Match on DELETE.
func ignoresDeleteConditions(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodDelete {
			r.Header.Del(wire.IfMatch)
		}
		next.ServeHTTP(w, r)
	})
}

// TestABatchThatIsRefusedForAnotherReasonIsAnError checks that a batch which is denied
// teaches nothing.
func TestABatchThatIsRefusedForAnotherReasonIsAnError(t *testing.T) {
	s, _ := open(t, s3server.DeniesWrites)
	for _, err := range s.DeleteAll(t.Context(), []Target{{"a", Version{ETag: "x"}}, {"b", Version{}}}) {
		if !wire.HasStatus(err, http.StatusForbidden) {
			t.Errorf("%v; want the refusal", err)
		}
	}
	if !s.Can.Has(ability.BatchDelete) || !s.Can.Has(ability.BatchConditions) {
		t.Error("an ability was lost")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if errs := s.DeleteAll(ctx, []Target{{"a", Version{ETag: "x"}}}); !errors.Is(errs[0], context.Canceled) {
		t.Errorf("%v; want the context's error", errs)
	}
}

// TestExpectIsLeftAway checks that a body is sent without Expect after a 417, and so
// are all that follow.
func TestExpectIsLeftAway(t *testing.T) {
	s, srv := open(t, s3server.RefusesExpect)
	large := strings.Repeat("x", 3<<20)
	// A refusal before the body may break the connection, which costs one try more, as
	// often as it does.
	if got := sent(srv, func() { mustPut(t, s, "0", large, Version{None: true}) }); got == "1 PUT" || !strings.HasSuffix(got, " PUT") {
		t.Errorf("first large file: %s; want the refused PUT and another", got)
	}
	if got := sent(srv, func() { mustPut(t, s, "1", large, Version{None: true}) }); got != "1 PUT" {
		t.Errorf("second large file: %s; want 1 PUT", got)
	}
	if s.Can.Has(ability.Expect) {
		t.Error("Expect is still believed")
	}
}

// TestExpectIsLeftAwayAfterARefusalInAnyWords checks that for a store that answers
// Expect with a 400, also one that refuses a condition in the same way, and that
// smaller files are sent as ever.
func TestExpectIsLeftAwayAfterARefusalInAnyWords(t *testing.T) {
	large := strings.Repeat("x", 3<<20)
	for name, quirks := range map[string][]s3server.Quirk{
		"Expect":               {s3server.RefusesHeader("Expect")},
		"Expect and condition": {s3server.RefusesHeader("Expect"), s3server.RefusesHeader("If-None-Match")},
	} {
		t.Run(name, func(t *testing.T) {
			var opts []s3server.Option
			for _, q := range quirks {
				opts = append(opts, q)
			}
			s, srv := open(t, opts...)
			mustPut(t, s, "first", large, Version{None: true})
			if got := sent(srv, func() { mustPut(t, s, "second", large, Version{None: true}) }); got != "1 PUT" {
				t.Errorf("second large file: %s; want 1 PUT", got)
			}
			if s.Can.Has(ability.Expect) || s.Can.Has(ability.PutConditions) != (len(quirks) == 1) {
				t.Errorf("Expect is believed: %v, conditions: %v", s.Can.Has(ability.Expect), s.Can.Has(ability.PutConditions))
			}
		})
	}
}

// TestWritesThatAreRedirected checks that each is followed with its body.
func TestWritesThatAreRedirected(t *testing.T) {
	s, srv := open(t, s3server.RedirectsPut)
	etag := mustPut(t, s, "a", "content", Version{None: true})
	if want := core.SumMD5([]byte("content")).String(); etag != want {
		t.Errorf("ETag %s; want %s", etag, want)
	}
	if n := len(srv.Log()); n != 2 {
		t.Errorf("%d requests; want 2", n)
	}
}

// TestManyOverwritesLearnTheBareFormTogether checks that none fails because another one
// has just learnt it.
func TestManyOverwritesLearnTheBareFormTogether(t *testing.T) {
	s, _ := open(t, s3server.BareIfMatch)
	etags := make([]string, 40)
	for i := range etags {
		etags[i] = mustPut(t, s, fmt.Sprint(i), "1", Version{None: true})
	}
	var wg sync.WaitGroup
	for i, etag := range etags {
		wg.Go(func() {
			if _, err := put(t, s, fmt.Sprint(i), "2", Version{ETag: etag}); err != nil {
				t.Errorf("%d: %v", i, err)
			}
		})
	}
	wg.Wait()
}

// TestAConditionThatIsIgnoredOnACopyProvesNothing checks that a copy which went well does
// not make a 412 to a PUT believed: Ceph ignores the one, and compares the other bare.
func TestAConditionThatIsIgnoredOnACopyProvesNothing(t *testing.T) {
	s, _ := open(t, s3server.BareIfMatch, s3server.Wrap(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get(wire.CopySource) != "" {
				r.Header.Del(wire.IfMatch)
			}
			next.ServeHTTP(w, r)
		})
	}))
	etag := mustPut(t, s, "a", "1", Version{None: true})
	r := wire.NewRequest(http.MethodPut, "a")
	r.Set(wire.CopySource, s.Sender.Source("a"))
	r.Set(wire.MetaDirective, "REPLACE")
	if err := s.CopyOnto(t.Context(), r, Version{ETag: etag}); err != nil {
		t.Fatal(err)
	}
	if _, err := put(t, s, "a", "2", Version{ETag: etag}); err != nil {
		t.Errorf("the overwrite: %v", err)
	}
}

// TestServersThatTrimTheKeysOfABatch checks that no other object is deleted, and that a
// key which the answer does not name is deleted alone.
func TestServersThatTrimTheKeysOfABatch(t *testing.T) {
	trims := s3server.Wrap(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Has("delete") {
				b, _ := io.ReadAll(r.Body)
				b = bytes.ReplaceAll(b, []byte(" </Key>"), []byte("</Key>"))
				b = bytes.ReplaceAll(b, []byte("<Object><Key>forgotten</Key>"), []byte("<Object><Key>nothing</Key>"))
				r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(b)), int64(len(b))
				r.Header.Del("Content-Md5")
				r.Header.Del("X-Amz-Content-Sha256")
			}
			next.ServeHTTP(w, r)
		})
	})
	s, _ := open(t, trims)
	for _, key := range []string{"a", "a ", " b", "forgotten", "c"} {
		mustPut(t, s, key, key, Version{None: true})
	}
	targets := []Target{{Key: "a "}, {Key: "c"}, {Key: " b"}, {Key: "forgotten"}}
	for i, err := range s.DeleteAll(t.Context(), targets) {
		if err != nil {
			t.Errorf("%q: %v", targets[i].Key, err)
		}
	}
	if _, err := s.Head(t.Context(), "a"); err != nil {
		t.Errorf("another object: %v; want it untouched", err)
	}
	for _, gone := range targets {
		if _, err := s.Head(t.Context(), gone.Key); !wire.HasStatus(err, http.StatusNotFound) {
			t.Errorf("%q is still there: %v", gone.Key, err)
		}
	}
}
