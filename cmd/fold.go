package cmd

import (
	"strings"
	"sync"

	"github.com/dustin/go-humanize"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/reconcile"
)

// foldAbove is how many lines the changes in a directory have, at most; of more there
// is one line.
const foldAbove = 20

// folded prints changes with one line for each large directory. It needs them in the
// order of their keys, and keeps at most foldAbove lines of each directory on the way
// to a key. It is safe for concurrent use.
type folded struct {
	to *textReport

	mu    sync.Mutex
	open  []*openDir // on the way to the last key, below the root
	files int        // lines of the root's own files
	more  changeSum  // of the root's own files that have no line
}

// openDir is a directory in which more changes may come.
type openDir struct {
	key   string // with a final slash
	lines []string
	over  bool // there were too many lines
	sum   changeSum
}

// add takes a change.
func (f *folded) add(a reconcile.Action) {
	f.mu.Lock()
	defer f.mu.Unlock()
	dir := parentKey(a.Key)
	f.enter(dir)
	for _, d := range f.open {
		d.sum.add(a)
	}
	if dir == "" {
		if f.files++; f.files > foldAbove {
			f.more.add(a)
			return
		}
	}
	f.put(f.to.line(a))
}

// end prints the rest.
func (f *folded) end() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.leave(0)
	if len(f.more.marks()) > 0 {
		f.to.con.print(f.to.marks(f.more.marks()...) + "./…  " + f.to.con.outColour(faint, "(the rest: "+f.more.text()+"; --verbose lists them)") + "\n")
	}
	f.files, f.more = 0, changeSum{}
}

// put adds a line to the innermost open directory, or prints it.
func (f *folded) put(line string) {
	if len(f.open) == 0 {
		f.to.con.print(line)
		return
	}
	d := f.open[len(f.open)-1]
	d.over = d.over || len(d.lines) == foldAbove
	if d.over {
		d.lines = nil
		return
	}
	d.lines = append(d.lines, line)
}

// enter opens the directory dir, and closes those that it is not in.
func (f *folded) enter(dir string) {
	if dir != "" {
		dir += "/"
	}
	n := 0
	for n < len(f.open) && strings.HasPrefix(dir, f.open[n].key) {
		n++
	}
	f.leave(n)
	at := 0
	if n > 0 {
		at = len(f.open[n-1].key)
	}
	for at < len(dir) {
		at += strings.IndexByte(dir[at:], '/') + 1
		f.open = append(f.open, &openDir{key: dir[:at]})
	}
}

// leave closes the directories but the first n.
func (f *folded) leave(n int) {
	for len(f.open) > n {
		d := f.open[len(f.open)-1]
		f.open = f.open[:len(f.open)-1]
		if d.over {
			d.lines = []string{f.to.marks(d.sum.marks()...) + core.DisplayKey(d.key) + "  " + f.to.con.outColour(faint, "("+d.sum.text()+")") + "\n"}
		}
		for _, line := range d.lines {
			f.put(line)
		}
	}
}

// changeSum counts changes by their marks.
type changeSum struct {
	added, changed, links, headers, deleted int64
	bytes                                   int64 // that are to be sent
}

func (c *changeSum) add(a reconcile.Action) {
	switch markOf(a) {
	case markNew:
		c.added++
	case markChanged:
		c.changed++
	case markLink:
		c.links++
	case markHeaders:
		c.headers++
	case markDeleted:
		c.deleted++
	}
	if a.Op == reconcile.OpPut && a.Src.Kind == core.File {
		c.bytes += a.Src.Size
	}
}

// all returns the counts with their marks and words.
func (c *changeSum) all() []markCount {
	return []markCount{
		{markNew, c.added, "new"}, {markChanged, c.changed, "changed"}, {markLink, c.links, "retargeted"},
		{markHeaders, c.headers, "with other headers"}, {markDeleted, c.deleted, "deleted"},
	}
}

// markCount is how many changes have a mark.
type markCount struct {
	mark mark
	n    int64
	word string
}

func (c *changeSum) marks() (out []mark) {
	for _, m := range c.all() {
		if m.n > 0 {
			out = append(out, m.mark)
		}
	}
	return out
}

// text returns "3 new, 1 deleted, 4.2 KiB".
func (c *changeSum) text() string {
	var out []string
	for _, m := range c.all() {
		if m.n > 0 {
			out = append(out, humanize.Comma(m.n)+" "+m.word)
		}
	}
	if c.added+c.changed > 0 {
		out = append(out, size(c.bytes))
	}
	return strings.Join(out, ", ")
}
