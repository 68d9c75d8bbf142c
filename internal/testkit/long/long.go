// Package long divides the tests into those of each run of go test ./... and those
// that take longer, which CI runs.
package long

import (
	"os"
	"testing"
)

// Variable is the environment variable that runs the longer tests, with any value but
// the empty one.
const Variable = "S3FC_TEST_LONG"

// Enabled reports whether the longer tests run.
func Enabled() bool { return os.Getenv(Variable) != "" }

// Only skips a test unless the longer ones run, and says so.
func Only(t testing.TB) {
	t.Helper()
	if !Enabled() {
		t.Skipf("NOT RUN: a longer test; %s=1 runs it", Variable)
	}
}
