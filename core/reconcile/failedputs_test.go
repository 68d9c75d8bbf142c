package reconcile

import (
	"strconv"
	"testing"

	"github.com/s3fc/s3fc/core"
)

func TestTooManyFailedPutsIncludeEveryKey(t *testing.T) {
	var f failedPuts
	there := Action{Key: "there", Dst: &core.Entry{Key: "there"}}
	f.add(there)
	if f.add(Action{Key: "d/new"}); f.includes(core.Target{Key: "there"}) || !f.includes(core.Target{Key: "d"}) || !f.includes(core.Target{Key: "d/new"}) {
		t.Errorf("failed: %v; want d/new and d", f.keys)
	}
	for i := range maxFailedPuts {
		f.add(Action{Key: "d/" + strconv.Itoa(i)})
	}
	if len(f.keys) != maxFailedPuts || !f.includes(core.Target{Key: "there"}) || f.includes(core.Target{URL: "https://example.org/"}) {
		t.Errorf("%d keys are remembered, and a link to any: %v; want %d, and every one but to a URL", len(f.keys), f.includes(core.Target{Key: "there"}), maxFailedPuts)
	}
}
