package reconcile

import (
	"strings"

	"github.com/s3fc/s3fc/core"
)

// failedPuts are the keys that this run should have put where nothing was, and could
// not, with the directories above them: a link to one of them would dangle, or lead
// to half a directory. It is not safe for concurrent use.
type failedPuts struct {
	keys map[string]struct{}
	full bool // too many to remember: any key may be one
}

// maxFailedPuts is how many keys are remembered.
const maxFailedPuts = 100_000

// add remembers an action that failed.
func (f *failedPuts) add(act Action) {
	if act.Dst != nil || act.Key == "." {
		return // the destination still has its old entry
	}
	if f.keys == nil {
		f.keys = make(map[string]struct{})
	}
	for key := act.Key; ; {
		if _, known := f.keys[key]; known {
			return
		}
		if len(f.keys) >= maxFailedPuts {
			f.full = true
			return
		}
		f.keys[key] = struct{}{}
		i := strings.LastIndexByte(key, '/')
		if i < 0 {
			return
		}
		key = key[:i]
	}
}

// includes reports whether t is one of the keys.
func (f *failedPuts) includes(t core.Target) bool {
	if t.URL != "" || len(f.keys) == 0 {
		return false
	}
	_, known := f.keys[t.Key]
	return known || f.full
}
