package cmd

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/s3fc/s3fc/core"
)

// lsJSON is an entry as ls prints it with --json, in any of its forms.
type lsJSON struct {
	Event    string   `json:"event"` // "entry"
	Key      string   `json:"key"`
	KeyBytes string   `json:"key_bytes,omitempty"` // base64 of a key that is not valid UTF-8
	Kind     string   `json:"kind"`
	Size     *int64   `json:"size,omitempty"`    // of a file, in bytes
	MD5      core.MD5 `json:"md5,omitzero"`      // of a file, where it is known
	ModTime  string   `json:"mtime,omitempty"`   // of a file's content
	Changed  string   `json:"changed,omitempty"` // when the store last changed the entry
	Target   string   `json:"target,omitempty"`  // of a link
	State    linkEnd  `json:"state,omitempty"`   // of a link, with --links
	EndsAt   string   `json:"ends_at,omitempty"` // of a link behind other links, with --links
	Error    string   `json:"error,omitempty"`   // why an entry cannot be copied
}

func newLsJSON(e core.Entry) lsJSON {
	j := lsJSON{Event: "entry", Key: e.Key, KeyBytes: core.EncodeKey(e.Key), Kind: e.Kind.String(), MD5: e.MD5}
	switch e.Kind {
	case core.File:
		j.Size = &e.Size
	case core.Link:
		j.Target = e.Target.String()
	}
	j.ModTime, j.Changed = timeJSON(e.ModTime), timeJSON(e.Changed)
	if e.Problem != nil {
		j.Error = e.Problem.Error()
	}
	return j
}

// timeJSON is a time in JSON, "" for none.
func timeJSON(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// lsTotals counts the entries of a listing.
type lsTotals struct{ files, links, others, bytes int64 }

func (t *lsTotals) add(e core.Entry) {
	switch e.Kind {
	case core.File:
		t.files++
		t.bytes += e.Size
	case core.Link:
		t.links++
	default:
		t.others++
	}
}

// text returns "2 files, 1 link, 4.2 KiB".
func (t *lsTotals) text() string {
	out := []string{plural(t.files, "file")}
	if t.links > 0 {
		out = append(out, plural(t.links, "link"))
	}
	if t.others > 0 {
		out = append(out, humanize.Comma(t.others)+" that cannot be copied")
	}
	return strings.Join(append(out, size(t.bytes)), ", ")
}

// timeLayout is that of the times of ls, in the zone of the user.
const timeLayout = "2006-01-02 15:04:05"

// line is an entry of ls for people.
func (l *listing) line(e core.Entry) string {
	length, at, sum := "-", "-", "-"
	if e.Kind == core.File {
		length = size(e.Size)
		if e.MD5.Known() {
			sum = e.MD5.String()
		}
	}
	if t := cmp.Or(e.ModTime, e.Changed); !t.IsZero() {
		at = t.Local().Format(timeLayout)
	}
	s := fmt.Sprintf("%-5s %9s  %-19s  ", e.Kind, length, at)
	if l.md5s {
		s += fmt.Sprintf("%-32s  ", sum)
	}
	s += core.DisplayKey(e.Key)
	switch {
	case e.Kind == core.Link:
		s += " → " + target(e.Target)
	case e.Problem != nil:
		s += "  " + l.con.outColour(yellow, "("+inert(e.Problem.Error())+")")
	}
	return s
}
