package reconcile

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/s3fc/s3fc/core"
)

// equalRefusals is how many entries have to be refused for one reason, and nothing
// else has to have come of the run, so that it ends.
const equalRefusals = 8

// maxHeld is how many failures are held back: more than there are files in most
// directories, so that one which is refused as a whole is left behind.
const maxHeld = 2000

// refusals holds back the first refusals of a run while nothing went well: if they
// are all the same, and of entries in more than one directory of the root, then so
// would be those of all other entries, and one error stands for them. It is not safe
// for concurrent use.
type refusals struct {
	over bool // something went well, or failed for another reason
	held []Action
	text string
	tops map[string]struct{} // the first segments of the keys
}

// delay takes a failure, and reports whether its report is delayed.
func (r *refusals) delay(act Action) bool {
	if r.over || len(r.held) == maxHeld || act.Reason != ReasonWrite || !errors.Is(act.Err, fs.ErrPermission) || core.IsFinal(act.Err) {
		return false
	}
	text := innermost(act.Err)
	if len(r.held) > 0 && text != r.text {
		return false
	}
	if r.tops == nil {
		r.tops = make(map[string]struct{})
	}
	top, _, _ := strings.Cut(act.Key, "/")
	r.tops[top] = struct{}{}
	r.held, r.text = append(r.held, act), text
	return true
}

// innermost returns the text of err without the key that it is about.
func innermost(err error) string {
	var e *core.Error
	for errors.As(err, &e) {
		err = e.Err
	}
	return err.Error()
}

// allOf reports whether the failures held back are enough to end the run, and all in
// the directory of the root that key is in.
func (r *refusals) allOf(key string) bool {
	if r.over || len(r.held) < equalRefusals || len(r.tops) != 1 {
		return false
	}
	top, _, _ := strings.Cut(key, "/")
	_, same := r.tops[top]
	return same
}

// verdict returns the error that ends the run, or nil.
func (r *refusals) verdict() error {
	if len(r.held) < equalRefusals || len(r.tops) < 2 {
		return nil
	}
	return core.Final(fmt.Errorf("the first %d entries were all refused, and nothing went well: %s", len(r.held), r.text))
}

// release returns the failures that were held back, and holds back none any more.
func (r *refusals) release() []Action {
	held := r.held
	r.held, r.over = nil, true
	return held
}
