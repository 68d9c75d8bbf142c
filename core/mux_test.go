package core

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"
)

var errOpened = errors.New("opened")

func opener(context.Context, *url.URL, Env) (Backend, error) { return nil, errOpened }

func parseURL(t *testing.T, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestOptionsThatASchemeDoesNotHaveAreRefused(t *testing.T) {
	mux := NewMux(
		Scheme{Name: "a", Open: opener, Options: []Option{{Name: "region"}, {Name: "body", Values: []string{"page", "empty"}}}},
		Scheme{Name: "b", Open: opener},
		Scheme{Name: "c", Open: opener, Check: func(*url.URL) error { return errors.New("no bucket") }},
	)
	for in, want := range map[string]string{
		"a://x":                         "",
		"a://x?region=":                 "",
		"a://x?region=eu&body=empty":    "",
		"a://x?body=":                   "",
		"a://x?Region=eu":               `unknown parameter "Region" in a://x?Region=eu: expected one of region, body`,
		"a://x?body=none":               "body=none: expected page or empty",
		"a://x?body=page&body=none":     "body=none",
		"a://x?region=%zz":              "invalid URL escape",
		"b://x?region=eu":               "expected none",
		"c://x":                         "no bucket",
		"d://x":                         `unknown scheme "d": expected one of a://, b://, c://`,
		"a://u:secret@x?token=a":        "a://u:xxxxx@x",
		"a://x?body=page;region=eu":     "semicolon",
		"b://x?":                        "",
		"a://x?region=eu&region=us&z=1": `unknown parameter "z"`,
	} {
		err := mux.Check(parseURL(t, in))
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("Check(%s) = %v, want %q", in, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("Check(%s) shows the password: %v", in, err)
		}
	}
	if _, err := mux.Open(t.Context(), parseURL(t, "a://x?zone=1"), Env{}); err == nil || errors.Is(err, errOpened) {
		t.Errorf("Open with an unknown parameter: %v, want that it is refused", err)
	}
	if _, err := mux.Open(t.Context(), parseURL(t, "a://x?region=1"), Env{}); !errors.Is(err, errOpened) {
		t.Errorf("Open: %v, want that the scheme's opener is called", err)
	}
}

func TestPathsBelongToTheSchemeThatTakesThem(t *testing.T) {
	mux := NewMux(Scheme{Name: "a", Open: opener})
	if _, err := mux.Parse("./dir"); err == nil || !strings.Contains(err.Error(), "this program knows no directories") {
		t.Errorf("Parse of a path: %v, want an error that says that there are no directories", err)
	}
	mux.Handle(Scheme{
		Name: "dir", Open: opener,
		FromPath: func(p string) (*url.URL, error) { return &url.URL{Scheme: "dir", Path: "/" + p}, nil },
	})
	for in, want := range map[string]string{"x": "dir:///x", "a/b://c": "dir:///a/b://c", "a://b": "a://b", "./a://b": "dir:///./a://b"} {
		u, err := mux.Parse(in)
		if err != nil || u.String() != want {
			t.Errorf("Parse(%q) = %v, %v; want %s", in, u, err, want)
		}
	}
}

func TestArgumentsThatLookLikeAStoreAreNoPaths(t *testing.T) {
	mux := NewMux(
		Scheme{Name: "s3", Open: opener, Suggest: func(arg string) (string, bool) { return "s3://suggested", strings.HasPrefix(arg, "arn:") }},
		Scheme{Name: "dir", Open: opener, FromPath: func(p string) (*url.URL, error) { return &url.URL{Scheme: "dir", Opaque: p}, nil }},
	)
	for in, want := range map[string]string{
		"s3:bucket":          "did you mean s3://bucket?",
		"s3:/bucket/x":       "did you mean s3://bucket/x?",
		"S3://bucket":        "did you mean s3://bucket?",
		"s3:::bucket":        "did you mean s3://bucket?",
		"arn:aws:s3:::b":     "did you mean s3://suggested?",
		"remote:path":        "looks like a tree of another program: expected a path or one of dir://, s3://; if it is a path, write ./remote:path",
		"user@host:path":     "looks like",
		"gs://bucket":        `unknown scheme "gs" in "gs://bucket"`,
		"https://b.s3.x.com": `unknown scheme "https"`,
		"s3.x.com:80/b":      "looks like",
		"":                   "an empty tree",
		"s3://b/pr#12":       "write %23 for a # in a key",
		"s3://b/a?x=1#":      "write %23 for a # in a key",
		"s3://b/./a":         `without the segment "."`,
		"s3://b/a/..":        `without the segment ".."`,
		"s3://b/a/%2E%2E/c":  `without the segment ".."`,
	} {
		if u, err := mux.Parse(in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Parse(%q) = %v, %v; want an error with %q", in, u, err, want)
		}
	}
	for _, path := range []string{"s3", "./s3:bucket", "/remote:path", "a/b:c", `C:\site`, "C:/site", "c:", "dir:", "../s3:/x", "a b"} {
		if u, err := mux.Parse(path); err != nil || u.Opaque != path {
			t.Errorf("Parse(%q) = %v, %v; want a path", path, u, err)
		}
	}
}

func TestTreesInsideOneAnother(t *testing.T) {
	mux := NewMux(
		Scheme{Name: "s", Open: opener, Endpoint: func(u *url.URL) string { return u.Query().Get("endpoint") }},
		Scheme{Name: "m", Open: opener},
	)
	for _, tt := range []struct {
		out, in, key string
		inside       bool
	}{
		{"s://b", "s://b", ".", true},
		{"s://b/", "s://b?region=eu-west-1", ".", true},
		{"s://b/x", "s://b/x/", ".", true},
		{"s://b", "s://b/undo", "undo", true},
		{"s://b/", "s://b/x/undo/", "x/undo", true},
		{"s://b/x", "s://b/x/undo", "undo", true},
		{"s://b/x/y", "s://b/x", "", false},
		{"s://b/x", "s://b/xy", "", false},
		{"s://b/x", "s://c/x", "", false},
		{"s://b", "s://b?endpoint=http://h", "", false},
		{"s://b?endpoint=http://h", "s://b/k?endpoint=http://h", "k", true},
		{"s://b", "m://b", "", false},
		{"m://b/x/", "m://b/x/y%20z/undo", "y z/undo", true},
		{"no://b", "no://b", "", false},
	} {
		if key, ok := mux.Within(parseURL(t, tt.out), parseURL(t, tt.in)); key != tt.key || ok != tt.inside {
			t.Errorf("%s inside %s: %q, %v; want %q, %v", tt.in, tt.out, key, ok, tt.key, tt.inside)
		}
	}
}

func TestAMuxRefusesMistakesOfTheProgram(t *testing.T) {
	path := func(string) (*url.URL, error) { return nil, nil }
	for name, second := range map[string]Scheme{
		"no name":            {Open: opener},
		"no opener":          {Name: "b"},
		"a name twice":       {Name: "a", Open: opener},
		"two take paths":     {Name: "b", Open: opener, FromPath: path},
		"the same once more": {Name: "a", Open: opener, FromPath: path},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: Handle did not panic", name)
				}
			}()
			NewMux(Scheme{Name: "a", Open: opener, FromPath: path}, second)
		}()
	}
}
