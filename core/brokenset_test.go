package core

import (
	"strconv"
	"testing"
)

func TestTooManyBrokenKeysMakeEveryLinkOne(t *testing.T) {
	var b broken
	there := Action{Key: "there", Dst: &Entry{Key: "there"}}
	b.add(there)
	if b.add(Action{Key: "d/new"}); b.has(Target{Key: "there"}) || !b.has(Target{Key: "d"}) || !b.has(Target{Key: "d/new"}) {
		t.Errorf("broken: %v; want d/new and d", b.keys)
	}
	for i := range maxBroken {
		b.add(Action{Key: "d/" + strconv.Itoa(i)})
	}
	if len(b.keys) != maxBroken || !b.has(Target{Key: "there"}) || b.has(Target{URL: "https://example.org/"}) {
		t.Errorf("%d keys are remembered, and a link to any: %v; want %d, and every one but to a URL", len(b.keys), b.has(Target{Key: "there"}), maxBroken)
	}
}
