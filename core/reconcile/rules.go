package reconcile

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/s3fc/s3fc/core"
)

// DeleteMode says which entries that only the destination has are deleted.
type DeleteMode uint8

const (
	// DeleteAfter deletes them after everything else is done; entries that the
	// source could not hold are kept.
	DeleteAfter DeleteMode = iota
	// DeleteNever keeps them.
	DeleteNever
	// DeleteAll is DeleteAfter, and deletes also entries that the source cannot
	// hold.
	DeleteAll
)

var deleteModes = [...]string{DeleteAfter: "after", DeleteNever: "never", DeleteAll: "all"}

// String returns "after", "never" or "all".
func (m DeleteMode) String() string { return deleteModes[m] }

// ParseDeleteMode reads "after", "never" or "all".
func ParseDeleteMode(s string) (DeleteMode, error) {
	for i, name := range deleteModes {
		if s == name {
			return DeleteMode(i), nil
		}
	}
	return 0, fmt.Errorf("%q: expected after, never or all", s)
}

// A DeleteLimit is the greatest number of deletes that a run may do. The zero
// DeleteLimit is the default. It counts deletes only beyond the new entries of the
// same directory, for renamed files are no loss, and allows up to half of the
// destination's entries, or up to 10 of them, but never all. All entries of a
// destination of more than 10 are also too many where new ones take their places.
type DeleteLimit struct {
	set     bool
	percent bool
	n       float64
}

// ParseDeleteLimit reads a number of entries, as "100", or a share of the
// destination's entries, as "25%".
func ParseDeleteLimit(s string) (DeleteLimit, error) {
	num, percent := strings.CutSuffix(s, "%")
	if !percent {
		n, err := strconv.ParseUint(s, 10, 62)
		if err != nil {
			return DeleteLimit{}, fmt.Errorf("%q: expected a number of entries such as 100, or a share such as 25%%", s)
		}
		return DeleteLimit{set: true, n: float64(n)}, nil
	}
	p, err := strconv.ParseFloat(num, 64)
	if err != nil || !(p >= 0 && p <= 100) {
		return DeleteLimit{}, fmt.Errorf("%q: expected a share from 0%% to 100%%", s)
	}
	return DeleteLimit{set: true, percent: true, n: p}, nil
}

// String returns the limit as ParseDeleteLimit reads it, or "" for the default.
func (l DeleteLimit) String() string {
	switch {
	case !l.set:
		return ""
	case l.percent:
		return strconv.FormatFloat(l.n, 'f', -1, 64) + "%"
	}
	return strconv.FormatFloat(l.n, 'f', 0, 64)
}

// smallLoss is how many deletes the default limit allows of any destination that is
// not emptied by them.
const smallLoss = 10

// netDeletesUnknown stands in the totals of a plan that was saved before NetDeletes
// were counted: the limit of that time counts.
const netDeletesUnknown = -1

// allows reports whether the deletes of a plan may be done.
func (l DeleteLimit) allows(t Totals) bool {
	switch {
	case t.Deletes == 0:
		return true
	case !l.set && t.NetDeletes == netDeletesUnknown:
		return t.Deletes < t.DstEntries && (t.Deletes <= 100 || 2*t.Deletes <= t.DstEntries)
	case !l.set:
		emptied := t.NetDeletes == t.DstEntries || t.Deletes == t.DstEntries && t.Deletes > smallLoss
		return !emptied && (t.NetDeletes <= smallLoss || 2*t.NetDeletes <= t.DstEntries)
	case l.percent:
		return float64(t.Deletes) <= l.n/100*float64(t.DstEntries)
	}
	return float64(t.Deletes) <= l.n
}

// rules are the facts about a run that decide needs besides the two entries.
type rules struct {
	del     DeleteMode
	detect  Detect
	headers Headers
	resolve bool // ask source entries that may be links, even where a transfer would tell
	src     sideRules
	dst     sideRules
}

// newRules returns the default rules for two trees.
func newRules(src, dst core.Tree) rules { return rules{src: newSideRules(src), dst: newSideRules(dst)} }

// sideRules are the facts about one tree that decide needs.
type sideRules struct {
	headers    bool // files have headers
	asks       bool // Stat may know an md5 that the listing did not: else only reading tells
	dirTargets bool
	// maySayOtherwise: Stat costs little, and may find an entry at a key that the
	// listing does not show; see errOtherName.
	maySayOtherwise bool
	// check returns the reason why the tree cannot hold an entry, or nil. It does no
	// I/O.
	check func(core.Entry) error
}

func newSideRules(t core.Tree) sideRules {
	f := t.Features()
	return sideRules{
		headers: f.Headers, asks: f.StoresMD5, dirTargets: f.DirTargets, maySayOtherwise: !f.Flat && !f.StoresMD5,
		check: func(e core.Entry) error { return core.CheckPut(t, e) },
	}
}

// keepsUnholdable reports whether dst stays because the source cannot hold it: it
// is not missing there.
func (r rules) keepsUnholdable(dst *core.Entry) bool {
	return r.del != DeleteAll && r.src.check(*dst) != nil
}
