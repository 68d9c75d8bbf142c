package wrap_test

import (
	"testing"
	"time"

	"github.com/s3fc/s3fc/backends/memory"
	"github.com/s3fc/s3fc/conformance"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/wrap"
	"github.com/s3fc/s3fc/internal/testkit/long"
)

// decorators are those that let everything be done, each set so that it does
// something.
var decorators = map[string]func(core.Backend) core.Backend{
	"filter": func(b core.Backend) core.Backend {
		return wrap.Filter(b, func(key string) bool { return key == "hidden" || key == "hidden/" })
	},
	"fault": func(b core.Backend) core.Backend { return wrap.Fault(b, new(wrap.StepCounter)) },
	"limit": func(b core.Backend) core.Backend { return wrap.Limit(b, 2, 1<<40) },
	"meter": func(b core.Backend) core.Backend { return wrap.Meter(b, new(wrap.Counts), core.NewBudget(1<<40)) },
	"freeze": func(b core.Backend) core.Backend {
		return wrap.Freeze(b, func(key string) bool { return key == "frozen" })
	},
	"retry": func(b core.Backend) core.Backend {
		return wrap.Retry(b, 3, wrap.Backoff(time.Millisecond, time.Second))
	},
	"sub": func(b core.Backend) core.Backend {
		s, err := wrap.Sub(b, "some/dir")
		if err != nil {
			panic(err)
		}
		return s
	},
}

func all(b core.Backend) core.Backend {
	for _, name := range []string{"fault", "meter", "limit", "retry", "freeze", "filter", "sub"} {
		b = decorators[name](b)
	}
	return b
}

// likeADirectory and likeS3 are the features of the stores that decorators are
// put around.
var (
	likeADirectory = core.Features{Links: true, ModTimes: true, Create: core.GuardAtomic, Replace: core.GuardAtomic, MaxKey: 3000, MaxSegment: 255, MaxTarget: 4000}
	likeS3         = core.Features{
		Links: true, URLLinks: true, DirTargets: true, StoresMD5: true, NeedsMD5: true, ModTimes: true, Flat: true, Create: core.GuardAtomic, Replace: core.GuardAtomic,
		MaxKey: 1024, MaxTarget: 1900,
	}
)

func TestConformance(t *testing.T) {
	for name, decorate := range decorators {
		t.Run(name, func(t *testing.T) {
			for _, c := range conformance.Checks() {
				s := conformance.Store{Backend: decorate(memory.NewOpaque(likeS3))}
				if c.Long || c.Skip(s) != "" {
					continue // the long ones run on all of them at once
				}
				if err := c.Run(t.Context(), s); err != nil {
					t.Errorf("%s: %v", c.Name, err)
				}
			}
		})
	}
	t.Run("all", func(t *testing.T) {
		conformance.Test(t, func(testing.TB) core.Backend { return all(memory.NewOpaque(likeS3)) })
	})
	t.Run("all over a directory", func(t *testing.T) {
		long.Only(t)
		conformance.Test(t, func(testing.TB) core.Backend { return all(memory.NewWith(likeADirectory)) })
	})
}

func TestPairs(t *testing.T) {
	plain := func(testing.TB) core.Backend { return memory.NewWith(likeADirectory) }
	decorated := func(testing.TB) core.Backend { return all(memory.NewOpaque(likeS3)) }
	conformance.TestPair(t, plain, decorated)
	conformance.TestPair(t, decorated, plain)
}
