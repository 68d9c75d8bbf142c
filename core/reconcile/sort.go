package reconcile

import (
	"cmp"
	"container/heap"
	"context"
	"iter"
	"slices"

	"github.com/s3fc/s3fc/core"
)

// sortBound is how many entries of an unordered listing are sorted in memory
// at once; beyond it, sorted runs go to disk and are merged.
const sortBound = 50_000

// sorted returns a Lister that yields the entries of list in key order, with
// the errors of single keys first. An entry that the listing repeats is yielded
// once.
func sorted(list Lister, dir string, bound int) Lister {
	return func(ctx context.Context, after string) iter.Seq2[core.Entry, error] {
		return func(yield func(core.Entry, error) bool) {
			s := &sorter{dir: dir, bound: bound}
			defer s.close()
			for e, err := range list(ctx, after) {
				if err != nil {
					if _, keyed := core.ErrorKey(err); !yield(e, err) || !keyed {
						return
					}
					continue
				}
				if err := s.add(e); err != nil {
					yield(core.Entry{}, err)
					return
				}
			}
			if err := ctx.Err(); err != nil {
				yield(core.Entry{}, err)
				return
			}
			s.merge(yield)
		}
	}
}

type sorter struct {
	dir   string
	bound int
	held  []core.Entry
	runs  []*spool[core.Entry]
}

func (s *sorter) add(e core.Entry) error {
	s.held = append(s.held, e)
	if len(s.held) < s.bound {
		return nil
	}
	s.sortHeld()
	run := newSpool[core.Entry](s.dir, 0)
	s.runs = append(s.runs, run)
	for _, e := range s.held {
		if err := run.add(e); err != nil {
			return err
		}
	}
	s.held = s.held[:0]
	return nil
}

func (s *sorter) sortHeld() {
	slices.SortStableFunc(s.held, func(a, b core.Entry) int { return cmp.Compare(a.Key, b.Key) })
}

func (s *sorter) close() {
	for _, run := range s.runs {
		_ = run.close()
	}
}

// merge yields the runs and what is still held as one ordered sequence.
func (s *sorter) merge(yield func(core.Entry, error) bool) {
	s.sortHeld()
	var h runHeap
	defer func() {
		for _, r := range h {
			r.stop()
		}
	}()
	seqs := []iter.Seq2[core.Entry, error]{heldSeq(s.held)}
	for _, run := range s.runs {
		seqs = append(seqs, run.all())
	}
	for _, seq := range seqs {
		next, stop := iter.Pull2(seq)
		if r := (&runHead{next: next, stop: stop}); r.advance() {
			h = append(h, r)
		} else {
			stop()
		}
	}
	heap.Init(&h)
	h.drain(yield)
}

func heldSeq(entries []core.Entry) iter.Seq2[core.Entry, error] {
	return func(yield func(core.Entry, error) bool) {
		for _, e := range entries {
			if !yield(e, nil) {
				return
			}
		}
	}
}

type runHead struct {
	entry core.Entry
	err   error
	next  func() (core.Entry, error, bool)
	stop  func()
}

func (r *runHead) advance() (ok bool) {
	r.entry, r.err, ok = r.next()
	return ok
}

type runHeap []*runHead

func (h runHeap) Len() int { return len(h) }
func (h runHeap) Less(i, j int) bool {
	return h[i].err != nil || (h[j].err == nil && h[i].entry.Key < h[j].entry.Key)
}
func (h runHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }

// Push implements heap.Interface; the heap only ever shrinks.
func (h *runHeap) Push(any) {}

// Pop implements heap.Interface.
func (h *runHeap) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}

// drain yields the smallest head until all runs are at their end.
func (h *runHeap) drain(yield func(core.Entry, error) bool) {
	last, first := "", true
	for h.Len() > 0 {
		r := (*h)[0]
		if r.err != nil {
			yield(core.Entry{}, r.err)
			return
		}
		if first || r.entry.Key != last {
			if !yield(r.entry, nil) {
				return
			}
		}
		last, first = r.entry.Key, false
		if r.advance() {
			heap.Fix(h, 0)
		} else {
			r.stop()
			heap.Pop(h)
		}
	}
}
