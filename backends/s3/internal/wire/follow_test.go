package wire

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// TestRedirectsKeepMethodAndBody checks that a 307 and a 308 of S3 are followed,
// signed for the new host.
func TestRedirectsKeepMethodAndBody(t *testing.T) {
	for _, status := range []int{http.StatusTemporaryRedirect, http.StatusPermanentRedirect} {
		there := record(t, nil)
		host := strings.TrimPrefix(there.URL, "http://")
		there.answer = func(w http.ResponseWriter, r *http.Request) {
			if wrong := checkSignature(r, host); wrong != "" {
				t.Errorf("%d: %s", status, wrong)
			}
			fitting(w, r)
		}
		here := record(t, nil)
		here.answer = func(w http.ResponseWriter, r *http.Request) {
			refuses(status, "TemporaryRedirect", "Location", there.URL+r.URL.EscapedPath()+"?rk=1", "X-Amz-Bucket-Region", "eu-west-1")(w, r)
		}
		s := newSender(t, here.URL)
		r := withBody(t, NewRequest(http.MethodPut, "a b"), "content")
		r.Set(Redirect, "/x")
		if _, err := s.Send(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		got := there.only(t)
		if got.Method != http.MethodPut || got.Path != "/b/a%20b" || got.Query != "rk=1" || got.Body != "content" || got.Header.Get(Redirect) != "/x" {
			t.Errorf("%d: got %+v", status, got)
		}
		if auth := got.Header.Get("Authorization"); !strings.Contains(auth, "/eu-west-1/s3/") {
			t.Errorf("%d: signed as %s; want it for the region that the store named", status, auth)
		}
	}
}

// TestWritesGoStraightToWhereTheyAreSentOn checks that a body is sent to a server that
// does not want it once, and to the endpoint again once the other server is gone.
func TestWritesGoStraightToWhereTheyAreSentOn(t *testing.T) {
	there := record(t, fitting)
	away := false
	here := record(t, nil)
	here.answer = func(w http.ResponseWriter, r *http.Request) {
		if away || r.Method != http.MethodPut {
			fitting(w, r)
			return
		}
		refuses(http.StatusTemporaryRedirect, "TemporaryRedirect", "Location", there.URL+r.URL.EscapedPath()+"?rk=1")(w, r)
	}
	s := newSender(t, here.URL)
	send := func(method string, wantHere, wantThere int) {
		t.Helper()
		r := NewRequest(method, "a b")
		if method == http.MethodPut {
			r = withBody(t, r, "content")
		}
		if _, err := s.Send(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		if gotHere, gotThere := len(here.take()), len(there.take()); gotHere != wantHere || gotThere != wantThere {
			t.Errorf("%s: %d requests here, %d there; want %d and %d", method, gotHere, gotThere, wantHere, wantThere)
		}
	}
	send(http.MethodPut, 1, 1)
	send(http.MethodPut, 0, 1)
	send(http.MethodHead, 1, 0)
	away = true
	there.Close()
	send(http.MethodPut, 1, 0)
	send(http.MethodPut, 1, 0)
}

// TestOtherRedirectsAreNotFollowed checks that nothing is sent to where somebody
// else than S3 sends it, nor without TLS.
func TestOtherRedirectsAreNotFollowed(t *testing.T) {
	there := record(t, fitting)
	login := func(status int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", there.URL+"/login")
			w.WriteHeader(status)
		}
	}
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		notS3  bool
	}{
		"302":              {login(http.StatusFound), true},
		"303":              {login(http.StatusSeeOther), true},
		"307 of a network": {login(http.StatusTemporaryRedirect), true},
		"no location":      {refuses(http.StatusTemporaryRedirect, "TemporaryRedirect"), false},
		"file":             {refuses(http.StatusTemporaryRedirect, "TemporaryRedirect", "Location", "file:///etc/passwd"), false},
	} {
		here := record(t, c.answer)
		_, err := newSender(t, here.URL).Send(t.Context(), withBody(t, NewRequest(http.MethodPut, "a"), "content"))
		if err == nil || errors.Is(err, ErrNotS3) != c.notS3 {
			t.Errorf("%s: %v; want an error that is ErrNotS3: %v", name, err, c.notS3)
		}
		if got := there.take(); len(got) > 0 {
			t.Errorf("%s: sent %+v", name, got)
		}
	}
	if _, err := follow(&Error{Status: 307, Code: "TemporaryRedirect", Header: http.Header{"Location": {"http://h/"}}}, mustURL(t, "https://h/a"), 0); err == nil {
		t.Error("a redirect from TLS to plain HTTP is followed")
	}
	var loop *recorder
	loop = record(t, func(w http.ResponseWriter, r *http.Request) {
		refuses(http.StatusTemporaryRedirect, "TemporaryRedirect", "Location", loop.URL+"/on")(w, r)
	})
	if _, err := newSender(t, loop.URL).Send(t.Context(), NewRequest(http.MethodGet, "a")); err == nil || !strings.Contains(err.Error(), "again and again") {
		t.Errorf("a ring of redirects: %v", err)
	}
	if n := len(loop.take()); n != maxHops+1 {
		t.Errorf("a ring of redirects: %d requests; want %d", n, maxHops+1)
	}
}

func mustURL(t testing.TB, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}
