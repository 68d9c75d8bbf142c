package conformance

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/s3fc/s3fc/core"
)

// Open returns a new backend that is empty. It releases what it took with
// t.Cleanup, and fails t if it cannot.
type Open func(t testing.TB) core.Backend

// A Case is one demand on a backend.
type Case struct {
	Name string
	// Why is what goes wrong for a user of a backend that fails it.
	Why string
	// Needs reports whether a backend of these features has to pass; nil means
	// always.
	Needs func(core.Features) bool
	// Long marks a case that moves tens of MB or makes thousands of requests;
	// it does not run under go test -short.
	Long bool
	// Run checks an empty backend, and leaves it with anything in it.
	Run func(context.Context, core.Backend) error
}

// limit is how long one case may take.
const limit = 3 * time.Minute

// Checks returns all cases, in the order in which they are best read.
func Checks() []Case {
	return slices.Concat(readCases, listCases, putCases, keyCases, linkCases, deleteCases, raceCases, extensionCases)
}

// Test runs every case that the features of the backend call for, each on a
// new one.
func Test(t *testing.T, open Open) {
	for _, c := range Checks() {
		t.Run(c.Name, func(t *testing.T) {
			if c.Long && testing.Short() {
				t.Skip("long")
			}
			b := open(t)
			if c.Needs != nil && !c.Needs(b.Features()) {
				t.Skip("its features do not call for this")
			}
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			defer cancel()
			if err := c.Run(ctx, b); err != nil {
				t.Errorf("%v\nThis matters: %s", err, c.Why)
			}
		})
	}
}

// run makes the Run of a case from what it does with a probe.
func run(f func(p *probe)) func(context.Context, core.Backend) error {
	return func(ctx context.Context, b core.Backend) error {
		p := &probe{ctx: ctx, b: b, features: b.Features()}
		f(p)
		return errors.Join(p.errs...)
	}
}
