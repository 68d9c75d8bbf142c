package conformance

import (
	"context"
	"slices"

	"github.com/s3fc/s3fc/core"
)

// An ability is an optional interface of core, and a call of it.
type ability struct {
	name string
	// reaches reports whether t has the ability, and whether calling it reaches the
	// backend below, which notes it.
	reaches func(ctx context.Context, t core.Tree, below *spy) bool
}

// reach makes an ability of an interface T and a call of it.
func reach[T any](name string, call func(ctx context.Context, v T)) ability {
	return ability{name, func(ctx context.Context, t core.Tree, below *spy) bool {
		v, ok := core.As[T](t)
		if !ok {
			return false
		}
		before := below.calls.Load()
		call(ctx, v)
		return below.calls.Load() > before
	}}
}

var abilityFile = core.Entry{Key: "d/f", Kind: core.File, Size: 1}

// abilities are all of them, by name.
var abilities = []ability{
	reach("Auditor", func(ctx context.Context, v core.Auditor) { _, _ = v.Audit(ctx, abilityFile) }),
	reach("BatchDeleter", func(ctx context.Context, v core.BatchDeleter) { v.DeleteBatch(ctx, []core.Entry{abilityFile}) }),
	reach("Checker", func(_ context.Context, v core.Checker) { _ = v.CheckPut(abilityFile) }),
	reach("Copier", func(ctx context.Context, v core.Copier) {
		_, _ = v.CopyFrom(ctx, new(spy), abilityFile, "d/f", nil)
	}),
	reach("Coster", func(_ context.Context, v core.Coster) { v.PutCost(abilityFile) }),
	reach("Creator", func(_ context.Context, v core.Creator) { v.Created() }),
	reach("DirRemover", func(ctx context.Context, v core.DirRemover) { _ = v.RemoveDir(ctx, "d") }),
	reach("DirRouter", func(ctx context.Context, v core.DirRouter) { _, _ = v.Routes(ctx) }),
	reach("Endpointer", func(_ context.Context, v core.Endpointer) { v.Endpoint() }),
	reach("Fingerprinter", func(_ context.Context, v core.Fingerprinter) { v.Fingerprint(abilityFile) }),
	reach("Finisher", func(ctx context.Context, v core.Finisher) { _, _ = v.Finish(ctx, core.Done{}) }),
	reach("HeaderKeeper", func(ctx context.Context, v core.HeaderKeeper) { _, _ = v.SetHeaders(ctx, abilityFile, nil, nil) }),
	reach("Identifier", func(_ context.Context, v core.Identifier) { v.Identity() }),
	reach("KeyLister", func(ctx context.Context, v core.KeyLister) {
		for range v.Keys(ctx) {
			break
		}
	}),
	reach("Locator", func(_ context.Context, v core.Locator) { v.Location() }),
	reach("Partitioner", func(_ context.Context, v core.Partitioner) { v.PartSize(1 << 30) }),
	reach("Pricer", func(_ context.Context, v core.Pricer) { _, _ = v.Prices() }),
	reach("Prover", func(_ context.Context, v core.Prover) {
		v.Proves(abilityFile, core.Evidence{Kind: core.File, Size: 1, MD5: core.SumMD5(nil)})
	}),
	reach("Rememberer", func(_ context.Context, v core.Rememberer) { v.Remember(abilityFile) }),
	reach("RequestCounter", func(_ context.Context, v core.RequestCounter) { v.Requests() }),
	reach("Versioner", func(ctx context.Context, v core.Versioner) { _, _ = v.Versioning(ctx) }),
	reach("Watcher", func(ctx context.Context, v core.Watcher) { _ = v.Watch(ctx, func() {}, func(string) {}) }),
	reach("WebsiteReader", func(ctx context.Context, v core.WebsiteReader) { _, _ = v.Website(ctx) }),
}

// LostAbilities returns the names of the abilities that a backend has and that do
// not reach it through decorate, sorted. An ability that a decorator loses costs
// speed, requests or a message; [CheckDecorator] finds those that do harm. It
// decorates a backend of its own; the keys that it uses are plain names in one
// directory, as "d/f".
func LostAbilities(ctx context.Context, decorate func(core.Backend) core.Backend) []string {
	var lost []string
	for _, a := range abilities {
		below := new(spy)
		if !a.reaches(ctx, decorate(below), below) {
			lost = append(lost, a.name)
		}
	}
	slices.Sort(lost)
	return lost
}
