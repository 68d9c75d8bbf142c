package wrap

import (
	"context"
	"io"
	"sync"
	"time"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/sleep"
)

// Limit runs at most jobs operations of b at once (0: any number), and moves at
// most bytesPerSecond bytes a second (0: any number) through all bodies, up
// and down together.
//
// Listings and reading a body of Open take none of the jobs: a copy within one tree
// would wait for itself.
func Limit(b core.Backend, jobs int, bytesPerSecond int64) core.Backend {
	l := &limit{infoOf{b}, finisherOf{b}, copierOf{b}, dirsOf{b}, b, nil, nil}
	if jobs > 0 {
		l.running = make(chan struct{}, jobs)
	}
	if bytesPerSecond > 0 {
		l.pace = &pace{rate: float64(bytesPerSecond)}
	}
	if d, ok := core.As[core.BatchDeleter](b); ok {
		return &struct {
			*limit
			batch
		}{l, batch{d.BatchSize(), l.deleteBatch(d)}}
	}
	return l
}

type limit struct {
	infoOf
	finisherOf
	copierOf
	dirsOf
	core.Backend
	running chan struct{}
	pace    *pace
}

// enter takes a slot; leave gives it back.
func (l *limit) enter(ctx context.Context, op, key string) error {
	if l.running == nil {
		return nil
	}
	select {
	case l.running <- struct{}{}:
		return nil
	case <-ctx.Done():
		return &core.Error{Op: op, Key: key, Err: ctx.Err()}
	}
}

func (l *limit) leave() {
	if l.running != nil {
		<-l.running
	}
}

func (l *limit) readHook(ctx context.Context) readHook {
	return func(p []byte, read func([]byte) (int, error)) (int, error) {
		if l.pace == nil {
			return read(p)
		}
		n, err := read(p[:min(len(p), l.pace.readSize())])
		if ended := l.pace.wait(ctx, n); ended != nil {
			return n, ended
		}
		return n, err
	}
}

func (l *limit) Stat(ctx context.Context, key string) (core.Entry, error) {
	if err := l.enter(ctx, "stat", key); err != nil {
		return core.Entry{}, err
	}
	defer l.leave()
	return l.Backend.Stat(ctx, key)
}

func (l *limit) Open(ctx context.Context, key string) (io.ReadCloser, core.Entry, error) {
	if err := l.enter(ctx, "open", key); err != nil {
		return nil, core.Entry{}, err
	}
	defer l.leave()
	rc, e, err := l.Backend.Open(ctx, key)
	return hookContent(rc, l.readHook(ctx)), e, err
}

func (l *limit) Put(ctx context.Context, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
	if err := l.enter(ctx, "put", e.Key); err != nil {
		return core.Entry{}, err
	}
	defer l.leave()
	return l.Backend.Put(ctx, e, paceBody(body, l.readHook(ctx)), old)
}

func (l *limit) Delete(ctx context.Context, old core.Entry) error {
	if err := l.enter(ctx, "delete", old.Key); err != nil {
		return err
	}
	defer l.leave()
	return l.Backend.Delete(ctx, old)
}

// RemoveDir implements [core.DirRemover].
func (l *limit) RemoveDir(ctx context.Context, dir string) error {
	if err := l.enter(ctx, "rmdir", dir); err != nil {
		return err
	}
	defer l.leave()
	return l.dirsOf.RemoveDir(ctx, dir)
}

func (l *limit) deleteBatch(d core.BatchDeleter) func(context.Context, []core.Entry) []error {
	return func(ctx context.Context, olds []core.Entry) []error {
		if err := l.enter(ctx, "delete", ""); err != nil {
			return sameError(len(olds), err)
		}
		defer l.leave()
		return d.DeleteBatch(ctx, olds)
	}
}

// pace spreads bytes over time: each piece starts when those before it would
// have passed at rate bytes a second. Idle time saves up a tenth of a second.
type pace struct {
	rate float64
	mu   sync.Mutex
	free time.Time // when all that was let through has passed
}

// piece is how many bytes to move between two waits, so that the flow is even.
func (p *pace) readSize() int { return max(1, min(int(p.rate/20), 64<<10)) }

// wait returns when n bytes more may have passed, or ctx has ended.
func (p *pace) wait(ctx context.Context, n int) error {
	p.mu.Lock()
	now := time.Now()
	if saved := now.Add(-time.Second / 10); p.free.Before(saved) {
		p.free = saved
	}
	p.free = p.free.Add(time.Duration(float64(n) / p.rate * float64(time.Second)))
	d := p.free.Sub(now)
	p.mu.Unlock()
	return sleep.For(ctx, d)
}
