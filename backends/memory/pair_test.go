package memory

import (
	"testing"

	"github.com/s3fc/s3fc/conformance"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/testkit/long"
)

func TestPairs(t *testing.T) {
	names := []string{"all", "none", "like-a-directory", "like-s3", "unordered", "unconditional", "no-md5"}
	for i, a := range names {
		for j, b := range names {
			t.Run(a+" to "+b, func(t *testing.T) {
				if j != (i+1)%len(names) {
					long.Only(t)
				}
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
	for i, pair := range [][2]string{{"like-a-directory", "like-s3"}, {"all", "all"}, {"like-s3", "like-a-directory"}, {"unordered", "unconditional"}} {
		t.Run(pair[0]+" to "+pair[1], func(t *testing.T) {
			if i > 0 {
				long.Only(t)
			}
			t.Parallel()
			conformance.TestFaults(t, opens(pair[0]), opens(pair[1]))
		})
	}
}
