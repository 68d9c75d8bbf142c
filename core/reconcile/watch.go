package reconcile

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/s3fc/s3fc/core"
)

// largeFile is the size in bytes from which a file is in Progress by itself.
const largeFile = 16 << 20

// maxLarge is how many large files Progress has at most.
const maxLarge = 8

// FileProgress is how far one large file is.
type FileProgress struct {
	Key        string
	Size, Done int64 // bytes
	// Hashing says that Done counts bytes that were read for an md5, before anything
	// is sent.
	Hashing bool
}

// watcher collects the progress within entries: bytes that are hashed, and large
// files in flight. It goes with a context, is safe for concurrent use, and a nil
// one watches nothing.
type watcher struct {
	moved  func() // is called when bytes were hashed
	hashed atomic.Int64

	mu    sync.Mutex
	large []*watchedFile
}

type watchedFile struct {
	key          string
	size         int64
	hashed, sent atomic.Int64
}

type (
	watcherKey     struct{}
	watchedFileKey struct{}
)

func withWatcher(ctx context.Context, w *watcher) context.Context {
	return context.WithValue(ctx, watcherKey{}, w)
}

func watcherOf(ctx context.Context) *watcher {
	w, _ := ctx.Value(watcherKey{}).(*watcher)
	return w
}

// watchFile adds the file e to the watcher of ctx, if there is one and e is large,
// until done is called.
func watchFile(ctx context.Context, e *core.Entry) (_ context.Context, done func()) {
	w := watcherOf(ctx)
	if w == nil || e.Size < largeFile {
		return ctx, func() {}
	}
	f := &watchedFile{key: e.Key, size: e.Size}
	w.mu.Lock()
	w.large = append(w.large, f)
	w.mu.Unlock()
	return context.WithValue(ctx, watchedFileKey{}, f), func() { w.remove(f) }
}

func (w *watcher) remove(f *watchedFile) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i, x := range w.large {
		if x == f {
			w.large = append(w.large[:i], w.large[i+1:]...)
			return
		}
	}
}

// countHashed returns the function that counts bytes which are hashed for the file
// of ctx.
func countHashed(ctx context.Context) func(n int) {
	w := watcherOf(ctx)
	if w == nil {
		return func(int) {}
	}
	f, _ := ctx.Value(watchedFileKey{}).(*watchedFile)
	return func(n int) {
		w.hashed.Add(int64(n))
		if f != nil {
			f.hashed.Add(int64(n))
		}
		w.moved()
	}
}

// countSent returns moved, which counts the bytes of a body, so that it counts them
// for the file of ctx, too.
func countSent(ctx context.Context, moved func(int)) func(int) {
	f, ok := ctx.Value(watchedFileKey{}).(*watchedFile)
	if !ok {
		return moved
	}
	return func(n int) {
		f.sent.Add(int64(n))
		moved(n)
	}
}

// addTo adds the bytes of the running transfers to p.
func (w *watcher) addTo(p *Progress) {
	if w == nil {
		return
	}
	p.Hashed = w.hashed.Load()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, f := range w.large[:min(len(w.large), maxLarge)] {
		p.Large = append(p.Large, f.progress())
	}
}

func (f *watchedFile) progress() FileProgress {
	p := FileProgress{Key: f.key, Size: f.size, Done: min(f.sent.Load(), f.size)}
	if hashed := f.hashed.Load(); p.Done == 0 && hashed > 0 {
		p.Done, p.Hashing = min(hashed, f.size), hashed < f.size
	}
	if !p.Hashing && f.sent.Load() == 0 {
		p.Done = 0
	}
	return p
}

// planProgress reports how far a plan is. It is safe for concurrent use.
type planProgress struct {
	call  func(Progress)
	watch *watcher

	mu     sync.Mutex
	listed int64
	limit  rateLimit
}

// newPlanProgress returns a planProgress that calls call, and the context of the
// plan with its watcher. Both are nil and unchanged if call is nil.
func newPlanProgress(ctx context.Context, call func(Progress)) (*planProgress, context.Context) {
	if call == nil {
		return nil, ctx
	}
	p := &planProgress{call: call}
	p.watch = &watcher{moved: func() { p.report(false) }}
	return p, withWatcher(ctx, p.watch)
}

// add counts a pair.
func (p *planProgress) add() {
	if p == nil {
		return
	}
	p.mu.Lock()
	p.listed++
	now := p.listed%1024 == 0
	p.mu.Unlock()
	if now {
		p.report(true)
	}
}

func (p *planProgress) report(now bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.limit.allows(now) {
		return
	}
	progress := Progress{Phase: PhaseListing, Listed: p.listed}
	p.watch.addTo(&progress)
	p.call(progress)
}
