package core_test

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/s3fc/s3fc/backends/memory"
	"github.com/s3fc/s3fc/core"
)

// A state is what a tree holds: file contents, "-> target" for links, and
// "other" for what cannot be carried.
type state map[string]string

const other = "other"

func (s state) carried(key string) bool { return s[key] != "" && s[key] != other }

type planter interface {
	core.Backend
	Plant(e core.Entry, body []byte)
}

// plant makes tree hold s.
func plant(t testing.TB, tree planter, s state) {
	t.Helper()
	for _, key := range slices.Sorted(maps.Keys(s)) {
		e := core.Entry{Key: key, Kind: core.File}
		body := []byte(s[key])
		if target, isLink := strings.CutPrefix(s[key], "-> "); isLink {
			e.Kind, e.Target, body = core.Link, core.Target{Key: target}, nil
		} else if s[key] == other {
			e.Kind, e.Problem, body = core.Other, errors.New("a fifo"), nil
		}
		tree.Plant(e, body)
	}
}

// look reads what tree holds.
func look(t testing.TB, tree core.Tree) state {
	t.Helper()
	s := state{}
	for e, err := range tree.List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		body, e, err := tree.Open(t.Context(), e.Key)
		if err != nil {
			t.Fatal(err)
		}
		switch e.Kind {
		case core.Other:
			s[e.Key] = other
		case core.Link:
			s[e.Key] = "-> " + e.Target.Key
		case core.File:
			b := make([]byte, e.Size)
			if _, err := body.Read(b); err != nil && e.Size > 0 {
				t.Fatal(err)
			}
			s[e.Key] = string(b)
		}
	}
	return s
}

var segments = []string{"a", "a-", "a.b", "a0", "b"}

func randomKey(r *rand.Rand) string {
	var key []string
	for range 1 + r.IntN(3) {
		key = append(key, segments[r.IntN(len(segments))])
	}
	return strings.Join(key, "/")
}

func randomState(r *rand.Rand, flat bool, others bool) state {
	s := state{}
	for range r.IntN(9) {
		key := randomKey(r)
		if !flat && inTheWay(s, key) != "" {
			continue
		}
		switch n := r.IntN(10); {
		case n < 6:
			s[key] = fmt.Sprintf("content %d", r.IntN(3))
		case n < 9 || !others:
			s[key] = "-> " + randomKey(r)
		default:
			s[key] = other
		}
	}
	return s
}

// inTheWay returns a key of s that stands above or below key.
func inTheWay(s state, key string) string {
	for _, k := range slices.Sorted(maps.Keys(s)) {
		if core.Below(k, key) || core.Below(key, k) {
			return k
		}
	}
	return ""
}

// reference says what a copy has to make of dst, from the contract's words
// alone, in no order and with all the time in the world.
type reference struct {
	src, dst state
	flat     bool
	del      core.DeleteMode
}

// stays reports whether key, which only the destination has, must not be
// deleted.
func (m reference) stays(key string) bool {
	if m.del == core.DeleteNever || m.dst[key] == other || m.src[key] == other {
		return true
	}
	for _, s := range []state{m.src, m.dst} {
		for k, v := range s {
			if v == other && core.Below(key, k) {
				return true
			}
		}
	}
	return false
}

// conflict reports whether the source's entry at key cannot be put.
func (m reference) conflict(key string) bool {
	if m.dst[key] == other {
		return true
	}
	if m.flat {
		return false
	}
	for k, v := range m.src {
		if v != other && (core.Below(k, key) || core.Below(key, k)) {
			return true
		}
	}
	for k := range m.dst {
		switch {
		case core.Below(key, k): // stands where a directory has to be
			if m.src[k] != "" || m.stays(k) {
				return true
			}
		case core.Below(k, key): // stands in a directory that has to go
			if m.stays(k) {
				return true
			}
		}
	}
	return false
}

func (m reference) result() state {
	out := maps.Clone(m.dst)
	for key := range m.dst {
		if m.src[key] != "" || m.stays(key) {
			continue
		}
		if !m.spoiled(key) && !m.needlessly(key) {
			delete(out, key)
		}
	}
	for key := range m.src {
		if m.src.carried(key) && !m.conflict(key) {
			out[key] = m.src[key]
		}
	}
	return out
}

// needlessly reports whether key stands in the way of conflicts only, so that
// nothing would take its place.
func (m reference) needlessly(key string) bool {
	below, put := false, false
	for k := range m.src {
		if m.src.carried(k) && core.Below(k, key) {
			below = true
			put = put || !m.conflict(k)
		}
	}
	return !m.flat && below && !put
}

// spoiled reports whether key stands below a source entry that is in conflict,
// so that nothing there is touched.
func (m reference) spoiled(key string) bool {
	if m.flat {
		return false
	}
	for k := range m.src {
		if m.src.carried(k) && core.Below(key, k) && m.conflict(k) {
			return true
		}
	}
	return false
}

func run(t testing.TB, r *core.Reconciler) (core.Totals, core.Summary) {
	t.Helper()
	p, err := r.Prepare(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	s, err := r.Apply(t.Context(), p, nil)
	if err != nil {
		t.Fatal(err)
	}
	return p.Totals(), s
}

func TestCopyOfRandomTreesMatchesAReference(t *testing.T) {
	rounds := 10_000
	if testing.Short() {
		rounds = 2_000
	}
	rnd := rand.New(rand.NewPCG(3, 14))
	for i := range rounds {
		m := reference{flat: i&1 != 0, del: core.DeleteMode(i / 8 % 3)}
		srcFlat := i&2 != 0
		m.src, m.dst = randomState(rnd, srcFlat, true), randomState(rnd, m.flat, true)
		src, dst := memory.New(), newTree(m.flat, i&4 != 0)
		plant(t, src, m.src)
		plant(t, dst, m.dst)
		want := m.result()
		r := &core.Reconciler{Src: src, Dst: dst, Delete: m.del, Jobs: 3, TempDir: t.TempDir()}
		plan, sum := run(t, r)
		if got := look(t, dst); !maps.Equal(got, want) {
			t.Fatalf("round %d, flat %v, delete %v\nsrc  %v\ndst  %v\ngot  %v\nwant %v\nplan %+v\nsum  %+v", i, m.flat, m.del, m.src, m.dst, got, want, plan, sum)
		}
		if sum.Errors != 0 || plan.Files != sum.Files || plan.Links != sum.Links || plan.Deletes != sum.Deletes+kept(plan, sum) {
			t.Fatalf("round %d: flat %v, delete %v\nsrc  %v\ndst  %v\nwant %v\nplanned %+v\ndid     %+v", i, m.flat, m.del, m.src, m.dst, want, plan, sum)
		}
		again, sum2 := run(t, r)
		if again.Files+again.Links+again.Deletes != 0 || sum2.Conflicts != sum.Conflicts {
			t.Fatalf("round %d: a second run is not idle: %+v\nsrc %v\ndst %v", i, again, m.src, want)
		}
	}
}

// kept is how many deletes of things in the way were not needed after all.
func kept(plan core.Totals, sum core.Summary) int64 { return sum.Kept - plan.Kept }

func newTree(flat, opaque bool) planter {
	f := memory.All
	f.Flat = flat
	if opaque {
		return memory.NewOpaque(f)
	}
	return memory.NewWith(f)
}
