package reconcile

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
)

// spool holds values in the order in which they were added: in memory up to a
// bound, then as lines of JSON in a temporary file that has no name any more
// where the system allows it. It is written first and then read, as often as
// wanted; it is not safe for concurrent use.
type spool[T any] struct {
	dir   string
	bound int
	held  []T
	file  *os.File
	w     *bufio.Writer
	count int64
}

func newSpool[T any](dir string, bound int) *spool[T] { return &spool[T]{dir: dir, bound: bound} }

// add appends v.
func (s *spool[T]) add(v T) error {
	s.count++
	if s.file == nil && len(s.held) < s.bound {
		s.held = append(s.held, v)
		return nil
	}
	if s.file == nil {
		if err := s.spill(); err != nil {
			return err
		}
	}
	return s.write(v)
}

// spill moves what is held to a file.
func (s *spool[T]) spill() error {
	f, err := os.CreateTemp(s.dir, "s3fc-spool-*")
	if err != nil {
		return fmt.Errorf("a plan of this size needs a temporary file: %w", err)
	}
	_ = os.Remove(f.Name()) // where this fails, close removes it
	s.file, s.w = f, bufio.NewWriterSize(f, 64<<10)
	for _, v := range s.held {
		if err := s.write(v); err != nil {
			return err
		}
	}
	s.held = nil
	return nil
}

func (s *spool[T]) write(v T) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = s.w.Write(append(b, '\n'))
	return err
}

// all yields the values in their order. An error ends the sequence.
func (s *spool[T]) all() iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var zero T
		if s.file == nil {
			for _, v := range s.held {
				if !yield(v, nil) {
					return
				}
			}
			return
		}
		if err := s.w.Flush(); err != nil {
			yield(zero, err)
			return
		}
		dec := json.NewDecoder(bufio.NewReaderSize(io.NewSectionReader(s.file, 0, 1<<62), 64<<10))
		for {
			var v T
			if err := dec.Decode(&v); errors.Is(err, io.EOF) {
				return
			} else if err != nil {
				yield(zero, fmt.Errorf("reading back a spool: %w", err))
				return
			}
			if !yield(v, nil) {
				return
			}
		}
	}
}

// close gives memory and disk back.
func (s *spool[T]) close() error {
	s.held = nil
	if s.file == nil {
		return nil
	}
	err := s.file.Close()
	_ = os.Remove(s.file.Name())
	s.file = nil
	return err
}
