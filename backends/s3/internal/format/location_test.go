package format

import (
	"strings"
	"testing"

	"github.com/s3fc/s3fc/core"
)

func TestParseLocation(t *testing.T) {
	key := func(k string, d core.Dir) core.Target { return core.Target{Key: k, Dir: d} }
	for _, c := range []struct {
		name, prefix, location string
		want                   core.Target
		problem                string // a part of it; empty for a link
	}{
		{"plain", "", "/a/b.html", key("a/b.html", core.NotDir), ""},
		{"directory", "", "/a/b/", key("a/b", core.IsDir), ""},
		{"root", "", "/", key(".", core.IsDir), ""},
		{"prefix", "site/", "/site/a", key("a", core.NotDir), ""},
		{"root under a prefix", "site/", "/site/", key(".", core.IsDir), ""},
		{"root without its slash", "site/", "/site", key(".", core.NotDir), ""},
		{"sibling of the prefix", "site/", "/site2/a", core.Target{}, "leads out of the tree"},
		{"outside the prefix", "site/", "/a", core.Target{}, "leads out of the tree"},
		{"host root under a prefix", "site/", "/", core.Target{}, "leads out of the tree"},
		{"encoded", "", "/a%20b/%C3%A9%2Bc", key("a b/é+c", core.NotDir), ""},
		{"encoded prefix", "my site/", "/my%20site/a", key("a", core.NotDir), ""},
		{"decoded once", "", "/a%2520b", key("a%20b", core.NotDir), ""},
		{"raw space and UTF-8", "", "/a b/é", key("a b/é", core.NotDir), ""},
		{"plus is a plus", "", "/a+b", key("a+b", core.NotDir), ""},
		{"encoded slash", "", "/a%2Fb", key("a/b", core.NotDir), ""},
		{"encoded final slash", "", "/a%2f", key("a", core.IsDir), ""},
		{"encoded query", "", "/a%3Fb%23c", key("a?b#c", core.NotDir), ""},
		{"invalid encoding", "", "/a%zzb%", key("a%zzb%", core.NotDir), ""},
		{"cut encoding", "", "/a%4", key("a%4", core.NotDir), ""},
		{"two dots in a name", "", "/a../b", key("a../b", core.NotDir), ""},
		{"NUL", "", "/a%00b", core.Target{}, "control character"},
		{"newline", "", "/a%0Ab", core.Target{}, "control character"},
		{"dot segments", "", "/%2e%2e/x", core.Target{}, "segment"},
		{"dot segments inside", "", "/a/../b", core.Target{}, "segment"},
		{"double slash", "", "/a//b", core.Target{}, "empty segment"},
		{"two final slashes", "", "/a//", core.Target{}, "ends with a slash"},
		{"invalid UTF-8", "", "/a%FF", core.Target{}, "UTF-8"},
		{"query", "", "/a?b=c", core.Target{}, "query"},
		{"fragment", "", "/a#b", core.Target{}, "query or a fragment"},
		{"host", "", "//example.org/a", core.Target{}, "host"},
		{"http", "", "http://example.org/a?b#c", core.Target{URL: "http://example.org/a?b#c"}, ""},
		{"https in capitals", "x/", "HTTPS://example.org/", core.Target{URL: "HTTPS://example.org/"}, ""},
		{"URL without host", "", "https:///a", core.Target{}, "absolute"},
		{"URL with a space", "", "https://e.org/a b", core.Target{}, "percent-encoded"},
		{"other scheme", "", "ftp://example.org/", core.Target{}, "neither"},
		{"javascript", "", "javascript:alert(1)", core.Target{}, "neither"},
		{"relative", "", "a/b", core.Target{}, "neither"},
		{"empty", "", "", core.Target{}, "empty"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := ParseLocation(c.prefix, c.location)
			if c.problem != "" {
				if err == nil || !strings.Contains(err.Error(), c.problem) {
					t.Fatalf("ParseLocation(%q, %q) = %+v, %v; want an error with %q", c.prefix, c.location, got, err, c.problem)
				}
				return
			}
			if err != nil || got != c.want {
				t.Errorf("ParseLocation(%q, %q) = %+v, %v; want %+v", c.prefix, c.location, got, err, c.want)
			}
		})
	}
}

func TestLocation(t *testing.T) {
	for _, c := range []struct {
		prefix string
		target core.Target
		want   string
	}{
		{"", core.Target{Key: "a/b"}, "/a/b"},
		{"", core.Target{Key: "a/b", Dir: core.NotDir}, "/a/b"},
		{"", core.Target{Key: "a/b", Dir: core.IsDir}, "/a/b/"},
		{"", core.Target{Key: "."}, "/"},
		{"my site/", core.Target{Key: "."}, "/my%20site/"},
		{"site/", core.Target{Key: "é+?#%&'()*!@:;,=$~-._"}, "/site/%C3%A9%2B%3F%23%25%26%27%28%29%2A%21%40%3A%3B%2C%3D%24~-._"},
		{"site/", core.Target{URL: "https://example.org/a?b#c"}, "https://example.org/a?b#c"},
	} {
		if got := Location(c.prefix, c.target); got != c.want {
			t.Errorf("Location(%q, %+v) = %q; want %q", c.prefix, c.target, got, c.want)
		}
	}
}

// FuzzRedirectLocation checks that parse ∘ format is the identity, that locations
// are plain ASCII, and that no parsed one leaves the tree.
func FuzzRedirectLocation(f *testing.F) {
	for _, s := range []string{
		"a", "a/b", "a b", "é", "%2F", "+", "a?b#c", "..", "a/", "/a", "//h/a", "a\x00b", "\xff", "https://e.org/x?y", "a%zz", "%2e%2e/x",
	} {
		f.Add("site/", s, uint8(1))
		f.Add("", s, uint8(2))
	}
	f.Fuzz(func(t *testing.T, prefix, s string, dir uint8) {
		prefix = strings.TrimSuffix(prefix, "/")
		if prefix != "" && !core.ValidKey(prefix) {
			return
		}
		if prefix != "" {
			prefix += "/"
		}
		checkParsed(t, prefix, s)
		target := core.Target{Key: s, Dir: core.IsDir + core.Dir(dir&1)}
		if target.Check() != nil {
			return
		}
		if s == "." {
			target.Dir = core.IsDir
		}
		location := Location(prefix, target)
		if strings.Trim(location, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/%") != "" {
			t.Errorf("Location(%q, %+v) = %q: not plain ASCII", prefix, target, location)
		}
		if got, err := ParseLocation(prefix, location); err != nil || got != target {
			t.Errorf("parse(format(%+v)) = %+v, %v, by %q", target, got, err, location)
		}
	})
}

func checkParsed(t *testing.T, prefix, location string) {
	t.Helper()
	got, err := ParseLocation(prefix, location)
	if err != nil {
		return
	}
	if err := got.Check(); err != nil {
		t.Errorf("ParseLocation(%q, %q) = %+v: %v", prefix, location, got, err)
	}
	again, err := ParseLocation(prefix, Location(prefix, got))
	if err != nil || !again.Same(got) {
		t.Errorf("ParseLocation(%q, %q) = %+v, and written and read again %+v, %v", prefix, location, got, again, err)
	}
}
