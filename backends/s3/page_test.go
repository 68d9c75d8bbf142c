package s3

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
	"long":   "/" + strings.Repeat("l", maxLocation-1),
	"worst":  "https://example.org/?" + strings.Repeat("&", maxLocation-len("https://example.org/?")),
}

// TestPageGolden holds the exact bytes of each version: what was once written
// must be recognised for good.
func TestPageGolden(t *testing.T) {
	for v, render := range pages {
		version := string(rune('0' + len(pages) - v))
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

func TestPageSizes(t *testing.T) {
	seen := map[int64]bool{}
	for n := 1; n <= maxLocation; n++ {
		for _, c := range []string{"a", "&"} {
			p := page(strings.Repeat(c, n))
			size := int64(len(p))
			if !mayBeLink(size) || size == 0 {
				t.Fatalf("a page for %d times %q has %d bytes; want one of %v", n, c, size, pageSizes)
			}
			if !looksLikePage(p) {
				t.Fatalf("a page for %d times %q has no mark", n, c)
			}
			seen[size] = true
		}
	}
	if len(seen) != len(pageSizes) {
		t.Errorf("pages came out in the sizes %v; want all of %v", seen, pageSizes)
	}
}

// TestPageInjection holds that a target cannot leave its attribute.
func TestPageInjection(t *testing.T) {
	const evil = `https://example.org/"><script>alert(1)</script>`
	p := string(page(evil))
	if strings.Contains(p, "<script") || strings.Contains(p, `org/">`) {
		t.Errorf("the target got out of its attribute:\n%s", p)
	}
	if n := strings.Count(html.UnescapeString(p), evil); n != 3 {
		t.Errorf("the page names its target %d times; want 3", n)
	}
}

func TestIsPage(t *testing.T) {
	p := page("/a")
	if !isPage(p, "/a") || isPage(p, "/b") || isPage(p[:len(p)-1], "/a") || isPage(nil, "/a") {
		t.Error("isPage does not tell the page for /a from others")
	}
	if !isPageSum(int64(len(p)), core.SumMD5(p), "/a") || isPageSum(int64(len(p)), core.SumMD5(p), "/b") || isPageSum(1, core.SumMD5(p), "/a") {
		t.Error("isPageSum does not tell the page for /a from others")
	}
}

// TestAFileOfTheBytesOfAPageDoesNotPassForTheLink, nor the link for the file.
func TestAFileOfTheBytesOfAPageDoesNotPassForTheLink(t *testing.T) {
	tree, s := serve(t, Options{})
	l := putLink(t, tree, "l", "target")
	content := string(page("/target"))
	var f core.Entry
	if got := counts(t, tree, s, func() { f = put(t, tree, fileEntry("l", content), strings.NewReader(content), &l) }); got != req(core.ClassPut, 3) {
		t.Errorf("took %v; want 3 PUT", got)
	}
	listed := list(t, tree, "")[0]
	if listed.Size != l.Size || listed.Token == l.Token || listed.Token != f.Token {
		t.Errorf("listed as %+v; the link was %+v", listed, l)
	}
	if tree.Proves(listed, core.Evidence{Kind: core.Link, Target: core.Target{Key: "target"}}) {
		t.Error("the file proves the link")
	}
	if got, e := readAll(t, tree, "l"); got != content || e.Kind != core.File || e.MD5 != core.SumMD5([]byte(content)) {
		t.Errorf("read back: %+v", e)
	}
	if got := counts(t, tree, s, func() { putLink(t, tree, "m", "target") }); got != req(core.ClassPut, 1) {
		t.Errorf("a link takes %v; want 1 PUT", got)
	}
}
