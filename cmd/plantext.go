package cmd

import (
	"strings"

	"github.com/s3fc/s3fc"
	"github.com/s3fc/s3fc/core"

	"github.com/s3fc/s3fc/core/reconcile"
)

// maxGroup is how many actions of a directory are held to count them; a larger
// directory is printed in pieces.
const maxGroup = 4096

// showPlan prints a plan: with all set, by directory for a person, else only
// refusals, conflicts and errors.
func (r *run) showPlan(c *s3fc.Changes, all bool) error {
	text, forPerson := r.rep.(*textReport)
	g := &dirGroup{to: text}
	for act, err := range c.All() {
		if err == nil {
			err = r.ctx.Err()
		}
		switch {
		case err != nil:
			return err
		case !all && !r.verbose && (act.Op == reconcile.OpPut || act.Op == reconcile.OpDelete):
		case forPerson && (act.Op == reconcile.OpPut || act.Op == reconcile.OpDelete || act.Op == reconcile.OpKeep):
			g.add(act)
		default:
			r.rep.action(act)
		}
	}
	g.print()
	return nil
}

// dirGroup is the actions of a plan in one directory.
type dirGroup struct {
	to   *textReport
	dir  string
	acts []reconcile.Action
}

func (g *dirGroup) add(act reconcile.Action) {
	dir := parentKey(act.Key)
	if dir != g.dir || len(g.acts) == maxGroup {
		g.print()
		g.dir = dir
	}
	g.acts = append(g.acts, act)
}

// print prints the directory with its totals and actions.
func (g *dirGroup) print() {
	if len(g.acts) == 0 || g.to.quiet {
		g.acts = nil
		return
	}
	var b strings.Builder
	b.WriteString(g.name() + "  " + g.to.con.outColour(faint, g.totals()) + "\n")
	for _, act := range g.acts {
		b.WriteString("  " + g.to.line(act))
	}
	g.to.con.print(b.String())
	g.acts = g.acts[:0]
}

func (g *dirGroup) name() string {
	if g.dir == "" {
		return "./"
	}
	return core.DisplayKey(g.dir + "/")
}

func (g *dirGroup) totals() string {
	var o outcome
	for _, act := range g.acts {
		switch {
		case act.Op == reconcile.OpKeep:
			o.Kept++
		case act.Op == reconcile.OpDelete:
			o.Deletes++
		case act.Src.Kind == core.Link:
			o.Links++
			o.NewLinks += isNew(act)
		default:
			o.Files++
			o.NewFiles += isNew(act)
			o.Bytes += act.Src.Size
		}
	}
	return strings.Join(counts(o), ", ")
}

// isNew returns 1 for the put of an entry that the destination does not have, and
// else 0.
func isNew(a reconcile.Action) int64 {
	if a.Dst == nil {
		return 1
	}
	return 0
}
