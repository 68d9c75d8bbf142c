// Package conformance is the suite that every backend of s3fc passes, ours and
// other people's. A test of a backend is three lines:
//
//	func TestConformance(t *testing.T) {
//		conformance.Test(t, func(t testing.TB) core.Backend { return mine.New(t.TempDir()) })
//	}
//
// The checks are data ([Checks]): each says what it demands and why, and which
// [core.Features] call for it. A feature is tested in both directions: what is
// declared works, and what is not is refused with the error that
// [core.Backend] names, or not kept. There is no list of exceptions: what a
// store cannot hold, it declares, in its Features or as a [core.Checker].
//
// [TestPair] and [TestFaults] copy generated trees between two backends,
// without and with faults. [Check] compares a tree with what it should hold,
// outside of tests too. [CheckDecorator] is for those who wrap a backend.
package conformance
