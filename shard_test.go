package s3fc_test

import (
	"testing"

	"github.com/s3fc/s3fc"
	"github.com/s3fc/s3fc/core"
)

// TestTheEndOfADividedRunListsNoBucket checks that a bucket, which has no empty
// directories, is not listed for them: its listing may be longer than the run.
func TestTheEndOfADividedRunListsNoBucket(t *testing.T) {
	l := newHeadersLab(t, map[string]string{"a": "1", "b/c": "2"})
	l.push()
	end, err := s3fc.FinishURL(t.Context(), l.mux(), l.dir, l.url, l.options(), core.Done{Deletes: true})
	if err != nil || end.Requests != (core.Requests{}) || end.Dirs != 0 {
		t.Errorf("sent %v, removed %d directories, %v; want no request", end.Requests, end.Dirs, err)
	}
}
