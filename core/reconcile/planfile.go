package reconcile

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"time"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/spool"
)

// PlanFormat is the newest version of the plan files that are written and read here.
// Version 2 adds directories that are removed, and version 3 files that get other
// headers. A plan is written in the oldest version that has all of its actions, which
// older programs read.
const PlanFormat = 3

// ErrPlanFile: a file is no plan, or not one that can be carried out. The
// error says why.
var ErrPlanFile = errors.New("not a plan that can be carried out")

// A PlanHeader names the trees and options of a saved plan. It is the first line of
// a plan file.
type PlanHeader struct {
	// Format is the version of the file, at most [PlanFormat]; WritePlan fills it in.
	Format int
	// Program wrote the plan, and Created is when.
	Program string
	Created time.Time
	// Source and Destination are the two trees.
	Source, Destination PlanTree
	// Options are the flags that the plan was made with, by name.
	Options map[string][]string
	// Totals are the plan's; WritePlan fills them in.
	Totals Totals
	// Shard is the part of a divided run that the plan is of, nil for a whole run.
	Shard *PlanShard
	// Cost is the estimated price of carrying it out in US dollars, nil if unknown.
	Cost *float64
}

// A PlanTree names a tree of a saved plan.
type PlanTree struct {
	// URL opens the tree. It has no password.
	URL string `json:"url"`
	// At is where the URL led when the plan was made, if it does not say so
	// itself: a store's endpoint, as the environment had it.
	At string `json:"at,omitempty"`
}

// A PlanShard names the part of a divided run that a plan is of.
type PlanShard struct {
	Run   string `json:"run"`
	Index int    `json:"index"`
	// The keys that the plan is of: those that follow After, up to and with Last. An
	// empty Last is no end.
	After string `json:"after"`
	Last  string `json:"last"`
	// Need is the number of requests that each phase needs, by the phase's name.
	Need map[string]int64 `json:"need,omitempty"`
}

// planHeader is a PlanHeader as a line of JSON.
type planHeader struct {
	Format      int                 `json:"s3fc_plan"`
	Program     string              `json:"program,omitempty"`
	Created     time.Time           `json:"created,omitzero"`
	Source      PlanTree            `json:"source"`
	Destination PlanTree            `json:"destination"`
	Options     map[string][]string `json:"options,omitempty"`
	Totals      planTotals          `json:"totals"`
	Shard       *PlanShard          `json:"shard,omitempty"`
	Cost        *float64            `json:"cost_usd"`
}

type planTotals struct {
	Files      int64            `json:"files"`
	Links      int64            `json:"links"`
	Deletes    int64            `json:"deletes"`
	NetDeletes *int64           `json:"net_deletes,omitempty"` // not in plans that were saved before it was counted
	Dirs       int64            `json:"dirs,omitempty"`
	Headers    int64            `json:"headers,omitempty"`
	Kept       int64            `json:"kept"`
	BySizeTime int64            `json:"by_size_time,omitempty"`
	Refused    int64            `json:"refused"`
	Conflicts  int64            `json:"conflicts"`
	Errors     int64            `json:"errors"`
	Bytes      int64            `json:"bytes"`
	Compared   int64            `json:"compared_bytes,omitempty"`
	Reread     int64            `json:"reread_bytes,omitempty"`
	NewFiles   int64            `json:"new_files,omitempty"`
	NewLinks   int64            `json:"new_links,omitempty"`
	SrcEntries int64            `json:"source_entries"`
	DstEntries int64            `json:"destination_entries"`
	Need       map[string]int64 `json:"requests"`
}

func newPlanTotals(t Totals) planTotals {
	var net *int64
	if (t.Deletes > 0 || t.NetDeletes > 0) && t.NetDeletes != netDeletesUnknown {
		net = &t.NetDeletes
	}
	return planTotals{
		t.Files, t.Links, t.Deletes, net, t.Dirs, t.Headers, t.Kept, t.BySizeTime, t.Refused, t.Conflicts, t.Errors, t.Bytes,
		t.Compared, t.Reread, t.NewFiles, t.NewLinks, t.SrcEntries, t.DstEntries, t.Need.Map(),
	}
}

func (t planTotals) totals() (Totals, error) {
	need, err := parseRequests(t.Need)
	var net int64
	switch {
	case t.NetDeletes != nil:
		net = *t.NetDeletes
	case t.Deletes > 0:
		net = netDeletesUnknown
	}
	return Totals{
		Files: t.Files, Links: t.Links, Deletes: t.Deletes, NetDeletes: net, Dirs: t.Dirs, Headers: t.Headers, Kept: t.Kept, BySizeTime: t.BySizeTime, Refused: t.Refused, Conflicts: t.Conflicts,
		Errors: t.Errors, Bytes: t.Bytes, Compared: t.Compared, Reread: t.Reread, NewFiles: t.NewFiles, NewLinks: t.NewLinks, SrcEntries: t.SrcEntries, DstEntries: t.DstEntries, Need: need,
	}, err
}

// parseRequests is the inverse of [core.Requests.Map].
func parseRequests(m map[string]int64) (r core.Requests, err error) {
	left := len(m)
	for c := range r {
		if n, ok := m[core.Class(c).String()]; ok {
			r[c] = n
			left--
		}
	}
	if left > 0 {
		return r, errors.New("there is an unknown class of requests")
	}
	return r, nil
}

// MarshalJSON returns the header as it stands in a plan file.
func (h PlanHeader) MarshalJSON() ([]byte, error) {
	return json.Marshal(planHeader{
		h.Format, h.Program, h.Created, h.Source, h.Destination, h.Options, newPlanTotals(h.Totals), h.Shard, h.Cost,
	})
}

// UnmarshalJSON is the inverse of MarshalJSON.
func (h *PlanHeader) UnmarshalJSON(b []byte) error {
	var j planHeader
	if err := json.Unmarshal(b, &j); err != nil {
		return err
	}
	totals, err := j.Totals.totals()
	*h = PlanHeader{j.Format, j.Program, j.Created, j.Source, j.Destination, j.Options, totals, j.Shard, j.Cost}
	return err
}

// planEnd is the last line of a plan file.
type planEnd struct {
	Event   string `json:"event"` // "end"
	Actions int64  `json:"actions"`
	SHA256  string `json:"sha256"` // of all lines before, in hex
}

// endMark begins the last line, and no other.
var endMark = []byte(`{"event":"end",`)

// WritePlan writes a plan to be read, and carried out later: a line for the
// header, one for each action, and one with their number and the checksum of
// all before it. Keep actions are left out.
func WritePlan(w io.Writer, h PlanHeader, p *Plan) error {
	pw := &planWriter{w: w, sum: sha256.New()}
	h.Format, h.Totals = 1, p.Totals()
	switch {
	case h.Totals.Headers > 0:
		h.Format = 3
	case h.Totals.Dirs > 0:
		h.Format = 2
	}
	if err := pw.line(h); err != nil {
		return err
	}
	end := planEnd{Event: "end"}
	for act, err := range p.All() {
		if err == nil && act.Op != OpKeep {
			end.Actions++
			err = pw.line(act)
		}
		if err != nil {
			return err
		}
	}
	end.SHA256 = hex.EncodeToString(pw.sum.Sum(nil))
	return pw.line(end)
}

type planWriter struct {
	w   io.Writer
	sum hash.Hash
}

func (w *planWriter) line(v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	b = append(b, '\n')
	w.sum.Write(b)
	_, err = w.w.Write(b)
	return err
}

// ReadPlan reads a plan that WritePlan wrote, in memory that does not grow with it;
// dir is the folder for a large plan, empty for [os.TempDir]. A file that is not
// whole and unchanged, or of another format, is an error that is [ErrPlanFile]. The
// caller closes the plan. A header that could be read is returned in any case.
func ReadPlan(r io.Reader, dir string) (PlanHeader, *Plan, error) {
	lines := newPlanLines(r)
	h, err := lines.header()
	if err != nil {
		return h, nil, err
	}
	p := &Plan{acts: spool.New[Action](dir, spoolBound)}
	if err = lines.actions(p); err == nil {
		err = p.adopt(h.Totals)
	}
	if err != nil {
		_ = p.Close() // it is not used
		return h, nil, err
	}
	h.Totals = p.totals
	return h, p, nil
}

// adopt takes over the totals of a header: those that the actions tell must be
// the same.
func (p *Plan) adopt(t Totals) error {
	read := p.totals
	read.Kept, read.BySizeTime, read.NetDeletes, read.SrcEntries, read.DstEntries, read.Need = t.Kept, t.BySizeTime, t.NetDeletes, t.SrcEntries, t.DstEntries, t.Need
	read.Compared, read.Reread = t.Compared, t.Reread
	t.NewFiles, t.NewLinks = read.NewFiles, read.NewLinks // older plans do not say them
	if read != t {
		return badPlan("its actions are not those that its first line counts")
	}
	p.totals = t
	return nil
}

func badPlan(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrPlanFile, fmt.Errorf(format, args...))
}

// isEnd reports whether a line is the last of a plan file.
func isEnd(line []byte) bool { return bytes.HasPrefix(line, endMark) }
