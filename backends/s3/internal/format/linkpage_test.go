package format

import (
	"bytes"
	"flag"
	"html"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/s3fc/s3fc/core"
)

var update = flag.Bool("update", false, "write the golden pages anew; only for a new version of the page")

var goldenPages = map[string]string{
	"plain":  "/docs/v2/",
	"quotes": `https://example.org/?a=1&b=%22<x>"'`,
	"middle": "/" + strings.Repeat("m", 600),
	"long":   "/" + strings.Repeat("l", MaxLocation-1),
	"worst":  "https://example.org/?" + strings.Repeat("&", MaxLocation-len("https://example.org/?")),
}

// TestLinkPageGolden checks the exact bytes of each version: stored pages must be
// recognised for good.
func TestLinkPageGolden(t *testing.T) {
	for v, render := range linkPages {
		version := string(rune('0' + len(linkPages) - v))
		for name, location := range goldenPages {
			file := filepath.Join("testdata", "page"+version, name+".html")
			got := render(location)
			if *update {
				if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(file, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("page version %s for %s is not as it once was:\n%s", version, name, got)
			}
		}
	}
}

func TestLinkPageSizes(t *testing.T) {
	seen := map[int64]bool{}
	for n := 1; n <= MaxLocation; n++ {
		for _, c := range []string{"a", "&"} {
			p := LinkPage(strings.Repeat(c, n))
			size := int64(len(p))
			if !MayBeLink(size) || size == 0 {
				t.Fatalf("a page for %d times %q has %d bytes; want one of %v", n, c, size, linkPageSizes)
			}
			if !HasLinkPageMark(p) {
				t.Fatalf("a page for %d times %q has no mark", n, c)
			}
			seen[size] = true
		}
	}
	if len(seen) != len(linkPageSizes) {
		t.Errorf("pages came out in the sizes %v; want all of %v", seen, linkPageSizes)
	}
}

// TestPageInjection checks that a target cannot leave its attribute.
func TestLinkPageInjection(t *testing.T) {
	const evil = `https://example.org/"><script>alert(1)</script>`
	p := string(LinkPage(evil))
	if strings.Contains(p, "<script") || strings.Contains(p, `org/">`) {
		t.Errorf("the target got out of its attribute:\n%s", p)
	}
	if n := strings.Count(html.UnescapeString(p), evil); n != 3 {
		t.Errorf("the page names its target %d times; want 3", n)
	}
}

func TestIsLinkPage(t *testing.T) {
	p := LinkPage("/a")
	if !IsLinkPage(p, "/a") || IsLinkPage(p, "/b") || IsLinkPage(p[:len(p)-1], "/a") || IsLinkPage(nil, "/a") {
		t.Error("IsLinkPage does not tell the page for /a from others")
	}
	if !IsLinkPageSum(int64(len(p)), core.SumMD5(p), "/a") || IsLinkPageSum(int64(len(p)), core.SumMD5(p), "/b") || IsLinkPageSum(1, core.SumMD5(p), "/a") {
		t.Error("IsLinkPageSum does not tell the page for /a from others")
	}
}
