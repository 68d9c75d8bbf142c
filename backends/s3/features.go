package s3

import (
	"github.com/s3fc/s3fc/backends/s3/internal/ability"
	"github.com/s3fc/s3fc/backends/s3/internal/format"
	"github.com/s3fc/s3fc/backends/s3/internal/objects"
	"github.com/s3fc/s3fc/core"
)

// DefaultFeatures are the features of a whole bucket at AWS.
func DefaultFeatures() core.Features { return features(Options{}, false) }

// Features implements [core.Tree].
func (t *Tree) Features() core.Features { return t.features }

// features are a bucket's features: those of AWS, without abilities that the
// options say the store lacks. They do not change with learnt abilities.
func features(o Options, express bool) core.Features {
	f := core.Features{
		Links: !express, URLLinks: !express, DirTargets: !express,
		StoresMD5: true, NeedsMD5: true, ModTimes: true, Headers: true,
		Flat: !o.NotFlat, Unordered: express, Create: core.GuardAtomic, Replace: core.GuardAtomic,
		MaxKey:    maxKey - len(o.Prefix),
		MaxTarget: max(0, format.MaxLocation-len("/")-len(format.EscapePath(o.Prefix))),
	}
	if o.NotFlat {
		f.MaxSegment = 255
	}
	return o.without(f)
}

// without returns features without those that the URL says the store lacks.
func (o Options) without(f core.Features) core.Features {
	store, err := ability.New("", o.Lacks, nil)
	if err != nil || o.Lacks == "" { // New has returned the error
		return f
	}
	if !store.Has(ability.DeleteConditions) {
		f.Replace = core.GuardCheck
	}
	if !store.Has(ability.PutConditions) {
		f.Create, f.Replace = core.GuardNone, core.GuardNone
	}
	if !keepsRedirects(store) && f.Links {
		f.MaxTarget -= format.MaxLocation - objects.MaxMetaTarget(store)
		f.MaxTarget = max(1, f.MaxTarget)
	}
	f.Unordered = f.Unordered || !store.Has(ability.Order)
	return f
}
