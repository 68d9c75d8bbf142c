package wrap_test

import (
	"context"
	"errors"
	"io/fs"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/s3fc/s3fc/backends/memory"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/wrap"
)

// directory is an empty tree that cannot have both a and a/b.
func directory() *memory.Tree {
	f := memory.All
	f.Flat = false
	return memory.NewWith(f)
}

func toDir(key string) core.Target { return core.Target{Key: key, Dir: core.IsDir} }
func toKey(key string) core.Target { return core.Target{Key: key, Dir: core.NotDir} }

// lines lists a tree after a key: key, or key>target.
func lines(t *testing.T, tree core.Tree, after string) []string {
	t.Helper()
	var out []string
	for e, err := range tree.List(t.Context(), after) {
		if err != nil {
			t.Fatalf("List: %v", err)
		}
		out = append(out, line(e))
	}
	return out
}

func line(e core.Entry) string {
	switch {
	case e.Kind == core.Link:
		return e.Key + ">" + e.Target.String()
	case e.Kind == core.Other && errors.Is(e.Problem, core.ErrExcluded):
		return "!" + e.Key
	}
	return e.Key
}

func wantLines(t *testing.T, tree core.Tree, after string, want ...string) {
	t.Helper()
	if got := lines(t, tree, after); !slices.Equal(got, want) {
		t.Errorf("List after %q:\n%s\nwant\n%s", after, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestExpandAddsALinkForEachEntryBelowADirectory(t *testing.T) {
	m := directory()
	put(t, m, "v2/a", "1")
	put(t, m, "v2/d/b", "2")
	link(t, m, "v2/again", toKey("v2/a"))
	m.Plant(core.Entry{Key: "v2/fifo", Problem: errors.New("a fifo")}, nil)
	put(t, m, "late-b", "3")
	link(t, m, "lat", toDir("v2"))
	link(t, m, "late", toKey("lat"))
	link(t, m, "none", core.Target{Key: "nowhere"})
	link(t, m, "file", toKey("v2/a"))
	x := wrap.ExpandDirLinks(m)
	below := func(k string) []string {
		return []string{k + "/a>v2/a", k + "/again>v2/again", k + "/d/b>v2/d/b", "!" + k + "/fifo"}
	}
	wantLines(t, x, "", slices.Concat(
		[]string{"file>v2/a", "lat>v2/"}, below("lat"), []string{"late>lat", "late-b"}, below("late"),
		[]string{"none>nowhere", "v2/a", "v2/again>v2/a", "v2/d/b", "v2/fifo"})...)
	if !x.Features().Flat || m.Features().Flat {
		t.Error("what has both k and k/x is flat")
	}
}

func TestExpandOfTheRootAndOfADirectoryThatHoldsTheLink(t *testing.T) {
	m := directory()
	put(t, m, "d/f", "1")
	link(t, m, "d/self", toDir("d"))
	link(t, m, "d/root", toDir("."))
	wantLines(t, wrap.ExpandDirLinks(m), "",
		"d/f", "d/root>.", "d/root/d/f>d/f", "d/root/d/root>d/root", "d/root/d/self>d/self",
		"d/self>d/", "d/self/f>d/f", "d/self/root>d/root", "d/self/self>d/self")
}

// TestExpandStopsInARing checks that links which lead nowhere have nothing below
// them.
func TestExpandStopsInARing(t *testing.T) {
	m := directory()
	put(t, m, "f", "1")
	link(t, m, "a", toKey("b"))
	link(t, m, "b", toKey("a"))
	link(t, m, "url", core.Target{URL: "https://example.com/"})
	wantLines(t, wrap.ExpandDirLinks(m), "", "a>b", "b>a", "f", "url>https://example.com/")
}

// randomTree is a small tree of files and links with names that sort on both
// sides of a slash.
func randomTree(t *testing.T, r *rand.Rand) *memory.Tree {
	m := directory()
	segs := []string{"a", "a-", "a.b", "b", "a0"}
	key := func() string {
		k := segs[r.IntN(len(segs))]
		for range r.IntN(3) {
			k += "/" + segs[r.IntN(len(segs))]
		}
		return k
	}
	for range 3 + r.IntN(10) {
		k := key()
		if r.IntN(3) > 0 {
			_, _ = m.Put(t.Context(), file(k, "x"), strings.NewReader("x"), nil) // or something is in the way
			continue
		}
		if to := key(); to != k {
			_, _ = m.Put(t.Context(), core.Entry{Key: k, Kind: core.Link, Target: core.Target{Key: to}}, nil, nil)
		}
	}
	return m
}

// expansion is the listing expected of ExpandDirLinks, found in another way: each
// link is followed by key, in a map of all entries.
func expansion(t *testing.T, m core.Tree) []string {
	all := map[string]core.Entry{}
	for e, err := range m.List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		all[e.Key] = e
	}
	out := map[string]bool{}
	for k, e := range all {
		out[line(e)] = true
		at := e
		for hops := 0; at.Kind == core.Link && hops < 100; hops++ {
			next, is := all[at.Target.Key]
			if !is {
				for key := range all {
					if rest, ok := strings.CutPrefix(key, at.Target.Key+"/"); ok {
						out[k+"/"+rest+">"+key] = true
					}
				}
				break
			}
			at = next
		}
	}
	var sorted []string
	for l := range out {
		sorted = append(sorted, l)
	}
	slices.SortFunc(sorted, func(a, b string) int {
		a, _, _ = strings.Cut(a, ">")
		b, _, _ = strings.Cut(b, ">")
		return strings.Compare(a, b)
	})
	return sorted
}

// TestExpandAndCollapseOnRandomTrees compares the listing with a model, from each
// place that a listing may begin at, and Stat and Open with the listing; a tree
// expanded into a flat store collapses to itself.
func TestExpandAndCollapseOnRandomTrees(t *testing.T) {
	for seed := range uint64(150) {
		m := randomTree(t, rand.New(rand.NewPCG(seed, 1)))
		x := wrap.ExpandDirLinks(m)
		want := expansion(t, m)
		wantLines(t, x, "", want...)
		for i, l := range want {
			key, _, _ := strings.Cut(l, ">")
			wantLines(t, x, key, want[i+1:]...)
			wantLines(t, x, key+"-", slices.DeleteFunc(slices.Clone(want[i+1:]), func(l string) bool {
				k, _, _ := strings.Cut(l, ">")
				return k <= key+"-"
			})...)
			e, err := x.Stat(t.Context(), key)
			if err != nil || line(e) != l {
				t.Errorf("Stat(%s) = %s, %v; want %s", key, line(e), err, l)
			}
			if _, e, err = x.Open(t.Context(), key); err != nil || line(e) != l {
				t.Errorf("Open(%s) = %s, %v; want %s", key, line(e), err, l)
			}
			_, err = x.Stat(t.Context(), key+"/nothing")
			wantError(t, "Stat of what is not there", err, fs.ErrNotExist)
		}
		flat := memory.NewOpaque(memory.All)
		for e, err := range x.List(t.Context(), "") {
			if err != nil {
				t.Fatal(err)
			}
			if e.Kind == core.Link {
				link(t, flat, e.Key, e.Target)
			} else {
				put(t, flat, e.Key, "x")
			}
		}
		if got, want := names(t, wrap.CollapseDirLinks(flat)), names(t, m); got != want {
			t.Errorf("collapsed: %s, want %s", got, want)
		}
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

// troubled fails Stat of some keys, and lists errors before some.
type troubled struct {
	core.Tree
	stat, list map[string]error
}

func (b *troubled) Stat(ctx context.Context, key string) (core.Entry, error) {
	if err := b.stat[key]; err != nil {
		return core.Entry{}, err
	}
	return b.Tree.Stat(ctx, key)
}

func (b *troubled) List(ctx context.Context, after string) iter.Seq2[core.Entry, error] {
	return func(yield func(core.Entry, error) bool) {
		for e, err := range b.Tree.List(ctx, after) {
			if bad := b.list[e.Key]; bad != nil && !yield(core.Entry{}, bad) {
				return
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

// errorKeys lists a tree and returns the keys that errors are about; "" is one
// that ends the listing.
func errorKeys(t *testing.T, tree core.Tree) []string {
	var keys []string
	for _, err := range tree.List(t.Context(), "") {
		if err != nil {
			key, _ := core.ErrorKey(err)
			keys = append(keys, key)
		}
	}
	return keys
}

// TestExpandReportsErrorsBelowTheLinkToo: nothing there may pass for
// missing.
func TestExpandReportsErrorsBelowTheLinkToo(t *testing.T) {
	m := directory()
	put(t, m, "d/x/f", "1")
	put(t, m, "d/y", "1")
	link(t, m, "k", toDir("d"))
	link(t, m, "m", toKey("k"))
	b := &troubled{Tree: m, list: map[string]error{"d/y": &core.Error{Op: "list", Key: "d/x2", Err: fs.ErrPermission}}}
	if got := errorKeys(t, wrap.ExpandDirLinks(b)); !slices.Equal(got, []string{"d/x2", "k/x2", "m/x2"}) {
		t.Errorf("errors about %q", got)
	}
	b = &troubled{Tree: m, list: map[string]error{"d/x/f": &core.Error{Op: "list", Key: "d", Err: fs.ErrPermission}}}
	if got := errorKeys(t, wrap.ExpandDirLinks(b)); !slices.Equal(got, []string{"d", "k", "m"}) {
		t.Errorf("errors about %q", got)
	}
	b = &troubled{Tree: m, stat: map[string]error{"k": fs.ErrPermission}}
	if got := errorKeys(t, wrap.ExpandDirLinks(b)); !slices.Equal(got, []string{"m"}) {
		t.Errorf("errors about %q", got)
	}
	b = &troubled{Tree: m, list: map[string]error{"d/y": fs.ErrPermission}}
	if got := errorKeys(t, wrap.ExpandDirLinks(b)); !slices.Equal(got, []string{""}) {
		t.Errorf("errors about %q; want one that ends the listing", got)
	}
}
