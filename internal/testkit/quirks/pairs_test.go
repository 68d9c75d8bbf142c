package quirks

import (
	"errors"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/s3fc/s3fc/internal/s3server"
	"github.com/s3fc/s3fc/internal/testkit/long"
)

// pairsVariable says how many pairs are tried: a number, or all.
const pairsVariable = "S3FC_TEST_QUIRK_PAIRS"

// seedVariable repeats a choice of pairs.
const seedVariable = "S3FC_TEST_QUIRK_SEED"

// Without a number, so many pairs are tried, with the longer tests and without.
const (
	defaultPairs = 12
	shortPairs   = 2
)

// pairsOf returns all pairs of quirks, in random order.
func pairsOf(quirks []s3server.Quirk, seed uint64) [][2]s3server.Quirk {
	var pairs [][2]s3server.Quirk
	for i, a := range quirks {
		for _, b := range quirks[:i] {
			pairs = append(pairs, [2]s3server.Quirk{b, a})
		}
	}
	rand.New(rand.NewPCG(seed, seed)).Shuffle(len(pairs), func(i, j int) { pairs[i], pairs[j] = pairs[j], pairs[i] })
	return pairs
}

func seed(t *testing.T) uint64 {
	if v := os.Getenv(seedVariable); v != "" {
		n, err := strconv.ParseUint(v, 10, 64)
		if err != nil {
			t.Fatalf("%s: %v", seedVariable, err)
		}
		return n
	}
	return uint64(time.Now().UnixNano())
}

// TestPairsOfQuirks plays the story with pairs of quirks. Two of which each lets
// all runs end well do so together.
func TestPairsOfQuirks(t *testing.T) {
	n := seed(t)
	t.Logf("%s=%d repeats this choice; %s=all tries all pairs", seedVariable, n, pairsVariable)
	pairs := pairsOf(s3server.Quirks(), n)
	count := defaultPairs
	if !long.Enabled() {
		count = shortPairs
	}
	if v := os.Getenv(pairsVariable); v == "all" {
		count = len(pairs)
	} else if v != "" {
		var err error
		if count, err = strconv.Atoi(v); err != nil {
			t.Fatalf("%s: %v", pairsVariable, err)
		}
	}
	for _, p := range pairs[:min(count, len(pairs))] {
		if hidden(p[:]) {
			continue
		}
		t.Run(p[0].Name+" and "+p[1].Name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t, p[0], p[1])
			well := l.tell(false)
			if !well && lets(p[0]) && lets(p[1]) {
				l.fail("not all runs ended well: %v", l.failed)
			}
			if err := errors.Join(l.errs...); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestSetsThatFailedOnce plays the story with sets of quirks that a random choice
// found, and with which s3fc failed once.
func TestSetsThatFailedOnce(t *testing.T) {
	long.Only(t)
	for name, set := range map[string][]s3server.Quirk{
		"a read without ETags breaks off":         {s3server.NoETags, s3server.ClosesEarly(3)},
		"a foreign page in a store without ETags": {s3server.NoETags, s3server.RefusesHeader("If-Match")},
		"foreign files under KMS, cut":            {s3server.KMS, s3server.ClosesEarly(3)},
		"a lost page, counted by its keys":        {s3server.LosesLastPage, s3server.CountsKeysAlone},
		"no order, and keys encoded silently":     {s3server.BackwardPages, s3server.EncodesSilently},
		"ETags that are no md5s, and not listed":  {s3server.OpaqueETags, s3server.NoETagsInListings},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t, set...)
			if well := l.tell(false); !well && !slices.ContainsFunc(set, func(q s3server.Quirk) bool { return !lets(q) }) {
				l.fail("not all runs ended well: %v", l.failed)
			}
			if err := errors.Join(l.errs...); err != nil {
				t.Error(err)
			}
		})
	}
}

// hidden reports whether one quirk takes away the only sign of another: a last page
// that lost its keys, in a store that counts none, is the end of the listing for every
// client. Nor can a store want a header that it refuses.
func hidden(quirks []s3server.Quirk) bool {
	has := func(q s3server.Quirk) bool {
		return slices.ContainsFunc(quirks, func(other s3server.Quirk) bool { return other.Name == q.Name })
	}
	return has(s3server.LosesLastPage) && (has(s3server.NoKeyCount) || has(s3server.ListsV1)) ||
		has(s3server.RefusesUnknownHeaders) && has(s3server.RequesterPays)
}

// lets reports whether all runs end well with the quirk alone.
func lets(q s3server.Quirk) bool { return endings[q.Name] == "" && !contains(ambiguous, q.Name) }

// TestRandomQuirks plays the story with random sets of quirks: whatever they
// are, a run makes the trees equal or says why not, and nothing is lost.
func TestRandomQuirks(t *testing.T) {
	long.Only(t)
	all := s3server.Quirks()
	rapid.Check(t, func(r *rapid.T) {
		quirks := rapid.SliceOfNDistinct(rapid.SampledFrom(all), 3, 6, func(q s3server.Quirk) string { return q.Name }).Draw(r, "quirks")
		if hidden(quirks) {
			r.Skip("nothing tells that keys are missing")
		}
		l := newLab(t, quirks...)
		l.tell(false)
		if err := errors.Join(l.errs...); err != nil {
			r.Error(err)
		}
	})
}
