package conformance

import (
	"fmt"
	"slices"

	"github.com/s3fc/s3fc/core"
)

var featureCases = []Case{
	{
		Name: "FeaturesStay", Guide: "Features",
		Why: "a plan is made with the Features of one moment and carried out with those of another",
		Run: run(checkFeaturesStay),
	},
	{
		Name: "Unordered", Guide: "Listing", Needs: func(f core.Features) bool { return f.Unordered },
		Why: "every listing of a store that declares Unordered is sorted again, in memory or on disk",
		Run: run(checkUnordered),
	},
}

// checkFeaturesStay also checks that the values make sense.
func checkFeaturesStay(p *probe) {
	checkSaneFeatures(p)
	p.mixture()
	p.list("")
	p.remove(p.stat("small"))
	p.try(fileOf("a//b", ""), "", nil) //nolint:errcheck // It is refused.
	if now := p.b.Features(); now != p.features {
		p.failf("Features changed with use: %s", featuresDiffer(p.features, now))
	}
}

func checkSaneFeatures(p *probe) {
	f := p.features
	for name, n := range map[string]int64{
		"MaxKey": int64(f.MaxKey), "MaxSegment": int64(f.MaxSegment), "MaxTarget": int64(f.MaxTarget), "Resolution": int64(f.Resolution),
	} {
		if n < 0 {
			p.failf("Features.%s is %d; want 0 or more", name, n)
		}
	}
	for name, g := range map[string]core.Guard{"Create": f.Create, "Replace": f.Replace} {
		if g > core.GuardAtomic {
			p.failf("Features.%s is %s, which is no guard", name, g)
		}
	}
}

// featuresDiffer names a field in which two Features differ.
func featuresDiffer(a, b core.Features) string {
	type field struct{ name, value string }
	fields := func(f core.Features) []field {
		return []field{
			{"Links", fmt.Sprint(f.Links)}, {"URLLinks", fmt.Sprint(f.URLLinks)}, {"DirTargets", fmt.Sprint(f.DirTargets)},
			{"StoresMD5", fmt.Sprint(f.StoresMD5)}, {"NeedsMD5", fmt.Sprint(f.NeedsMD5)}, {"ModTimes", fmt.Sprint(f.ModTimes)}, {"Headers", fmt.Sprint(f.Headers)},
			{"Flat", fmt.Sprint(f.Flat)}, {"Unordered", fmt.Sprint(f.Unordered)}, {"Create", f.Create.String()}, {"Replace", f.Replace.String()},
			{"Resolution", f.Resolution.String()}, {"MaxKey", fmt.Sprint(f.MaxKey)}, {"MaxSegment", fmt.Sprint(f.MaxSegment)}, {"MaxTarget", fmt.Sprint(f.MaxTarget)},
		}
	}
	was := fields(a)
	for i, is := range fields(b) {
		if was[i] != is {
			return fmt.Sprintf("%s was %s and is %s", is.name, was[i].value, is.value)
		}
	}
	return "in a field that the suite does not know"
}

func checkUnordered(p *probe) {
	p.files(orderKeys...)
	if got := p.keys(""); slices.IsSorted(got) {
		p.failf("Features.Unordered is declared, but List yielded %d keys in byte order", len(got))
	}
}
