package cmd

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"

	"github.com/s3fc/s3fc"
	"github.com/s3fc/s3fc/core/reconcile"
)

// jsonReport is for programs: an object a line on stdout.
type jsonReport struct {
	con *console
	*output
	about startJSON
}

// jsonVersion is the version of the lines that --json prints. It grows when a
// field changes its meaning or goes; a new field or event changes nothing.
const jsonVersion = 1

// startJSON is the first line of a run.
type startJSON struct {
	Event       string    `json:"event"`
	Version     int       `json:"version"`
	Program     string    `json:"program"`
	Command     string    `json:"command"`
	Source      treeJSON  `json:"source"`
	Destination *treeJSON `json:"destination,omitempty"`
	DryRun      bool      `json:"dry_run"`
}

// treeJSON names a tree in startJSON.
type treeJSON struct {
	Name     string `json:"name"`
	URL      string `json:"url"`
	Location string `json:"location,omitempty"`
}

func (j *jsonReport) start(s s3fc.Start) {
	line := j.about
	line.Event, line.Version, line.Source = "start", jsonVersion, treeJSON(s.Source)
	if s.Destination.Name != "" {
		d := treeJSON(s.Destination)
		line.Destination = &d
	}
	j.con.print(encode(line))
}

func (j *jsonReport) notice(s string) {
	if !j.quiet {
		j.con.remark("note: " + inert(s))
	}
}

func (j *jsonReport) action(a reconcile.Action) {
	if j.quiet && a.Op != reconcile.OpFail && a.Op != reconcile.OpConflict {
		return
	}
	j.con.print(visible(string(a.Event())) + "\n")
}

// summaryJSON is the last line of a run.
type summaryJSON struct {
	Event     string           `json:"event"`
	Files     int64            `json:"files"`
	Links     int64            `json:"links"`
	NewFiles  int64            `json:"new_files,omitempty"`
	NewLinks  int64            `json:"new_links,omitempty"`
	Deletes   int64            `json:"deletes"`
	Dirs      int64            `json:"dirs,omitempty"` // empty directories that were removed
	Headers   int64            `json:"headers,omitempty"`
	Saved     int64            `json:"saved,omitempty"`
	Kept      int64            `json:"kept"`
	Detect    string           `json:"detect,omitempty"`
	SizeTime  int64            `json:"by_size_time,omitempty"`
	Refused   int64            `json:"refused"`
	Conflicts int64            `json:"conflicts"`
	Errors    int64            `json:"errors"`
	Undeleted int64            `json:"undeleted,omitempty"`
	GivenUp   int64            `json:"given_up,omitempty"`
	Bytes     int64            `json:"bytes"`
	Compared  int64            `json:"compared_bytes,omitempty"`
	Reread    int64            `json:"reread_bytes,omitempty"`
	RulesSet  int              `json:"rules_set,omitempty"`
	RulesGone int              `json:"rules_removed,omitempty"`
	Requests  map[string]int64 `json:"requests"`
	Need      map[string]int64 `json:"need,omitempty"`
	Cost      *float64         `json:"cost_usd"`
	Seconds   float64          `json:"seconds"`
	DryRun    bool             `json:"dry_run"`
	Notes     []string         `json:"notes,omitempty"`
	Stopped   string           `json:"stopped,omitempty"`
}

func (j *jsonReport) summary(o outcome) {
	s := summaryJSON{
		Event: "summary", Files: o.Files, Links: o.Links, Deletes: o.Deletes, Headers: o.Headers, Dirs: o.Dirs, Saved: o.Saved, Kept: o.Kept, Refused: o.Refused,
		Conflicts: o.Conflicts, Errors: o.Errors, Undeleted: o.Undeleted, GivenUp: o.GivenUp, NewFiles: o.NewFiles, NewLinks: o.NewLinks, Bytes: o.Bytes, Compared: o.Compared, Reread: o.Reread,
		RulesSet: o.Routes.Set, RulesGone: o.Routes.Removed,
		Requests: o.Requests.Map(), Need: o.Need.Map(), Seconds: o.Elapsed.Seconds(), DryRun: o.Planned, Notes: o.Notes,
	}
	if o.Cost.Known {
		s.Cost = &o.Cost.Dollars
	}
	if o.Detect != s3fc.DetectAuto {
		s.Detect, s.SizeTime = o.Detect.String(), o.BySizeTime
	}
	if o.Stopped != nil {
		s.Stopped = o.Stopped.Error()
	}
	j.con.print(encode(s))
}

// encode returns v, which is of strings and numbers only, as a line of JSON.
func encode(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("cmd: a line cannot be encoded: %v", err))
	}
	return visible(string(b)) + "\n"
}

// visible escapes control characters that encoding/json leaves and a terminal might
// obey: in JSON, they can only stand in strings.
func visible(text string) string {
	if strings.IndexFunc(text, unprintable) < 0 {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		switch {
		case !unprintable(r):
			b.WriteRune(r)
		case r > 0xffff:
			hi, lo := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, hi, lo)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

func unprintable(r rune) bool { return r > '~' && !unicode.IsPrint(r) }
