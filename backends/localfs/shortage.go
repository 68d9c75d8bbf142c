package localfs

import (
	"errors"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/s3fc/s3fc/core"
)

const (
	shortageTries = 20          // of an operation that finds no free descriptor
	shortageWait  = time.Second // for another operation to end, each time
	shortageEnds  = 30 * time.Second
)

// isShortage reports whether err says that the process, or the system, has no
// free file descriptor.
func isShortage(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)
}

// orUnused calls open, and again without the tree's unused directories if there
// was no free descriptor.
func (t *dirs) orUnused(open func() error) error {
	err := open()
	if isShortage(err) && t.cache.dropIdle() {
		err = open()
	}
	return err
}

// operations are those of this process that have files open.
var operations gate

// A gate counts operations, and after a shortage lets fewer run at once.
type gate struct {
	active  atomic.Int64
	limit   atomic.Int64 // 0 is none
	lowered atomic.Int64 // when the limit was last set, in nanoseconds from 1970
	left    notifier
}

// enter begins an operation. It waits while too many are active, unless none ends
// for a while.
func (g *gate) enter() {
	g.wait()
	g.active.Add(1)
}

// stay lets an operation that do has run go on. It ends with leave.
func (g *gate) stay() { g.active.Add(1) }

// do runs an operation, and again when others have ended if there was no free
// descriptor: it keeps no file open if it fails. If none ends for a while,
// because the caller itself keeps files open, the error is transient.
func (g *gate) do(op func() error) error {
	g.enter()
	defer g.leave()
	err := op()
	for try := 1; isShortage(err) && try < shortageTries; try++ {
		g.lower()
		g.leave()
		g.enter()
		err = op()
	}
	return transientShortage(err)
}

func transientShortage(err error) error {
	if isShortage(err) {
		return core.Transient(err)
	}
	return err
}

// wait waits as enter does.
func (g *gate) wait() {
	for {
		limit := g.limit.Load()
		if limit == 0 || g.active.Load() < limit {
			return
		}
		if time.Since(time.Unix(0, g.lowered.Load())) > shortageEnds {
			g.limit.CompareAndSwap(limit, 0)
			return
		}
		left := g.left.next()
		if g.active.Load() >= limit && !wait(left, shortageWait) {
			return
		}
	}
}

// leave ends an operation.
func (g *gate) leave() {
	g.active.Add(-1)
	g.left.notify()
}

// lower lets half as many operations run at once as now, and at least one, until
// there was no shortage for shortageEnds.
func (g *gate) lower() {
	g.lowered.Store(time.Now().UnixNano())
	limit := max(1, g.active.Load()/2)
	if old := g.limit.Load(); old == 0 || limit < old {
		g.limit.Store(limit)
	}
}

// wait reports whether closed is closed within d.
func wait(closed <-chan struct{}, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-closed:
		return true
	case <-timer.C:
		return false
	}
}

// A notifier tells everyone who waits for an event that it happened.
type notifier struct{ ch atomic.Pointer[chan struct{}] } // nil if nobody waits

// next returns a channel that the next call of notify closes.
func (n *notifier) next() <-chan struct{} {
	for {
		if ch := n.ch.Load(); ch != nil {
			return *ch
		}
		ch := make(chan struct{})
		if n.ch.CompareAndSwap(nil, &ch) {
			return ch
		}
	}
}

func (n *notifier) notify() {
	if n.ch.Load() == nil {
		return
	}
	if ch := n.ch.Swap(nil); ch != nil {
		close(*ch)
	}
}
