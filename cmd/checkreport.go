package cmd

import (
	"fmt"
	"strings"

	"github.com/dustin/go-humanize"

	"github.com/s3fc/s3fc"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/reconcile"
)

// checkReport prints the findings of a check.
type checkReport struct {
	con *console
	*output
	alone bool // there is one tree only, so that nobody asks whose a flaw is
}

// found prints one finding: differences on stdout, remarks and errors on
// stderr; for programs all on stdout.
func (c *checkReport) found(f reconcile.Found) {
	severity := f.What.Severity()
	switch {
	case c.quiet && severity != core.SeverityFailed:
	case c.json:
		c.con.print(visible(string(f.Event())) + "\n")
	case severity == core.SeverityFailed:
		c.con.remark(c.con.errColour(red, "error: ") + c.words(f))
	case severity == core.SeverityRemark && !f.Repaired:
		c.con.remark(c.con.errColour(yellow, "remark: ") + c.words(f))
	default:
		c.con.print(c.line(f) + "\n")
	}
}

var findingColours = map[core.Severity]colour{core.SeverityFine: faint, core.SeverityDiffers: red}

func (c *checkReport) line(f reconcile.Found) string {
	what, k := string(f.What), findingColours[f.What.Severity()]
	if f.Repaired {
		what, k = "repaired", green
	}
	pad := strings.Repeat(" ", max(1, 10-len(what)))
	return c.con.outColour(k, what) + pad + core.DisplayKey(f.Key) + c.con.outColour(faint, c.why(f))
}

func (c *checkReport) why(f reconcile.Found) string {
	if f.Err == nil {
		return ""
	}
	return "  (" + c.side(f) + inert(f.Err.Error()) + ")"
}

// side says whose entry a flaw is of.
func (c *checkReport) side(f reconcile.Found) string {
	switch f.What {
	case core.FindingMD5, core.FindingRedirect, core.FindingCorrupt, core.FindingNoMD5:
		if !c.alone {
			return f.Side.String() + ": "
		}
	}
	return ""
}

// words returns the text of a finding, without the key if the error names it.
func (c *checkReport) words(f reconcile.Found) string {
	msg := string(f.What)
	if f.Err != nil {
		msg = inert(f.Err.Error())
	}
	if named, ok := core.ErrorKey(f.Err); ok && named == f.Key {
		return msg
	}
	return core.DisplayKey(f.Key) + ": " + c.side(f) + msg
}

// checkJSON is the last line of a check.
type checkJSON struct {
	Event    string           `json:"event"`
	Same     int64            `json:"same"`
	Differ   int64            `json:"differ"`
	Repaired int64            `json:"repaired"`
	Remarks  int64            `json:"remarks"`
	Errors   int64            `json:"errors"`
	Bytes    int64            `json:"bytes"`
	Requests map[string]int64 `json:"requests"`
	Cost     *float64         `json:"cost_usd"`
	Seconds  float64          `json:"seconds"`
	Stopped  string           `json:"stopped,omitempty"`
}

func (c *checkReport) summary(o checkOutcome) {
	switch {
	case c.json:
		c.con.print(encode(o.json()))
	case !c.quiet:
		c.con.say(o.text(c.verbose))
	}
}

func (o checkOutcome) json() checkJSON {
	j := checkJSON{
		Event: "summary", Same: o.Same, Differ: o.Differ, Repaired: o.Repaired, Remarks: o.Remarks, Errors: o.Errors, Bytes: o.Bytes,
		Requests: o.Requests.Map(), Seconds: o.Elapsed.Seconds(),
	}
	if o.Cost.Known {
		j.Cost = &o.Cost.Dollars
	}
	if o.Stopped != nil {
		j.Stopped = o.Stopped.Error()
	}
	return j
}

func (o checkOutcome) text(verbose bool) string {
	parts := []string{"nothing differs"}
	if o.Differ > 0 {
		parts[0] = humanize.Comma(o.Differ) + " differ"
	} else if o.Stopped != nil || o.Errors > 0 {
		parts[0] = "nothing was seen to differ"
	}
	for _, c := range []struct {
		n    int64
		what string
	}{{o.Same, "same"}, {o.Repaired, "repaired"}, {o.Remarks, "with remarks"}} {
		if c.n > 0 {
			parts = append(parts, humanize.Comma(c.n)+" "+c.what)
		}
	}
	if o.Errors > 0 {
		parts = append(parts, plural(o.Errors, "error"))
	}
	s := fmt.Sprintf("%s; %s read in %s", strings.Join(parts, ", "), size(o.Bytes), seconds(o.Elapsed))
	if o.Stopped != nil {
		s = "stopped: " + s
	}
	if o.Requests.Total() > 0 {
		s += "; " + requestsText(outcome{Result: s3fc.Result{Requests: o.Requests, Cost: o.Cost}})
	}
	if verbose && o.Cost.Known {
		s += "\nprices: " + costSource(o.Cost) + " (requests only, not storage or traffic)"
	}
	return s
}
