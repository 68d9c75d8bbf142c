package mutants

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/s3fc/s3fc/internal/testkit/long"
)

// targets are the packages whose mutants the suite has to catch, with the tests of
// theirs that run it. A race decides about one or two in a hundred of those of the
// directory backend, of which about 96 are caught.
var targets = []target{
	{"memory", "github.com/s3fc/s3fc/backends/memory", "^TestConformance", 95},
	{"localfs", "github.com/s3fc/s3fc/backends/localfs", "^TestConformance(WithoutLinks|OnAPlainSystem|OfAMissingDirectory)?$", 95},
}

type target struct {
	name, path, tests string
	atLeast           int // percent of the mutants that the suite has to catch
}

// generate returns the mutants of the target, and those known to survive.
func (to target) generate(t *testing.T) (*Package, *Survivors) {
	t.Helper()
	p, err := Generate(t.Context(), to.path)
	if err != nil {
		t.Fatal(err)
	}
	known, err := ReadSurvivors(filepath.Join("testdata", to.name+".txt"))
	if err != nil {
		t.Fatal(err)
	}
	return p, known
}

// TestTheListsAreOfMutants checks that each line of the lists is for a mutant.
// TestMutants checks the rest.
func TestTheListsAreOfMutants(t *testing.T) {
	for _, target := range targets {
		p, known := target.generate(t)
		for _, line := range known.Unused(p.Mutants) {
			t.Errorf("%s.txt: there is no mutant %s", target.name, line)
		}
	}
}

// TestMutants runs the conformance suite on mutants of the memory and the directory
// backend, as S3FC_TEST_MUTANTS in the environment says: on "all", on a number of
// each backend, chosen by a seed that the output shows, or on those whose names
// contain any other text.
func TestMutants(t *testing.T) {
	want := os.Getenv("S3FC_TEST_MUTANTS")
	if want == "" {
		t.Skip("NOT RUN: S3FC_TEST_MUTANTS is not set")
	}
	for _, target := range targets {
		t.Run(target.name, func(t *testing.T) {
			p, known := target.generate(t)
			mutants := chosen(t, p.Mutants, want)
			if len(mutants) == 0 {
				return
			}
			start := time.Now()
			r := newRunner(t, p, target.tests)
			reached := slices.DeleteFunc(slices.Clone(mutants), func(m Mutant) bool { return len(r.Reaching(m)) == 0 })
			t.Logf("%d of %d mutants run; no case reaches the other %d", len(reached), len(mutants), len(mutants)-len(reached))
			score(t, r, reached, known, target.atLeast)
			t.Logf("%s in all", time.Since(start).Round(time.Second))
		})
	}
}

// chosen returns those of mutants that the environment asks for.
func chosen(t *testing.T, mutants []Mutant, want string) []Mutant {
	t.Helper()
	if want == "all" {
		return mutants
	}
	if n, err := strconv.Atoi(want); err == nil {
		return sample(t, mutants, n)
	}
	return slices.DeleteFunc(slices.Clone(mutants), func(m Mutant) bool { return !strings.Contains(m.Name, want) })
}

// newRunner builds the mutants of p, and measures the tests.
func newRunner(t *testing.T, p *Package, tests string) *Runner {
	t.Helper()
	b, err := Build(t.Context(), p, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	r := &Runner{Binary: b, Say: func(s string) { t.Log(s) }}
	if r.Tests, err = b.Tests(t.Context(), tests); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d tests run the suite", len(r.Tests))
	return r
}

// workers is how many mutants run at once: most of a run waits for clocks.
func workers() int { return 2 * runtime.GOMAXPROCS(0) }

// sample chooses n of mutants.
func sample(t *testing.T, mutants []Mutant, n int) []Mutant {
	t.Helper()
	seed := rand.Uint64() //nolint:gosec // A choice.
	if s := os.Getenv("S3FC_TEST_SEED"); s != "" {
		var err error
		if seed, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("S3FC_TEST_SEED=%d chooses the same mutants again", seed)
	var chosen []Mutant
	for _, i := range rand.New(rand.NewPCG(seed, 0)).Perm(len(mutants)) { //nolint:gosec // Reproducible.
		if chosen = append(chosen, mutants[i]); len(chosen) == n {
			break
		}
	}
	return chosen
}

// score runs mutants, and compares those that survive with those that may: the suite
// has to catch nearly all others.
func score(t *testing.T, r *Runner, mutants []Mutant, known *Survivors, atLeast int) {
	t.Helper()
	survived, err := r.Survivors(t.Context(), mutants, workers())
	if err != nil {
		t.Fatal(err)
	}
	unknown := slices.DeleteFunc(slices.Clone(survived), func(m Mutant) bool { _, ok := known.Find(m.Name); return ok })
	listed := slices.DeleteFunc(slices.Clone(survived), func(m Mutant) bool { _, ok := known.Find(m.Name); return !ok })
	r.Thorough = true
	if unknown, err = r.Survivors(t.Context(), unknown, workers()); err != nil {
		t.Fatal(err)
	}
	for _, m := range unknown {
		t.Logf("NOT CAUGHT, and not listed in testdata: line %d: %s", m.Line, m.Name)
	}
	same, conforms := 0, 0
	for _, m := range listed {
		switch why, _ := known.Find(m.Name); {
		case why.Same:
			same++
		case why.Conforms:
			conforms++
		}
	}
	others, caught := len(mutants)-same-conforms, len(mutants)-len(listed)-len(unknown)
	percent := 100 * float64(caught) / float64(max(1, others))
	t.Logf("of %d mutants, %d do the same and %d keep the contract; %d of the other %d are caught: %.1f %%", len(mutants), same, conforms, caught, others, percent)
	if percent < float64(atLeast) && others >= 100 {
		t.Errorf("the suite catches %.1f %%; want at least %d %%", percent, atLeast)
	}
}

// TestAFewMutants checks that mutants of memory that the suite is known to catch can
// be built and are caught. It is the part of TestMutants for every day.
func TestAFewMutants(t *testing.T) {
	long.Only(t)
	p, known := targets[0].generate(t)
	r := newRunner(t, p, "^TestConformanceOfTheStore$/^below_$")
	left := 4
	for _, i := range rand.New(rand.NewPCG(1, 2)).Perm(len(p.Mutants)) { //nolint:gosec // Reproducible.
		m := p.Mutants[i]
		if _, ok := known.Find(m.Name); ok || len(r.Reaching(m)) == 0 {
			continue
		}
		if got, err := r.Caught(t.Context(), m); err != nil || !got {
			t.Errorf("not caught: line %d: %s: %v", m.Line, m.Name, err)
		}
		if left--; left == 0 {
			return
		}
	}
}
