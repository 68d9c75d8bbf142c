package wrap

import (
	"errors"
	"sync/atomic"
)

// The kinds of operations that an [Injector] is asked about.
const (
	StepList   = "list"   // a listing begins
	StepNext   = "next"   // a listing is about to yield an entry
	StepStat   = "stat"   //
	StepOpen   = "open"   //
	StepRead   = "read"   // a piece of opened content is about to be read
	StepPut    = "put"    //
	StepSend   = "send"   // Put is about to read a piece of its body
	StepStored = "stored" // Put succeeded; an error now is an answer that got lost
	StepDelete = "delete" // also for each entry of a batch
	StepGone   = "gone"   // Delete succeeded; an error now is an answer that got lost
	StepBatch  = "batch"  // a batch delete begins; Key is empty
	StepFinish = "finish" //

	// StepRemoveDir: a directory is about to be removed.
	StepRemoveDir = "rmdir"
	// StepHeaders: a file is about to get other headers.
	StepHeaders = "headers"
)

// Step is one thing that a tree of [Fault] is about to do.
type Step struct {
	Kind string // one of the constants
	Key  string // empty for a listing
	N    int    // the number of the operation in its tree, from 1
}

// ErrEnd, from an [Injector], ends a body that is read or sent too early and
// without an error, like a connection closed in good order. A step without a body
// fails with it.
var ErrEnd = errors.New("the body ends here")

// An Injector decides which operations fail: Inject returns nil or the error
// that the operation fails with instead of being done. It is called
// concurrently.
type Injector interface{ Inject(Step) error }

// InjectorFunc is a function as an [Injector].
type InjectorFunc func(Step) error

// Inject calls f.
func (f InjectorFunc) Inject(s Step) error { return f(s) }

// Always fails every operation it is asked about.
func Always(err error) Injector { return InjectorFunc(func(Step) error { return err }) }

// OnIndex fails the nth operation that it is asked about, from 1, and no other.
func OnIndex(n int, err error) Injector {
	var asked atomic.Int64
	return InjectorFunc(func(Step) error {
		if asked.Add(1) == int64(n) {
			return err
		}
		return nil
	})
}

// OnKind asks in about operations of one kind.
func OnKind(kind string, in Injector) Injector {
	return When(func(s Step) bool { return s.Kind == kind }, in)
}

// OnKey asks in about operations on one key.
func OnKey(key string, in Injector) Injector {
	return When(func(s Step) bool { return s.Key == key }, in)
}

// When asks in about operations that match is true for.
func When(match func(Step) bool, in Injector) Injector {
	return InjectorFunc(func(s Step) error {
		if match(s) {
			return in.Inject(s)
		}
		return nil
	})
}

// Any asks each of ins and returns the first error.
func Any(ins ...Injector) Injector {
	return InjectorFunc(func(s Step) (first error) {
		for _, in := range ins {
			if err := in.Inject(s); err != nil && first == nil {
				first = err
			}
		}
		return first
	})
}

// StepCounter counts the operations that it is asked about and fails none.
type StepCounter struct{ n atomic.Int64 }

// Inject implements [Injector].
func (c *StepCounter) Inject(Step) error {
	c.n.Add(1)
	return nil
}

// Count returns how many there were.
func (c *StepCounter) Count() int { return int(c.n.Load()) }
