package cmd

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/dustin/go-humanize"

	"github.com/s3fc/s3fc"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/reconcile"
)

// reporter prints the steps and the outcome of a run. Its methods may be called concurrently.
type reporter interface {
	start(s3fc.Start)
	action(reconcile.Action)
	notice(string)
	summary(outcome)
}

// newReporter returns the reporter that the flags ask for. about is the run that it
// reports.
func newReporter(con *console, o *output, about startJSON) reporter {
	if o.json {
		return &jsonReport{con, o, about}
	}
	return &textReport{con: con, output: o, all: o.verbose || about.DryRun}
}

// textReport is for people: it shows progress, and prints deletes, troubles and the
// summary; with all set, a line for each entry. Its methods may be called
// concurrently.
type textReport struct {
	con *console
	*output
	all bool

	mu       sync.Mutex
	refusals reconcile.Causes
}

// maxRefusals is how many refusals of one reason are printed without --verbose.
const maxRefusals = 3

// start names both trees.
func (t *textReport) start(s s3fc.Start) {
	if t.quiet {
		return
	}
	line := treeText(s.Source)
	if s.Destination.Name != "" {
		line += " → " + treeText(s.Destination)
	}
	t.con.remark(t.con.errColour(faint, line))
}

// treeText is a tree as its user wrote it, with its place.
func treeText(t s3fc.TreeInfo) string {
	s := inert(t.Name)
	if t.Location != "" {
		s += " (" + inert(t.Location) + ")"
	}
	return s
}

func (t *textReport) notice(s string) {
	if !t.quiet {
		t.con.remark(t.con.errColour(yellow, "note: ") + inert(s))
	}
}

func (t *textReport) action(a reconcile.Action) {
	switch a.Op {
	case reconcile.OpFail:
		t.trouble(red, "error: ", a)
	case reconcile.OpConflict:
		t.trouble(red, "conflict: ", a)
	case reconcile.OpRefuse:
		if !t.quiet && t.countRefusal(a) {
			t.trouble(yellow, "refused: ", a)
		}
	default:
		if !t.quiet && (t.all || a.Op == reconcile.OpDelete || a.Op == reconcile.OpRemoveDir) {
			t.con.print(t.line(a))
		}
	}
}

// countRefusal counts a refusal by its reason, and reports whether it is printed.
func (t *textReport) countRefusal(a reconcile.Action) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.refusals.Add(a).Count <= maxRefusals || t.verbose
}

// moreRefusals says how many refusals were not printed.
func (t *textReport) moreRefusals() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, c := range t.refusals.All() {
		if more := c.Count - maxRefusals; more > 0 && !t.verbose {
			t.con.remark(t.con.errColour(yellow, "refused: ") + humanize.Comma(more) + " more: " + inert(c.Cause) + "; --verbose lists them")
		}
	}
	t.refusals = reconcile.Causes{}
}

// trouble prints the error at a key, without the key if the error names it.
func (t *textReport) trouble(k colour, kind string, a reconcile.Action) {
	key := core.DisplayKey(a.Key)
	msg := string(a.Reason)
	if a.Err != nil {
		msg = strings.TrimPrefix(inert(a.Err.Error()), kind) // that it is a conflict is said once
	}
	if named, ok := core.ErrorKey(a.Err); !ok || named != a.Key {
		msg = key + ": " + msg
	}
	t.con.remark(t.con.errColour(k, kind) + msg)
}

var opColours = map[string]colour{"put": green, "link": cyan, "delete": red, "keep": faint}

func (t *textReport) line(a reconcile.Action) string {
	name := a.Name()
	s := t.con.outColour(opColours[name], name) + strings.Repeat(" ", 8-len(name)) + core.DisplayKey(a.Key)
	if a.Src != nil && a.Src.Kind == core.Link {
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

// details says why an action is done, and to how much.
func details(a reconcile.Action) []string {
	var out []string
	if why := reason(a); why != "" {
		out = append(out, why)
	}
	if a.Op == reconcile.OpPut && a.Src != nil && a.Src.Kind == core.File {
		out = append(out, size(a.Src.Size))
	}
	return out
}

func reason(a reconcile.Action) string {
	switch a.Reason {
	case reconcile.ReasonSize:
		if a.Dst != nil {
			return "was " + size(a.Dst.Size)
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
	reconcile.ReasonNew:        "new",
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
	reconcile.ReasonUnholdable: "the source cannot hold it",
	reconcile.ReasonChanged:    "changed meanwhile",
}

func size(n int64) string { return humanize.IBytes(uint64(max(n, 0))) }

// inert returns a text that others may have written so that it cannot act on a
// terminal: as one line, without control characters.
func inert(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return ' '
		case !unicode.IsPrint(r) && r != ' ':
			return '?'
		}
		return r
	}, s)
}

func (t *textReport) summary(o outcome) {
	if t.quiet {
		return
	}
	t.moreRefusals()
	for _, note := range o.Notes {
		t.notice(note)
	}
	t.con.print(summaryText(o, t.verbose) + "\n")
}

// summaryText is the summary: a line of outcomes, one of requests, and with verbose
// one of prices.
func summaryText(o outcome, verbose bool) string {
	s := strings.Join(counts(o), ", ") + " in " + seconds(o.Elapsed)
	var signal *interrupted
	switch {
	case errors.As(o.Stopped, &signal):
		s = "interrupted: " + s + "; run the same command again to go on"
	case o.Stopped != nil:
		s = "stopped: " + s
	case o.Plan:
		s = "plan: " + s
	case o.Planned:
		s = "dry run: " + s
	}
	if o.Compared > 0 {
		s += "; " + size(o.Compared) + " read to compare"
	}
	if o.Reread > 0 {
		s += "; " + size(o.Reread) + " to be read twice, for the md5 first"
	}
	if o.Requests.Total() > 0 || o.Need.Total() > 0 {
		s += "\nrequests: " + requestsText(o)
	}
	if verbose && o.Cost.Known {
		s += "\nprices: " + costSource(o.Cost) + " (requests only, not storage or traffic)"
	}
	return s
}

// counts are the counts of a summary that are not zero.
func counts(o outcome) (out []string) {
	add := func(n int64, what string) {
		if n != 0 {
			out = append(out, humanize.Comma(n)+" "+what)
		}
	}
	add(o.NewFiles+o.NewLinks, "new")
	add(o.Files-o.NewFiles, "changed")
	if o.Files > 0 {
		out[len(out)-1] += " (" + size(o.Bytes) + ")"
	}
	add(o.Links-o.NewLinks, "retargeted")
	add(o.Deletes, "deleted")
	if o.Dirs > 0 {
		out = append(out, plural(o.Dirs, "empty directory")+" removed")
	}
	add(o.Saved, "saved")
	if o.Routes.Set > 0 {
		out = append(out, plural(int64(o.Routes.Set), "routing rule")+" set")
	}
	if o.Routes.Removed > 0 {
		out = append(out, plural(int64(o.Routes.Removed), "routing rule")+" removed")
	}
	if !o.Changed() && o.Dirs == 0 {
		out = append(out, "nothing to do")
		if o.Stopped != nil || o.Errors+o.Conflicts+o.Undeleted > 0 {
			out[0] = "nothing done"
		}
	}
	add(o.Kept, "unchanged")
	if o.Detect == s3fc.DetectSizeTime {
		out = append(out, humanize.Comma(o.BySizeTime)+" of them by size and time alone")
	}
	add(o.Refused, "refused")
	add(o.Undeleted, "not deleted because of errors")
	add(o.GivenUp, "given up")
	if o.Conflicts > 0 {
		out = append(out, plural(o.Conflicts, "conflict"))
	}
	if o.Errors > 0 {
		out = append(out, plural(o.Errors, "error"))
	}
	return out
}

func plural(n int64, what string) string {
	switch stem, y := strings.CutSuffix(what, "y"); {
	case n == 1:
		return "1 " + what
	case y:
		return humanize.Comma(n) + " " + stem + "ies"
	}
	return humanize.Comma(n) + " " + what + "s"
}

func requestsText(o outcome) string {
	s := o.Requests.String()
	if o.Need.Total() > 0 {
		s += ", and " + o.Need.String() + " to do this"
	}
	if c := costText(o.Cost); c != "" {
		s += " (" + c + ")"
	}
	return s
}

func seconds(d time.Duration) string {
	if d < time.Minute {
		return fmt.Sprintf("%.1fs", d.Seconds())
	}
	return d.Round(time.Second).String()
}
