package memory

import (
	"testing"
	"time"

	"github.com/s3fc/s3fc/conformance"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/testkit/long"
)

// variants are trees without the features that real stores lack, one by one and at
// once.
func variants() map[string]core.Features {
	change := func(f func(*core.Features)) core.Features {
		v := All
		f(&v)
		return v
	}
	return map[string]core.Features{
		"all":           All,
		"none":          {},
		"no-links":      change(func(f *core.Features) { f.Links = false }),
		"no-urls":       change(func(f *core.Features) { f.URLLinks = false }),
		"no-dirs":       change(func(f *core.Features) { f.DirTargets = false }),
		"no-md5":        change(func(f *core.Features) { f.StoresMD5 = false }),
		"needs-md5":     change(func(f *core.Features) { f.NeedsMD5 = true }),
		"no-times":      change(func(f *core.Features) { f.ModTimes = false }),
		"not-flat":      change(func(f *core.Features) { f.Flat = false }),
		"unordered":     change(func(f *core.Features) { f.Unordered = true }),
		"unconditional": change(func(f *core.Features) { f.Create, f.Replace = core.GuardNone, core.GuardNone }),
		"created":       change(func(f *core.Features) { f.Replace = core.GuardNone }),
		"checked":       change(func(f *core.Features) { f.Create, f.Replace = core.GuardCheck, core.GuardCheck }),
		"weak":          change(func(f *core.Features) { f.Resolution = time.Second }),
		"short":         change(func(f *core.Features) { f.MaxKey, f.MaxSegment, f.MaxTarget = 600, 255, 500 }),
		"like-a-directory": {
			Links: true, ModTimes: true, Create: core.GuardAtomic, Replace: core.GuardCheck, MaxKey: 3000, MaxSegment: 255, MaxTarget: 4000,
		},
		"like-s3": {
			Links: true, URLLinks: true, DirTargets: true, StoresMD5: true, NeedsMD5: true, ModTimes: true, Flat: true,
			Create: core.GuardAtomic, Replace: core.GuardAtomic,
			MaxKey: 1024, MaxTarget: 1900,
		},
	}
}

func TestConformance(t *testing.T) {
	for name, f := range variants() {
		t.Run(name, func(t *testing.T) { briefly(t, func() core.Backend { return NewWith(f) }) })
	}
	for _, name := range []string{"all", "none", "not-flat", "unordered"} {
		t.Run("opaque-"+name, func(t *testing.T) {
			briefly(t, func() core.Backend { return NewOpaque(variants()[name]) })
		})
	}
	t.Run("zero", func(t *testing.T) {
		long.Only(t)
		conformance.Test(t, func(testing.TB) core.Backend { return new(Tree) })
	})
	t.Run("whole-unordered", func(t *testing.T) {
		long.Only(t)
		conformance.Test(t, opens("unordered"))
	})
	t.Run("opaque-like-s3", func(t *testing.T) { conformance.Test(t, opens("like-s3")) })
}

// briefly runs the suite without its long cases, which are the same for every
// variant.
func briefly(t *testing.T, open func() core.Backend) {
	for _, c := range conformance.Checks() {
		b := open()
		s := conformance.Store{Backend: b}
		if c.Long || c.Skip(s) != "" {
			continue
		}
		if err := c.Run(t.Context(), s); err != nil {
			t.Errorf("%s: %v", c.Name, err)
		}
	}
}
