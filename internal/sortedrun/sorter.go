package sortedrun

import (
	"iter"
	"slices"

	"github.com/s3fc/s3fc/internal/spool"
)

// A Sorter sorts values that it is given in any order: in memory up to a bound, then
// in sorted runs on disk. Of equal values, one is kept: the last that was added. It
// is not safe for concurrent use.
type Sorter[T any] struct {
	compare func(a, b *T) int
	dir     string
	bound   int
	inMem   []T
	runs    []*spool.Spool[T]
}

// New returns a Sorter by compare that holds up to bound values in memory. Its
// temporary files are made in dir; an empty dir means [os.TempDir]. T survives a
// round trip through JSON.
func New[T any](compare func(a, b *T) int, dir string, bound int) *Sorter[T] {
	return &Sorter[T]{compare: compare, dir: dir, bound: bound}
}

// Add adds v.
func (s *Sorter[T]) Add(v T) error {
	s.inMem = append(s.inMem, v)
	if len(s.inMem) < s.bound {
		return nil
	}
	run := spool.New[T](s.dir, 0)
	s.runs = append(s.runs, run)
	for _, v := range s.sorted() {
		if err := run.Add(v); err != nil {
			return err
		}
	}
	s.inMem = s.inMem[:0]
	return nil
}

// sorted sorts the values in memory and keeps one of those that are equal.
func (s *Sorter[T]) sorted() []T {
	slices.Reverse(s.inMem) // a stable sort keeps the last first then
	slices.SortStableFunc(s.inMem, func(a, b T) int { return s.compare(&a, &b) })
	s.inMem = slices.CompactFunc(s.inMem, func(a, b T) bool { return s.compare(&a, &b) == 0 })
	return s.inMem
}

// All yields the values in order. It is called once, after the last Add. An error
// ends the sequence.
func (s *Sorter[T]) All() iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var failed error
		var sources []Source[*T]
		for _, run := range s.runs {
			p := &pulled[T]{failed: &failed}
			p.next, p.stop = iter.Pull2(run.All())
			defer p.stop()
			sources = append(sources, p)
		}
		sources = append(sources, &listed[T]{s.sorted()})
		stopped := false
		Merge(s.compare, sources, func(v *T) bool {
			stopped = failed != nil || !yield(*v, nil)
			return !stopped
		})
		if failed != nil {
			var zero T
			yield(zero, failed)
		}
	}
}

// Close gives memory and disk back.
func (s *Sorter[T]) Close() {
	s.inMem = nil
	for _, run := range s.runs {
		_ = run.Close() // a temporary file that cannot be closed loses nothing
	}
}

// pulled is a run as a [Source].
type pulled[T any] struct {
	next   func() (T, error, bool)
	stop   func()
	failed *error
	value  T
}

// Next implements [Source].
func (p *pulled[T]) Next() (*T, bool) {
	v, err, ok := p.next()
	if err != nil {
		*p.failed = err
		return nil, false
	}
	p.value = v
	return &p.value, ok
}

// listed is a sorted slice as a [Source].
type listed[T any] struct{ values []T }

// Next implements [Source].
func (l *listed[T]) Next() (v *T, ok bool) {
	if len(l.values) == 0 {
		return nil, false
	}
	v, l.values = &l.values[0], l.values[1:]
	return v, true
}
