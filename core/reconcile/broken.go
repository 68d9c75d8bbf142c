package reconcile

import (
	"fmt"
	"strings"

	"github.com/s3fc/s3fc/core"
)

// broken are the keys that this run should have put where nothing was, and could
// not, with the directories above them: a link to one of them leads nowhere, or
// to half of what it should. It is not safe for concurrent use.
type broken struct {
	keys map[string]struct{}
	full bool // too many to remember: any key may be one
}

// maxBroken is how many keys are remembered.
const maxBroken = 100_000

// add remembers an action that failed.
func (b *broken) add(act Action) {
	if act.Dst != nil || act.Key == "." {
		return // what was there is there
	}
	if b.keys == nil {
		b.keys = make(map[string]struct{})
	}
	for key := act.Key; ; {
		if _, known := b.keys[key]; known {
			return
		}
		if len(b.keys) >= maxBroken {
			b.full = true
			return
		}
		b.keys[key] = struct{}{}
		i := strings.LastIndexByte(key, '/')
		if i < 0 {
			return
		}
		key = key[:i]
	}
}

// has reports whether a link to t would lead to what is not there.
func (b *broken) has(t core.Target) bool {
	if t.URL != "" || len(b.keys) == 0 {
		return false
	}
	_, known := b.keys[t.Key]
	return known || b.full
}

// leads reports whether the target of a link is there, as far as this run had to
// put it; if not, the outcome is that the link stays as it was.
func (a *applier) leads(act Action) (outcome Action, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if act.Op != OpPut || !a.broken.has(act.Src.Target) {
		return act, true
	}
	err := fmt.Errorf("its target %s could not be put, or not all of it, and a link to it would lead nowhere; it will be made when that is there",
		core.DisplayKey(act.Src.Target.Key))
	return failure(act, ReasonNoTarget, err), false
}
