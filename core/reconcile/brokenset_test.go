package reconcile

import (
	"strconv"
	"testing"

	"github.com/s3fc/s3fc/core"
)

func TestTooManyBrokenKeysMakeEveryLinkOne(t *testing.T) {
	var b broken
	there := Action{Key: "there", Dst: &core.Entry{Key: "there"}}
	b.add(there)
	if b.add(Action{Key: "d/new"}); b.has(core.Target{Key: "there"}) || !b.has(core.Target{Key: "d"}) || !b.has(core.Target{Key: "d/new"}) {
		t.Errorf("broken: %v; want d/new and d", b.keys)
	}
	for i := range maxBroken {
		b.add(Action{Key: "d/" + strconv.Itoa(i)})
	}
	if len(b.keys) != maxBroken || !b.has(core.Target{Key: "there"}) || b.has(core.Target{URL: "https://example.org/"}) {
		t.Errorf("%d keys are remembered, and a link to any: %v; want %d, and every one but to a URL", len(b.keys), b.has(core.Target{Key: "there"}), maxBroken)
	}
}
