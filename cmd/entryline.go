package cmd

import (
	"strings"

	"github.com/dustin/go-humanize"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/reconcile"
)

// mark is the letter of an action in lines for people.
type mark byte

// The marks.
const (
	markNew     mark = 'A'
	markChanged mark = 'M'
	markLink    mark = 'L' // a link that gets another target, or takes the place of a file
	markHeaders mark = 'H' // a file that gets other headers
	markDeleted mark = 'D'
	markKept    mark = '='
)

var markColours = map[mark]colour{markNew: green, markChanged: yellow, markLink: cyan, markHeaders: yellow, markDeleted: red, markKept: faint}

// markOf returns the mark of an action that changes or keeps an entry.
func markOf(a reconcile.Action) mark {
	switch {
	case a.Op == reconcile.OpKeep:
		return markKept
	case a.Op == reconcile.OpHeaders:
		return markHeaders
	case a.Op == reconcile.OpDelete || a.Op == reconcile.OpRemoveDir:
		return markDeleted
	case a.Dst == nil:
		return markNew
	case a.Src.Kind == core.Link:
		return markLink
	}
	return markChanged
}

// shownKey is the key of an action for people, with a final slash for a directory.
func shownKey(a reconcile.Action) string {
	if a.Op == reconcile.OpRemoveDir && !strings.HasSuffix(a.Key, "/") {
		return core.DisplayKey(a.Key + "/")
	}
	return core.DisplayKey(a.Key)
}

// marksWidth is how many columns marks take at the beginning of a line.
const marksWidth = 5

// marks returns marks in their colours, and spaces up to the key.
func (t *textReport) marks(all ...mark) (s string) {
	for _, m := range all {
		s += t.con.outColour(markColours[m], string(m))
	}
	return s + strings.Repeat(" ", max(marksWidth-len(all), 1))
}

// line is an action as a line for people.
func (t *textReport) line(a reconcile.Action) string {
	s := t.marks(markOf(a)) + shownKey(a)
	if a.Src != nil && a.Src.Kind == core.Link && a.Op != reconcile.OpDelete {
		s += " → " + target(a.Src.Target)
	}
	if why := strings.Join(details(a), ", "); why != "" {
		s += "  " + t.con.outColour(faint, "("+why+")")
	}
	return s + "\n"
}

func target(t core.Target) string {
	if t.Key == "." && t.URL == "" {
		return "./"
	}
	return core.DisplayKey(t.String())
}

// details are the size of a file that is put, and the reason of the action where its
// mark does not say it.
func details(a reconcile.Action) (out []string) {
	if a.Op == reconcile.OpPut && a.Src != nil && a.Src.Kind == core.File {
		now, _ := sizes(a)
		out = append(out, now)
	}
	if why := reason(a); why != "" {
		out = append(out, why)
	}
	return out
}

// sizes returns the sizes of a file and of the one that it replaces, in bytes where
// they would look alike.
func sizes(a reconcile.Action) (now, before string) {
	now = size(a.Src.Size)
	if a.Reason != reconcile.ReasonSize || a.Dst == nil {
		return now, ""
	}
	if before = size(a.Dst.Size); now == before {
		return humanize.Comma(a.Src.Size) + " B", humanize.Comma(a.Dst.Size) + " B"
	}
	return now, before
}

func reason(a reconcile.Action) string {
	switch a.Reason {
	case reconcile.ReasonSize:
		if _, before := sizes(a); before != "" {
			return "was " + before
		}
	case reconcile.ReasonKind:
		if a.Dst != nil {
			return "was a " + a.Dst.Kind.String()
		}
	case reconcile.ReasonTarget:
		if a.Dst != nil {
			return "was → " + target(a.Dst.Target)
		}
	case reconcile.ReasonInTheWay:
		return inTheWay(a)
	}
	return reasons[a.Reason]
}

func inTheWay(a reconcile.Action) string {
	switch {
	case a.Op == reconcile.OpDelete:
		return "makes way for " + core.DisplayKey(a.Group)
	case a.Obstacle != nil:
		return "replaces the " + a.Obstacle.Kind.String() + " " + core.DisplayKey(a.Obstacle.Key)
	}
	return "replaces the directory " + core.DisplayKey(a.Key+"/")
}

// reasons are the texts of core's reasons; the operation itself says the others.
var reasons = map[reconcile.Reason]string{
	reconcile.ReasonSize:       "size differs",
	reconcile.ReasonMD5:        "content differs",
	reconcile.ReasonUnproven:   "may differ",
	reconcile.ReasonKind:       "of another kind",
	reconcile.ReasonTarget:     "target differs",
	reconcile.ReasonSame:       "same",
	reconcile.ReasonProven:     "same",
	reconcile.ReasonSizeTime:   "same size and time",
	reconcile.ReasonProtected:  "protected",
	reconcile.ReasonDeletesOff: "not in the source; deletes are off",
	reconcile.ReasonHeaders:    "headers differ",
	reconcile.ReasonUnholdable: "the source cannot hold it",
	reconcile.ReasonChanged:    "changed meanwhile",
}
