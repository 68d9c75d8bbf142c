package wrap

import (
	"context"
	"io"
	"iter"
	"sync/atomic"

	"github.com/s3fc/s3fc/core"
)

// Counts are the counts of a [Meter]: operations of the interface, which are not
// requests to a store. It is safe for concurrent use.
type Counts struct {
	Lists, Entries, Stats, Opens, Puts, Deletes, Finishes atomic.Int64
	// Batches counts calls of DeleteBatch; their entries are in Deletes too.
	Batches atomic.Int64
	// Down and Up are the bytes that were read from opened entries, and by Put
	// from bodies.
	Down, Up atomic.Int64
}

// Operations returns the number of operations: a listing is one, and so is each
// entry of a batch.
func (c *Counts) Operations() int64 {
	return c.Lists.Load() + c.Stats.Load() + c.Opens.Load() + c.Puts.Load() + c.Deletes.Load() + c.Finishes.Load()
}

// Meter counts the operations of b in counts, as they begin. Each takes one
// request from budget before it, an entry of a batch too, and fails with
// [core.ErrBudget] if none is left; budget may be nil.
func Meter(b core.Backend, counts *Counts, budget *core.Budget) core.Backend {
	m := &meter{infoOf{b}, b, counts, budget}
	if d, ok := core.As[core.BatchDeleter](b); ok {
		return &struct {
			*meter
			batch
		}{m, batch{d.BatchSize(), m.deleteBatch(d)}}
	}
	return m
}

type meter struct {
	infoOf
	core.Backend
	counts *Counts
	budget *core.Budget
}

func (m *meter) spend(count *atomic.Int64, op, key string) error {
	if err := m.budget.Spend(); err != nil {
		return &core.Error{Op: op, Key: key, Err: err}
	}
	count.Add(1)
	return nil
}

func counting(n *atomic.Int64) readHook {
	return func(p []byte, read func([]byte) (int, error)) (int, error) {
		k, err := read(p)
		n.Add(int64(k))
		return k, err
	}
}

func (m *meter) List(ctx context.Context, after string) iter.Seq2[core.Entry, error] {
	return m.counted(m.Backend.List(ctx, after))
}

// ListDirs implements [core.DirRemover]. Directories are not counted.
func (m *meter) ListDirs(ctx context.Context, after string) iter.Seq2[core.Entry, error] {
	return m.counted(core.ListDirs(ctx, m.Backend, after))
}

// RemoveDir implements [core.DirRemover]. It counts as a delete.
func (m *meter) RemoveDir(ctx context.Context, dir string) error {
	if err := m.spend(&m.counts.Deletes, "rmdir", dir); err != nil {
		return err
	}
	return dirsOf{m.Backend}.RemoveDir(ctx, dir)
}

func (m *meter) counted(list iter.Seq2[core.Entry, error]) iter.Seq2[core.Entry, error] {
	return func(yield func(core.Entry, error) bool) {
		if err := m.spend(&m.counts.Lists, "list", ""); err != nil {
			yield(core.Entry{}, err)
			return
		}
		for e, err := range list {
			if _, dir := e.Directory(); err == nil && !dir {
				m.counts.Entries.Add(1)
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

func (m *meter) Stat(ctx context.Context, key string) (core.Entry, error) {
	if err := m.spend(&m.counts.Stats, "stat", key); err != nil {
		return core.Entry{}, err
	}
	return m.Backend.Stat(ctx, key)
}

func (m *meter) Open(ctx context.Context, key string) (io.ReadCloser, core.Entry, error) {
	if err := m.spend(&m.counts.Opens, "open", key); err != nil {
		return nil, core.Entry{}, err
	}
	rc, e, err := m.Backend.Open(ctx, key)
	return hookContent(rc, counting(&m.counts.Down)), e, err
}

func (m *meter) Put(ctx context.Context, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
	if err := m.spend(&m.counts.Puts, "put", e.Key); err != nil {
		return core.Entry{}, err
	}
	return m.Backend.Put(ctx, e, hookBody(body, counting(&m.counts.Up)), old)
}

func (m *meter) Delete(ctx context.Context, old core.Entry) error {
	if err := m.spend(&m.counts.Deletes, "delete", old.Key); err != nil {
		return err
	}
	return m.Backend.Delete(ctx, old)
}

func (m *meter) deleteBatch(d core.BatchDeleter) func(context.Context, []core.Entry) []error {
	return func(ctx context.Context, olds []core.Entry) []error {
		m.counts.Batches.Add(1)
		return deleteSome(ctx, d, olds, func(e core.Entry) error { return m.spend(&m.counts.Deletes, "delete", e.Key) })
	}
}

// Finish implements [core.Finisher].
func (m *meter) Finish(ctx context.Context, done core.Done) ([]string, error) {
	if err := m.spend(&m.counts.Finishes, "finish", ""); err != nil {
		return nil, err
	}
	return finisherOf{m.Backend}.Finish(ctx, done)
}
