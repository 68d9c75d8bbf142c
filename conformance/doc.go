// Package conformance is the suite that every backend of s3fc passes, ours and
// other people's. A test of a backend is three lines:
//
//	func TestConformance(t *testing.T) {
//		conformance.Test(t, func(t testing.TB) core.Backend { return mine.New(t.TempDir()) })
//	}
//
// The cases are data ([Checks]): each has a name, the reason why it matters, the
// section of docs/backend.md that explains it, and the [core.Features] that call for
// it. A feature is tested in both directions: a declared ability works, and any
// other is refused with the error that [core.Backend] names, or has no effect. There
// is no list of exceptions: a store declares its limits, in its Features or as a
// [core.Checker].
//
// [TestStore] does more than [Test]: its [Store] has hooks that look at the store
// itself and plant objects in it. The output names the hooks that are not given.
//
// [TestPair] and [TestFaults] copy generated trees between two backends, without
// and with faults. [Check] compares a tree with the entries that it should have,
// outside of tests too. [CheckDecorator] and [LostAbilities] are for authors of
// decorators.
package conformance
