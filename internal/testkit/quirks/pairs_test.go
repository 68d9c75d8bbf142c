package quirks

import (
	"errors"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/s3fc/s3fc/internal/s3server"
)

// pairsVariable says how many pairs are tried: a number, or all.
const pairsVariable = "S3FC_TEST_QUIRK_PAIRS"

// seedVariable repeats a choice of pairs.
const seedVariable = "S3FC_TEST_QUIRK_SEED"

const defaultPairs = 12

// workable are the quirks that s3fc gets along with alone, as far as is known.
func workable() []s3server.Quirk {
	var all []s3server.Quirk
	for _, q := range s3server.Quirks() {
		if knownFailures[q.Name] == "" {
			all = append(all, q)
		}
	}
	return all
}

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
	if os.Getenv(pairsVariable) == "" {
		return 1 // the same pairs each time, so that a run fails by a change alone
	}
	return uint64(time.Now().UnixNano())
}

// TestPairsOfQuirks plays the story with pairs of quirks. Two of which each lets
// all runs end well do so together.
func TestPairsOfQuirks(t *testing.T) {
	n := seed(t)
	t.Logf("%s=%d repeats this choice; %s=all tries all pairs", seedVariable, n, pairsVariable)
	pairs := pairsOf(workable(), n)
	count := defaultPairs
	if v := os.Getenv(pairsVariable); v == "all" {
		count = len(pairs)
	} else if v != "" {
		var err error
		if count, err = strconv.Atoi(v); err != nil {
			t.Fatalf("%s: %v", pairsVariable, err)
		}
	}
	for _, p := range pairs[:min(count, len(pairs))] {
		t.Run(p[0].Name+" and "+p[1].Name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t, p[0], p[1])
			well := l.tell(false)
			why, known := knownPairs[[2]string{p[0].Name, p[1].Name}]
			switch {
			case well && known:
				t.Errorf("they work together now: remove them from the known pairs")
			case !well && !known && lets(p[0]) && lets(p[1]):
				l.fail("not all runs ended well: %v", l.failed)
			case known:
				t.Logf("known, %s: %v", why, l.failed)
			}
			if err := errors.Join(l.errs...); err != nil {
				t.Error(err)
			}
		})
	}
}

// knownPairs are pairs of quirks with which not all runs end well, each with the
// reason, although they do with each quirk alone.
var knownPairs = map[[2]string]string{
	{s3server.NoETags.Name, "connection closed early"}: "a read that breaks off is not begun again where nothing tells versions apart",
}

// lets reports whether all runs end well with the quirk alone.
func lets(q s3server.Quirk) bool { return endings[q.Name] == "" && !contains(ambiguous, q.Name) }

// TestRandomQuirks plays the story with random sets of quirks: whatever they
// are, a run makes the trees equal or says why not, and nothing is lost.
func TestRandomQuirks(t *testing.T) {
	if testing.Short() {
		t.Skip("the pairs alone are tried")
	}
	all := workable()
	rapid.Check(t, func(r *rapid.T) {
		quirks := rapid.SliceOfNDistinct(rapid.SampledFrom(all), 3, 6, func(q s3server.Quirk) string { return q.Name }).Draw(r, "quirks")
		l := newLab(t, quirks...)
		l.tell(false)
		if err := errors.Join(l.errs...); err != nil {
			r.Error(err)
		}
	})
}
