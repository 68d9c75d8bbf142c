package conformance

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/s3fc/s3fc/core"
)

// specimen is an entry with the content of a file.
type specimen struct {
	entry   core.Entry
	content string
}

// entriesOf returns the entries of specimens.
func entriesOf(specimens []specimen) []core.Entry {
	entries := make([]core.Entry, len(specimens))
	for i, s := range specimens {
		entries[i] = s.entry
	}
	return entries
}

// fill puts specimens into the tree of p.
func (p *probe) fill(specimens []specimen) {
	for _, s := range specimens {
		p.putOver(s.entry, s.content, nil)
	}
}

// generator makes trees that two backends can both hold.
type generator struct {
	rng   *rand.Rand
	a, b  core.Tree
	times bool
	made  []specimen
	taken map[string]bool
}

func newGenerator(seed uint64, a, b core.Tree) *generator {
	return &generator{
		rng: rand.New(rand.NewPCG(seed, 1)), a: a, b: b, taken: map[string]bool{}, //nolint:gosec // Reproducible, not secret.
		times: a.Features().ModTimes && b.Features().ModTimes,
	}
}

// names are segments that some store has to encode, or that sort oddly.
var names = []string{"a", "b", "a-b", "a.txt", "with space", "100%", "%41", "q?x", "c#d", "a+b", "<&>", "ünï", "日本", "Z", ".hid", "it's", "0"}

// add takes e if both can hold it.
func (g *generator) add(e core.Entry, content string) bool {
	folded := strings.ToLower(e.Key) // a store may not tell cases apart
	if g.taken[folded] || core.CheckPut(g.a, e) != nil || core.CheckPut(g.b, e) != nil {
		return false
	}
	if e.Kind == core.File && g.times {
		e.ModTime = time.Unix(1_000_000_000+g.rng.Int64N(500_000_000), 0)
	}
	g.taken[folded] = true
	g.made = append(g.made, specimen{e, content})
	return true
}

// dir returns a random directory, or the root, as a prefix. The names of directories
// end in _d, so that none is a file's.
func (g *generator) dir() string {
	var b strings.Builder
	for range g.rng.IntN(4) {
		b.WriteString(names[g.rng.IntN(len(names))] + "_d/")
	}
	return b.String()
}

func (g *generator) name() string { return g.dir() + names[g.rng.IntN(len(names))] }

// sizes are those around which stores change how they send or recognise a file.
var sizes = []int{0, 1, 2, 100, 1021, 4093, 10_000, 70_000}

func (g *generator) file() {
	key := g.name()
	content := bytesOf(fmt.Sprint(key, g.rng.Int()), sizes[g.rng.IntN(len(sizes))])
	g.add(fileOf(key, content), content)
}

// link adds a link to something that there is, to nothing, or to a URL.
func (g *generator) link() {
	t := core.Target{Key: "no/such/" + g.name()}
	switch there := g.made[g.rng.IntN(len(g.made))].entry; g.rng.IntN(5) {
	case 0, 1:
		if t = (core.Target{Key: there.Key}); there.Kind == core.File {
			t.Dir = core.NotDir
		}
	case 2:
		if i := strings.LastIndexByte(there.Key, '/'); i > 0 {
			t = core.Target{Key: there.Key[:i], Dir: core.IsDir}
		}
	case 3:
		t = core.Target{URL: fmt.Sprintf("https://example.org/%d?q=%%20#f", g.rng.IntN(1000))}
	}
	g.add(linkOf(g.name()+"_l", t), "")
}

// tree returns about n entries.
func (g *generator) tree(n int) []specimen {
	g.add(core.Entry{Key: "first", Kind: core.File, MD5: core.SumMD5(nil)}, "")
	g.add(linkOf("to-root", core.Target{Key: ".", Dir: core.IsDir}), "")
	for len(g.made) < n*2/3 {
		g.file()
	}
	for range n / 3 {
		g.link()
	}
	if g.a.Features().Flat && g.b.Features().Flat {
		g.add(fileOf("flat", "above"), "above")
		g.add(fileOf("flat/below", "below"), "below")
	}
	return g.made
}

// changed returns another version of a tree: some entries are gone, some are new,
// some files have another content of the same size or of another, some entries are
// of another kind. A file of the same content has the same time.
func (g *generator) changed(from []specimen) []specimen {
	g.made = nil
	for _, s := range from {
		how := g.rng.IntN(6)
		if how == 0 {
			continue
		}
		delete(g.taken, strings.ToLower(s.entry.Key))
		switch {
		case how == 1 && g.rewrite(s):
		case how == 2 && g.add(linkOf(s.entry.Key, core.Target{Key: fmt.Sprint("moved/", g.rng.IntN(10))}), ""):
		case g.add(s.entry, s.content):
			g.made[len(g.made)-1] = s
		}
	}
	for range 5 {
		g.file()
	}
	return g.made
}

// rewrite adds a file of another content in the place of s.
func (g *generator) rewrite(s specimen) bool {
	content := bytesOf("new"+s.entry.Key, len(s.content)+g.rng.IntN(2))
	if content == s.content {
		content += "x"
	}
	return g.add(fileOf(s.entry.Key, content), content)
}
