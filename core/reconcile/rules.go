package reconcile

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/s3fc/s3fc/core"
)

// DeleteMode says what happens to entries of the destination that the source
// does not have.
type DeleteMode uint8

const (
	// DeleteAfter deletes them after everything else is done; entries that the
	// source could not hold are kept.
	DeleteAfter DeleteMode = iota
	// DeleteNever keeps them.
	DeleteNever
	// DeleteAll is DeleteAfter, and deletes also what the source could not hold.
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

// Limit is the greatest number of deletes that a run may do. The zero Limit is
// the default: not every entry of the destination, and not more than half of
// them where that is more than 100.
type DeleteLimit struct {
	set     bool
	percent bool
	n       float64
}

// ParseLimit reads a number of entries, as "100", or a share of the
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

// String returns what ParseLimit reads, or "" for the default.
func (l DeleteLimit) String() string {
	switch {
	case !l.set:
		return ""
	case l.percent:
		return strconv.FormatFloat(l.n, 'f', -1, 64) + "%"
	}
	return strconv.FormatFloat(l.n, 'f', 0, 64)
}

// allows reports whether deletes of entries may go.
func (l DeleteLimit) allows(deletes, entries int64) bool {
	switch {
	case deletes == 0:
		return true
	case !l.set:
		return deletes < entries && (deletes <= 100 || 2*deletes <= entries)
	case l.percent:
		return float64(deletes) <= l.n/100*float64(entries)
	}
	return float64(deletes) <= l.n
}

// rules are the facts about a run that decide needs besides the two entries.
type rules struct {
	del     DeleteMode
	detect  Detect
	resolve bool // ask source entries that may be links, even where a transfer would tell
	src     sideRules
	dst     sideRules
}

// newRules returns the default rules for two trees.
func newRules(src, dst core.Tree) rules { return rules{src: newSideRules(src), dst: newSideRules(dst)} }

// sideRules are the facts about one tree that decide needs.
type sideRules struct {
	asks       bool // Stat may know an md5 that the listing did not: else only reading tells
	dirTargets bool
	// check returns the reason why the tree cannot hold an entry, or nil. It does no
	// I/O.
	check func(core.Entry) error
}

func newSideRules(t core.Tree) sideRules {
	f := t.Features()
	return sideRules{
		asks: f.StoresMD5, dirTargets: f.DirTargets,
		check: func(e core.Entry) error { return core.CheckPut(t, e) },
	}
}

// keepsUnholdable reports whether dst stays because the source could not hold it: it
// is not missing there.
func (r rules) keepsUnholdable(dst *core.Entry) bool {
	return r.del != DeleteAll && r.src.check(*dst) != nil
}
