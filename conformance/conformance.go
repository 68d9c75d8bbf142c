package conformance

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/s3fc/s3fc/core"
)

// Open returns a new backend that is empty. It registers its
// cleanup with t.Cleanup, and fails t if it cannot open one.
type Open func(t testing.TB) core.Backend

// OpenStore returns a new store that is empty. It registers its
// cleanup with t.Cleanup, and fails t if it cannot open one.
type OpenStore func(t testing.TB) Store

// A Case is one demand on a backend.
type Case struct {
	Name string
	// Why says how a user suffers from a backend that fails the case.
	Why string
	// Guide names the section of docs/backend.md that explains the demand.
	Guide string
	// Needs reports whether a backend of these features has to pass; nil means
	// always.
	Needs func(core.Features) bool
	// Hooks names the fields of Store without which the case cannot run.
	Hooks []string
	// Long marks a case that moves tens of MB, makes thousands of requests or waits
	// for seconds; it does not run under go test -short.
	Long bool
	// Run checks a store that is empty, and leaves anything in it.
	Run func(context.Context, Store) error
}

// Skip says why the case does not run on s; it is empty if the case does.
func (c Case) Skip(s Store) string {
	if c.Needs != nil && !c.Needs(s.Backend.Features()) {
		return "its features do not call for this"
	}
	if without := s.without(c.Hooks); len(without) > 0 {
		return "its store gives no hook " + strings.Join(without, ", ")
	}
	return ""
}

// limit is how long one case may take.
const limit = 3 * time.Minute

// Checks returns all cases, in the order in which they are best read.
func Checks() []Case {
	return slices.Concat(featureCases, readCases, listCases, putCases, bodyCases, keyCases, linkCases, deleteCases, guardCases, raceCases, abilityCases, accountCases, rememberCases, handleCases, strangerCases, dirCases, placeCases)
}

// Test runs every case that the features of the backend call for and that needs no
// hook, each on a new backend. The output names the hooks of [TestStore].
func Test(t *testing.T, open Open) {
	TestStore(t, func(t testing.TB) Store { return Store{Backend: open(t)} })
}

// TestStore runs every case that the features of the store call for and its hooks
// allow, each on a new store. The output names the hooks that are not given.
func TestStore(t *testing.T, open OpenStore) {
	reportHooks(t, open(t), Checks())
	for _, c := range Checks() {
		t.Run(c.Name, func(t *testing.T) {
			if c.Long && testing.Short() {
				t.Skip("long")
			}
			s := open(t)
			s.Another = func() (core.Backend, error) { return open(t).Backend, nil }
			if why := c.Skip(s); why != "" {
				t.Skip(why)
			}
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			defer cancel()
			if err := c.Run(ctx, s); err != nil {
				t.Errorf("%v\nThis matters: %s.\nMore in docs/backend.md, \"%s\".", err, c.Why, c.Guide)
			}
		})
	}
}

// run makes the Run of a case from a function that uses a probe.
func run(f func(p *probe)) func(context.Context, Store) error {
	return func(ctx context.Context, s Store) error {
		p := &probe{ctx: ctx, store: s, b: s.Backend, features: s.Backend.Features()}
		f(p)
		return errors.Join(p.errs...)
	}
}
