package mutants

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// A Runner runs mutants of one package against its tests.
type Runner struct {
	Binary *Binary
	// Tests are all tests that may catch a mutant, the shortest first.
	Tests []Test
	// Thorough runs every test that reaches a mutant before that counts as a survivor.
	Thorough bool
	// Say is called for each mutant that ran, by several goroutines.
	Say func(string)

	mu    sync.Mutex
	kills map[string]int // by test: how many mutants it caught
}

// How much processor time the tests take together, without a mutant, that run
// first and that run at all. A mutant that they do not catch is rarely caught by
// the rest, which takes longest.
const (
	firstTests = 600 * time.Millisecond
	allTests   = 6 * time.Second
)

// Caught runs mutant m, and reports whether a test catches it. Only tests that
// reach m run: first the short ones, and of them those that caught others.
func (r *Runner) Caught(ctx context.Context, m Mutant) (bool, error) {
	tests := r.ordered(r.Reaching(m))
	took, first, all := time.Duration(0), 0, 0
	for _, t := range tests {
		if took < firstTests {
			first++
		}
		if all++; took > allTests && !r.Thorough {
			break
		}
		took += t.CPU
	}
	for _, part := range [][]Test{tests[:first], tests[first:all]} {
		if len(part) == 0 {
			continue
		}
		got, err := r.Binary.Run(ctx, m.ID, Pattern(part), LimitsOf(part))
		if err != nil || got.Caught {
			r.count(failed(got.Output))
			return got.Caught, err
		}
	}
	return false, nil
}

// ordered sorts tests by how many mutants they caught in each second, in place.
func (r *Runner) ordered(tests []Test) []Test {
	r.mu.Lock()
	defer r.mu.Unlock()
	use := func(t Test) float64 { return float64(1+r.kills[t.Name]) / (t.CPU + 50*time.Millisecond).Seconds() }
	slices.SortStableFunc(tests, func(a, b Test) int { return cmp.Compare(use(b), use(a)) })
	return tests
}

// count notes that the tests called names caught a mutant.
func (r *Runner) count(names []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.kills == nil {
		r.kills = map[string]int{}
	}
	for _, name := range names {
		r.kills[name]++
	}
}

// Reaching returns the tests that reach m.
func (r *Runner) Reaching(m Mutant) []Test {
	return slices.DeleteFunc(slices.Clone(r.Tests), func(t Test) bool { return !t.Reached[m.ID] })
}

// Survivors runs mutants, as many at once as workers, and returns those that are
// not caught, in order.
func (r *Runner) Survivors(ctx context.Context, mutants []Mutant, workers int) ([]Mutant, error) {
	var mu sync.Mutex
	var survived []Mutant
	var errs []error
	next := make(chan Mutant)
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for m := range next {
				caught, err := r.Caught(ctx, m)
				if err == nil && caught {
					r.Say("caught: " + m.Name)
					continue
				}
				r.Say(fmt.Sprintf("survived: line %d, reached by %d tests: %s", m.Line, len(r.Reaching(m)), m.Name))
				mu.Lock()
				survived, errs = append(survived, m), append(errs, err)
				mu.Unlock()
			}
		})
	}
	for _, i := range rand.Perm(len(mutants)) { // so that a run that is stopped tells of a sample
		next <- mutants[i]
	}
	close(next)
	wg.Wait()
	slices.SortFunc(survived, func(a, b Mutant) int { return a.ID - b.ID })
	return survived, errors.Join(errs...)
}
