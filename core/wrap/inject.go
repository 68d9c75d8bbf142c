package wrap

import (
	"errors"
	"sync/atomic"
)

// The kinds of operations that an [Injector] is asked about.
const (
	OpList   = "list"   // a listing begins
	OpNext   = "next"   // a listing is about to yield an entry
	OpStat   = "stat"   //
	OpOpen   = "open"   //
	OpRead   = "read"   // a piece of opened content is about to be read
	OpPut    = "put"    //
	OpSend   = "send"   // Put is about to read a piece of its body
	OpStored = "stored" // Put succeeded; an error now is an answer that got lost
	OpDelete = "delete" // also for each entry of a batch
	OpGone   = "gone"   // Delete succeeded; an error now is an answer that got lost
	OpBatch  = "batch"  // a batch delete begins; Key is empty
	OpFinish = "finish" //
)

// Op is one thing that a tree of [Fault] is about to do.
type Op struct {
	Kind string // one of the constants
	Key  string // empty for a listing
	N    int    // the number of the operation in its tree, from 1
}

// ErrEnd, from an [Injector], ends a body that is read or sent before its time
// and without an error, as a connection does that was closed in good order.
// What has no body fails with it.
var ErrEnd = errors.New("the body ends here")

// An Injector decides which operations fail: Inject returns nil or the error
// that the operation fails with instead of being done. It is called
// concurrently.
type Injector interface{ Inject(Op) error }

// InjectorFunc is a function as an [Injector].
type InjectorFunc func(Op) error

// Inject calls f.
func (f InjectorFunc) Inject(op Op) error { return f(op) }

// Always fails every operation it is asked about.
func Always(err error) Injector { return InjectorFunc(func(Op) error { return err }) }

// OnIndex fails the nth operation that it is asked about, from 1, and no other.
func OnIndex(n int, err error) Injector {
	var asked atomic.Int64
	return InjectorFunc(func(Op) error {
		if asked.Add(1) == int64(n) {
			return err
		}
		return nil
	})
}

// OnKind asks in about operations of one kind.
func OnKind(kind string, in Injector) Injector {
	return When(func(op Op) bool { return op.Kind == kind }, in)
}

// OnKey asks in about operations on one key.
func OnKey(key string, in Injector) Injector {
	return When(func(op Op) bool { return op.Key == key }, in)
}

// When asks in about operations that match is true for.
func When(match func(Op) bool, in Injector) Injector {
	return InjectorFunc(func(op Op) error {
		if match(op) {
			return in.Inject(op)
		}
		return nil
	})
}

// Any asks each of ins and returns the first error.
func Any(ins ...Injector) Injector {
	return InjectorFunc(func(op Op) (first error) {
		for _, in := range ins {
			if err := in.Inject(op); err != nil && first == nil {
				first = err
			}
		}
		return first
	})
}

// Counter counts the operations that it is asked about and fails none.
type Counter struct{ n atomic.Int64 }

// Inject implements [Injector].
func (c *Counter) Inject(Op) error {
	c.n.Add(1)
	return nil
}

// Count returns how many there were.
func (c *Counter) Count() int { return int(c.n.Load()) }
