package wrap

import (
	"context"
	"errors"
	"io"
	"iter"
	"sync/atomic"

	"github.com/s3fc/s3fc/core"
)

// Fault breaks operations of b: before each kind of [Step] it asks inj, and the
// operation fails with inj's error. So a body can be cut in the middle, both ways;
// a listing too; and the reply can get lost after the operation was done. Errors
// come as *[core.Error], transient if the injected one is. An error of a listing
// ends it, unless the injected error has itself a key ([core.ErrorKey]): then it
// stands for that entry alone.
func Fault(b core.Backend, inj Injector) core.Backend {
	f := &fault{infoOf: infoOf{b}, b: b, inj: inj}
	if d, ok := core.As[core.BatchDeleter](b); ok {
		return &struct {
			*fault
			batch
		}{f, batch{d.BatchSize(), f.deleteBatch(d)}}
	}
	return f
}

type fault struct {
	infoOf
	b   core.Backend
	inj Injector
	n   atomic.Int64
}

// step asks the injector.
func (f *fault) step(kind, key string) error {
	err := f.inj.Inject(Step{Kind: kind, Key: key, N: int(f.n.Add(1))})
	if err == nil {
		return nil
	}
	if kind == StepList || kind == StepNext {
		if _, one := core.ErrorKey(err); one {
			return err
		}
		key = ""
	}
	typed := &core.Error{Op: kind, Tree: "fault", Key: key, Err: err}
	if core.IsTransient(err) {
		return core.Transient(typed)
	}
	return typed
}

// readHook fails a read after half of its bytes.
func (f *fault) readHook(kind, key string) readHook {
	return func(p []byte, read func([]byte) (int, error)) (int, error) {
		failed := f.step(kind, key)
		n, err := read(p[:min(len(p), 64<<10)])
		switch {
		case errors.Is(failed, ErrEnd):
			return n / 2, io.EOF
		case failed != nil:
			return n / 2, failed
		}
		return n, err
	}
}

func (f *fault) Features() core.Features { return f.b.Features() }

func (f *fault) List(ctx context.Context, after string) iter.Seq2[core.Entry, error] {
	return f.breaking(f.b.List(ctx, after))
}

// ListDirs implements [core.DirRemover].
func (f *fault) ListDirs(ctx context.Context, after string) iter.Seq2[core.Entry, error] {
	return f.breaking(core.ListDirs(ctx, f.b, after))
}

// RemoveDir implements [core.DirRemover].
func (f *fault) RemoveDir(ctx context.Context, dir string) error {
	if err := f.step(StepRemoveDir, dir); err != nil {
		return err
	}
	return dirsOf{f.b}.RemoveDir(ctx, dir)
}

func (f *fault) breaking(list iter.Seq2[core.Entry, error]) iter.Seq2[core.Entry, error] {
	return func(yield func(core.Entry, error) bool) {
		if err := f.step(StepList, ""); err != nil {
			yield(core.Entry{}, err)
			return
		}
		for e, err := range list {
			if failed := f.step(StepNext, e.Key); failed != nil {
				e, err = core.Entry{}, failed
			}
			if _, one := core.ErrorKey(err); !yield(e, err) || (err != nil && !one) {
				return
			}
		}
	}
}

func (f *fault) Stat(ctx context.Context, key string) (core.Entry, error) {
	if err := f.step(StepStat, key); err != nil {
		return core.Entry{}, err
	}
	return f.b.Stat(ctx, key)
}

func (f *fault) Open(ctx context.Context, key string) (io.ReadCloser, core.Entry, error) {
	if err := f.step(StepOpen, key); err != nil {
		return nil, core.Entry{}, err
	}
	rc, e, err := f.b.Open(ctx, key)
	return hookContent(rc, f.readHook(StepRead, key)), e, err
}

func (f *fault) Put(ctx context.Context, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
	if err := f.step(StepPut, e.Key); err != nil {
		return core.Entry{}, err
	}
	stored, err := f.b.Put(ctx, e, hookBody(body, f.readHook(StepSend, e.Key)), old)
	if err == nil {
		err = f.step(StepStored, e.Key)
	}
	if err != nil {
		return core.Entry{}, err
	}
	return stored, nil
}

func (f *fault) Delete(ctx context.Context, old core.Entry) error {
	if err := f.step(StepDelete, old.Key); err != nil {
		return err
	}
	if err := f.b.Delete(ctx, old); err != nil {
		return err
	}
	return f.step(StepGone, old.Key)
}

func (f *fault) deleteBatch(d core.BatchDeleter) func(context.Context, []core.Entry) []error {
	return func(ctx context.Context, olds []core.Entry) []error {
		if err := f.step(StepBatch, ""); err != nil {
			return sameError(len(olds), err)
		}
		errs := deleteSome(ctx, d, olds, func(e core.Entry) error { return f.step(StepDelete, e.Key) })
		for i, err := range errs {
			if err == nil {
				errs[i] = f.step(StepGone, olds[i].Key)
			}
		}
		return errs
	}
}

// Finish implements [core.Finisher].
func (f *fault) Finish(ctx context.Context, done core.Done) ([]string, error) {
	if err := f.step(StepFinish, ""); err != nil {
		return nil, err
	}
	return finisherOf{f.b}.Finish(ctx, done)
}
