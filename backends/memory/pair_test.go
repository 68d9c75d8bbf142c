package memory

import (
	"testing"

	"github.com/s3fc/s3fc/conformance"
	"github.com/s3fc/s3fc/core"
)

func TestPairs(t *testing.T) {
	names := []string{"all", "none", "like-a-directory", "like-s3", "unordered", "unconditional", "no-md5"}
	for _, a := range names {
		for _, b := range names {
			t.Run(a+" to "+b, func(t *testing.T) {
				conformance.TestPair(t, opens(a), opens(b))
			})
		}
	}
}

// opens opens a variant, opaque where that is how such a store is.
func opens(name string) conformance.Open {
	f := variants()[name]
	return func(testing.TB) core.Backend {
		if name == "like-s3" {
			return NewOpaque(f)
		}
		return NewWith(f)
	}
}

func TestFaults(t *testing.T) {
	for _, pair := range [][2]string{{"all", "all"}, {"like-a-directory", "like-s3"}, {"like-s3", "like-a-directory"}, {"unordered", "unconditional"}} {
		t.Run(pair[0]+" to "+pair[1], func(t *testing.T) {
			t.Parallel()
			conformance.TestFaults(t, opens(pair[0]), opens(pair[1]))
		})
	}
}
