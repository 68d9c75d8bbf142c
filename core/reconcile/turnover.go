package reconcile

import (
	"strings"

	"github.com/s3fc/s3fc/core"
)

// turnover counts the deletes of a plan beyond the new entries of the same
// directory: renaming files is a delete and a new entry each, and no loss. It holds
// the directories that the join is in, outermost first, so its memory does not grow
// with the plan.
type turnover struct {
	open []dirTurnover
	net  int64 // of the directories that the join has left
}

type dirTurnover struct {
	dir          string // "." for the root
	deletes, new int64
}

// comeTo says that the join has come to key.
func (t *turnover) comeTo(key string) {
	dir := "."
	if i := strings.LastIndexByte(key, '/'); i >= 0 {
		dir = key[:i]
	}
	n := len(t.open)
	for n > 0 && t.open[n-1].dir != dir && !core.Below(dir, t.open[n-1].dir) {
		n--
		t.leave(n)
	}
	if t.open = t.open[:n]; n == 0 || t.open[n-1].dir != dir {
		t.open = append(t.open, dirTurnover{dir: dir})
	}
}

func (t *turnover) leave(n int) { t.net += max(0, t.open[n].deletes-t.open[n].new) }

// add counts an action. A delete that comes late, in a directory that the join has
// left, is of one in which nothing is new: only deletes that hang together with a
// put or a delete above them come late.
func (t *turnover) add(act Action) {
	isNew := act.Op == OpPut && act.Dst == nil
	if !isNew && act.Op != OpDelete {
		return
	}
	for n := len(t.open) - 1; n >= 0; n-- {
		d := &t.open[n]
		rest, in := act.Key, true
		if d.dir != "." {
			rest, in = strings.CutPrefix(act.Key, d.dir+"/")
		}
		switch {
		case !in || strings.Contains(rest, "/"):
		case isNew:
			d.new++
			return
		default:
			d.deletes++
			return
		}
	}
	if !isNew {
		t.net++
	}
}

// netDeletes returns the count for the whole plan.
func (t *turnover) netDeletes() int64 {
	net := t.net
	for _, d := range t.open {
		net += max(0, d.deletes-d.new)
	}
	return net
}
