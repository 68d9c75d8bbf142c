package wrap_test

import (
	"context"
	"io/fs"
	"slices"
	"testing"

	"github.com/s3fc/s3fc/backends/memory"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/wrap"
)

// asked counts the questions to a tree.
type asked struct {
	core.Tree
	keys []string
}

func (a *asked) Stat(ctx context.Context, key string) (core.Entry, error) {
	a.keys = append(a.keys, key)
	return a.Tree.Stat(ctx, key)
}

// Unwrap lets the proofs through.
func (a *asked) Unwrap() core.Tree { return a.Tree }

func TestCollapseKeepsOtherEntriesBelowTheLink(t *testing.T) {
	m := memory.New()
	put(t, m, "v2/a", "1")
	put(t, m, "v2/b", "1")
	link(t, m, "k", toDir("v2"))
	link(t, m, "k/a", toKey("v2/a"))
	link(t, m, "k/b", toKey("v2/a")) // elsewhere
	put(t, m, "k/c", "mine")
	link(t, m, "k/gone", toKey("v2/gone")) // its file went, and it not yet
	link(t, m, "url", core.Target{URL: "https://example.com/"})
	link(t, m, "url/a", toKey("a"))
	wantLines(t, wrap.CollapseDirLinks(m), "", "k>v2/", "k/b>v2/a", "k/c", "url>https://example.com/", "url/a>a", "v2/a", "v2/b")
}

// TestCollapseAsksOnlyWhereKeysLieBelowALink checks the price: nothing for a tree
// without, and with proofs one question for each link that has them.
func TestCollapseAsksOnlyWhereKeysLieBelowALink(t *testing.T) {
	m := memory.NewOpaque(memory.All)
	put(t, m, "v2/a", "1")
	put(t, m, "v2/b", "1")
	link(t, m, "k", toDir("v2"))
	link(t, m, "k-2", toKey("v2/a"))
	link(t, m, "v3/l", toKey("v2/a"))
	a := &asked{Tree: m}
	wantNames(t, wrap.CollapseDirLinks(a), "k k-2 v2/a v2/b v3/l")
	if len(a.keys) != 0 {
		t.Errorf("asked for %q; want nothing", a.keys)
	}
	link(t, m, "k/a", toKey("v2/a"))
	link(t, m, "k/b", toKey("v2/b"))
	wantNames(t, wrap.CollapseDirLinks(a), "k k-2 v2/a v2/b v3/l")
	if !slices.Equal(a.keys, []string{"k"}) {
		t.Errorf("asked for %q; want the link alone", a.keys)
	}
}

// TestCollapseReportsALinkThatCannotBeAskedOnce checks also that keys below it are
// left out, which the error covers.
func TestCollapseReportsALinkThatCannotBeAskedOnce(t *testing.T) {
	m := memory.New()
	link(t, m, "k", toDir("v2"))
	link(t, m, "k/a", toKey("v2/a"))
	link(t, m, "k/b", toKey("v2/b"))
	put(t, m, "l", "1")
	b := &troubled{Tree: m, stat: map[string]error{"k": fs.ErrPermission}}
	if got := errorKeys(t, wrap.CollapseDirLinks(b)); !slices.Equal(got, []string{"k"}) {
		t.Errorf("errors about %q", got)
	}
}

func TestAddLinksFillsIn(t *testing.T) {
	m := memory.New()
	put(t, m, "b", "1")
	put(t, m, "d", "1")
	links := []core.Entry{}
	for _, k := range []string{"a", "b", "c", "e"} {
		links = append(links, core.Entry{Key: k, Kind: core.Link, Target: toDir("x")})
	}
	tree := wrap.AddLinks(m, links)
	wantLines(t, tree, "", "a>x/", "b", "c>x/", "d", "e>x/")
	wantLines(t, tree, "b", "c>x/", "d", "e>x/")
	wantLines(t, tree, "e")
	for _, k := range []string{"a", "b", "e"} {
		e, err := tree.Stat(t.Context(), k)
		body, opened, oerr := tree.Open(t.Context(), k)
		if err != nil || oerr != nil || line(e) != line(opened) || (body == nil) != (e.Kind == core.Link) || (k == "b") != (e.Kind == core.File) {
			t.Errorf("%s: %v, %v; %v, %v", k, e, err, opened, oerr)
		}
	}
	_, err := tree.Stat(t.Context(), "f")
	wantError(t, "Stat of what is nowhere", err, fs.ErrNotExist)
}

func TestNoteDirLinksNotesWhereLinksEnd(t *testing.T) {
	m := directory()
	put(t, m, "v2/a", "1")
	link(t, m, "latest", toDir("v2"))
	link(t, m, "stable", toKey("latest"))
	link(t, m, "file", toKey("v2/a"))
	link(t, m, "none", core.Target{Key: "nowhere"})
	tree, links := wrap.NoteDirLinks(m)
	for range 2 { // a listing may be made again
		wantNames(t, tree, "file latest none stable v2/a")
		var got []string
		for _, l := range links() {
			got = append(got, line(l))
		}
		if !slices.Equal(got, []string{"latest>v2/", "stable>v2/"}) {
			t.Errorf("noted %q", got)
		}
	}
}
