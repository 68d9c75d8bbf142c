package cmd

import (
	"cmp"
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
	all   bool
	list  changeList // of a plan; nil for a line each
	alone bool       // the list is all that stdout gets

	mu       sync.Mutex
	troubles [len(troubleKinds)]reconcile.Causes // by kind
}

// troubleKind is a kind of actions that are grouped by their cause.
type troubleKind struct {
	op     reconcile.Op
	name   string
	colour colour
}

var troubleKinds = [...]troubleKind{{reconcile.OpFail, "error", red}, {reconcile.OpConflict, "conflict", red}, {reconcile.OpRefuse, "refused", yellow}}

// maxAlike is how many troubles of one kind and cause are printed without --verbose.
const maxAlike = 3

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
		s, _, _ = strings.Cut(s, "?") // of which the place is a part
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
	for i, k := range troubleKinds {
		if a.Op == k.op {
			if (!t.quiet || k.op != reconcile.OpRefuse) && t.count(i, a) {
				t.trouble(k, a)
			}
			return
		}
	}
	switch {
	case t.quiet:
	case t.list != nil:
		t.list.add(a)
	case t.all || a.Op == reconcile.OpDelete || a.Op == reconcile.OpRemoveDir:
		t.con.print(t.line(a))
	}
}

// count counts a trouble of a kind by its cause, and reports whether it is printed.
func (t *textReport) count(kind int, a reconcile.Action) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.troubles[kind].Add(a).Count <= maxAlike || t.verbose
}

// moreTroubles says how many troubles were not printed.
func (t *textReport) moreTroubles() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i, k := range troubleKinds {
		for _, c := range t.troubles[i].All() {
			if more := c.Count - maxAlike; more > 0 && !t.verbose {
				t.con.remark(t.con.errColour(k.colour, k.name+": ") + humanize.Comma(more) + " more: " + inert(c.Cause) + " (--verbose lists them)")
			}
		}
		t.troubles[i] = reconcile.Causes{}
	}
}

// trouble prints the cause of a trouble and its key, which the error may name itself.
func (t *textReport) trouble(k troubleKind, a reconcile.Action) {
	msg := string(a.Reason)
	if a.Err != nil {
		msg = strings.TrimPrefix(inert(a.Err.Error()), k.name+": ") // that it is a conflict is said once
	}
	if named, ok := core.ErrorKey(a.Err); !ok || named != a.Key {
		msg = core.DisplayKey(a.Key) + ": " + msg
	}
	t.con.remark(t.con.errColour(k.colour, k.name+": ") + msg)
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
	if t.list != nil {
		t.list.end()
	}
	t.moreTroubles()
	if t.quiet || !o.summed() {
		return
	}
	for _, note := range o.Notes {
		t.notice(note)
	}
	text := summaryText(o, t.verbose)
	if t.alone {
		t.con.remark(text)
	} else {
		t.con.say(text)
	}
}

// longRead is from how many bytes the summary says that they were read, since that
// takes time.
const longRead = 1 << 20

// summaryText is the summary: a line of outcomes, one of requests, and with verbose
// one of prices.
func summaryText(o outcome, verbose bool) string {
	s := strings.Join(counts(o), ", ") + " in " + seconds(o.Elapsed)
	var signal *interrupted
	switch {
	case errors.As(o.Stopped, &signal):
		s = "interrupted: " + s + "; run the same command again to go on"
	case o.Plan && o.Stopped != nil:
		s = "stopped plan: " + s
	case o.Planned && o.Stopped != nil:
		s = "stopped dry run: " + s
	case o.Stopped != nil:
		s = "stopped: " + s
	case o.Plan:
		s = "plan: " + s
	case o.Diff && o.Differs():
		s = "differs: " + s
	case o.Planned && !o.Diff:
		s = "dry run: " + s
	}
	if o.Compared >= longRead || o.Compared > 0 && verbose {
		s += "; " + size(o.Compared) + " read to compare"
	}
	if o.Reread >= longRead || o.Reread > 0 && verbose {
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
	add := func(n int64, word string) {
		if n != 0 {
			out = append(out, humanize.Comma(n)+" "+word)
		}
	}
	addSome := func(n int64, noun, done string) {
		if n != 0 {
			out = append(out, plural(n, noun)+done)
		}
	}
	add(o.NewFiles+o.NewLinks, "new")
	add(o.Files-o.NewFiles, "changed")
	if o.Files > 0 {
		out[len(out)-1] += " (" + size(o.Bytes) + ")"
	}
	add(o.Links-o.NewLinks, "retargeted")
	add(o.Headers, "with other headers")
	add(o.Deletes, "deleted")
	addSome(o.Dirs, "empty directory", " removed")
	add(o.Saved, "saved")
	addSome(int64(o.Routes.Set), "routing rule", " set")
	addSome(int64(o.Routes.Removed), "routing rule", " removed")
	if !o.Changed() {
		out = append(out, nothing(o))
	}
	add(o.Kept, "unchanged")
	if o.Detect == s3fc.DetectSizeTime {
		out = append(out, humanize.Comma(o.BySizeTime)+" of them by size and time alone")
	}
	add(o.Refused, "refused")
	add(o.Undeleted, "not deleted because of errors")
	add(o.GivenUp, "given up")
	addSome(o.Conflicts, "conflict", "")
	addSome(o.Errors, "error", "")
	return out
}

// nothing says that there are no changes.
func nothing(o outcome) string {
	failed := o.Stopped != nil || o.Errors+o.Conflicts+o.Undeleted > 0
	switch {
	case o.Diff && failed:
		return "no other difference seen"
	case o.Diff:
		return "no difference"
	case failed:
		return "nothing done"
	}
	return "nothing to do"
}

// plural returns "1 entry" or "2,000 entries".
func plural(n int64, noun string) string {
	switch stem, y := strings.CutSuffix(noun, "y"); {
	case n == 1:
		return "1 " + noun
	case y:
		return humanize.Comma(n) + " " + stem + "ies"
	}
	return humanize.Comma(n) + " " + noun + "s"
}

func requestsText(o outcome) string {
	s := requestCounts(o.Requests)
	if o.Need.Total() > 0 {
		s += ", and " + requestCounts(o.Need) + " to do this"
		if o.Diff {
			s = strings.TrimSuffix(s, "do this") + "copy"
		}
	}
	if c := costText(o.Cost); c != "" {
		s += " (" + c + ")"
	}
	return s
}

// requestCounts returns "3 LIST, 3,000 PUT", or "none".
func requestCounts(r core.Requests) string {
	var out []string
	for class, n := range r {
		if n > 0 {
			out = append(out, humanize.Comma(n)+" "+core.Class(class).String())
		}
	}
	return cmp.Or(strings.Join(out, ", "), "none")
}

func seconds(d time.Duration) string {
	if d < time.Minute {
		return fmt.Sprintf("%.1fs", d.Seconds())
	}
	return d.Round(time.Second).String()
}
