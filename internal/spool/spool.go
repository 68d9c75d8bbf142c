// Package spool keeps a sequence of values in memory up to a bound, and beyond it
// in a temporary file.
package spool

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
)

// A Spool holds values in the order in which they were added: in memory up to a
// bound, then as lines of JSON in a temporary file, which has no name any more
// where the system allows that. It is written first and then read, as often as
// wanted. Writing is not safe for concurrent use, reading is.
type Spool[T any] struct {
	dir   string
	bound int
	inMem []T
	file  *File
	w     *bufio.Writer
	count int64
}

// New returns an empty Spool that holds up to bound values in memory. Its
// temporary file is made in dir; an empty dir means [os.TempDir].
func New[T any](dir string, bound int) *Spool[T] { return &Spool[T]{dir: dir, bound: bound} }

// Count returns how many values were added.
func (s *Spool[T]) Count() int64 { return s.count }

// Add appends v.
func (s *Spool[T]) Add(v T) error {
	s.count++
	if s.file == nil && len(s.inMem) < s.bound {
		s.inMem = append(s.inMem, v)
		return nil
	}
	if s.file == nil {
		if err := s.spill(); err != nil {
			return err
		}
	}
	return s.write(v)
}

// spill moves the values in memory to a file.
func (s *Spool[T]) spill() error {
	f, err := NewFile(s.dir, "s3fc-spool-*")
	if err != nil {
		return fmt.Errorf("a plan of this size needs a temporary file: %w", err)
	}
	s.file, s.w = f, bufio.NewWriterSize(f, 64<<10)
	for _, v := range s.inMem {
		if err := s.write(v); err != nil {
			return err
		}
	}
	s.inMem = nil
	return nil
}

func (s *Spool[T]) write(v T) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = s.w.Write(append(b, '\n'))
	return err
}

// All yields the values in their order. An error ends the sequence.
func (s *Spool[T]) All() iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		if s.file == nil {
			for _, v := range s.inMem {
				if !yield(v, nil) {
					return
				}
			}
			return
		}
		s.readFile(yield)
	}
}

func (s *Spool[T]) readFile(yield func(T, error) bool) {
	var zero T
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

// Close gives memory and disk back.
func (s *Spool[T]) Close() error {
	s.inMem = nil
	if s.file == nil {
		return nil
	}
	err := s.file.Close()
	s.file = nil
	return err
}
