package mutants

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"
)

// targets are the packages whose mutants the suite has to catch, with the tests of
// theirs that run it: first a few quick ones, which catch most.
var targets = []struct {
	name, path   string
	quick, tests string
}{
	{"memory", "github.com/s3fc/s3fc/backends/memory", "^TestConformanceOfTheStore$", "^TestConformance"},
	{"localfs", "github.com/s3fc/s3fc/backends/localfs", "^TestConformance$", "^TestConformance(WithoutLinks|OnAPlainSystem|OfAMissingDirectory)?$"},
}

// atLeast is the share of mutants that the suite has to catch, in percent.
const atLeast = 95

// TestMutants runs the conformance suite on each mutant of the memory and the
// directory backend, with S3FC_TEST_MUTANTS=1 in the environment.
func TestMutants(t *testing.T) {
	if os.Getenv("S3FC_TEST_MUTANTS") == "" {
		t.Skip("NOT RUN: S3FC_TEST_MUTANTS=1 runs the suite on each mutant")
	}
	for _, target := range targets {
		t.Run(target.name, func(t *testing.T) {
			p, err := Generate(t.Context(), target.path)
			if err != nil {
				t.Fatal(err)
			}
			known, err := ReadSurvivors(filepath.Join("testdata", target.name+".txt"))
			if err != nil {
				t.Fatal(err)
			}
			r := newRunner(t, p, target.quick, target.tests)
			compareKnown(t, p.Mutants, r.survivors(p.Mutants), known)
		})
	}
}

// TestAFewMutants checks that mutants of memory that the suite is known to catch can
// be built and are caught. It is the part of TestMutants for every day.
func TestAFewMutants(t *testing.T) {
	if testing.Short() {
		t.Skip("long")
	}
	target := targets[0]
	p, err := Generate(t.Context(), target.path)
	if err != nil {
		t.Fatal(err)
	}
	known, err := ReadSurvivors(filepath.Join("testdata", target.name+".txt"))
	if err != nil {
		t.Fatal(err)
	}
	b, err := Build(t.Context(), p, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range sample(p.Mutants, known, 4) {
		got, err := b.Run(t.Context(), m.ID, target.quick, true, time.Minute)
		if err != nil || !got.Caught {
			t.Errorf("not caught: line %d: %s: %v\n%s", m.Line, m.Name, err, got.Output)
		}
	}
}

// sample picks n mutants that are not known to survive.
func sample(mutants []Mutant, known map[string]Survivor, n int) []Mutant {
	caught := slices.DeleteFunc(slices.Clone(mutants), func(m Mutant) bool { return known[m.Name].Reason != "" })
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(caught), func(i, j int) { caught[i], caught[j] = caught[j], caught[i] }) //nolint:gosec // Reproducible.
	return caught[:n]
}

// compareKnown compares the mutants that survived with those that may. The score is of the
// mutants that do something else than the program.
func compareKnown(t *testing.T, mutants, survived []Mutant, known map[string]Survivor) {
	t.Helper()
	left, same := map[string]bool{}, 0
	for _, m := range survived {
		left[m.Name] = true
		switch is, ok := known[m.Name]; {
		case !ok:
			t.Errorf("line %d: not caught, and not listed in testdata: %s", m.Line, m.Name)
		case is.Same:
			same++
		}
	}
	for name := range known {
		if !left[name] {
			t.Errorf("listed in testdata, but caught by now or gone: %s", name)
		}
	}
	others, caught := len(mutants)-same, len(mutants)-len(survived)
	score := 100 * float64(caught) / float64(others)
	t.Logf("%d mutants, %d of which do the same; %d of the other %d are caught: %.1f %%", len(mutants), same, caught, others, score)
	if score < atLeast {
		t.Errorf("the suite catches %.1f %% of the mutants; want at least %d %%", score, atLeast)
	}
}

// A runner runs mutants of one package.
type runner struct {
	t            *testing.T
	binary       *Binary
	quick, tests string
	cpu          time.Duration // that a run may use
}

func newRunner(t *testing.T, p *Package, quick, tests string) *runner {
	t.Helper()
	b, err := Build(t.Context(), p, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	r := &runner{t: t, binary: b, quick: quick, tests: tests}
	got, err := b.Run(t.Context(), -1, tests, false, time.Hour)
	if got.Caught || err != nil {
		t.Fatalf("the tests fail without a mutant: %v\n%s", err, got.Output)
	}
	r.cpu = max(5*time.Second, 4*got.CPU)
	t.Logf("%d mutants; the tests use %s of processor time without any", len(p.Mutants), got.CPU)
	return r
}

// caught runs one mutant, first without the long cases and the other variants.
func (r *runner) caught(ctx context.Context, m Mutant) bool {
	got, err := r.binary.Run(ctx, m.ID, r.quick, true, r.cpu)
	if err == nil && !got.Caught {
		got, err = r.binary.Run(ctx, m.ID, r.tests, false, r.cpu)
	}
	if err != nil {
		r.t.Errorf("%s: %v", m.Name, err)
	}
	return got.Caught
}

// survivors runs all of mutants, a few at once, and returns those that are not
// caught, in order.
func (r *runner) survivors(mutants []Mutant) []Mutant {
	var mu sync.Mutex
	var survived []Mutant
	next := make(chan Mutant)
	var wg sync.WaitGroup
	for range max(1, runtime.NumCPU()) {
		wg.Go(func() {
			for m := range next {
				if !r.caught(r.t.Context(), m) {
					r.t.Logf("survived: line %d: %s", m.Line, m.Name)
					mu.Lock()
					survived = append(survived, m)
					mu.Unlock()
				}
			}
		})
	}
	for _, m := range mutants {
		next <- m
	}
	close(next)
	wg.Wait()
	slices.SortFunc(survived, func(a, b Mutant) int { return a.ID - b.ID })
	return survived
}
