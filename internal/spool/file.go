package spool

import (
	"errors"
	"os"
)

// A File is a temporary file. It has no name any more where the system allows that, so
// that it goes with a process that is killed.
type File struct {
	*os.File
	named bool
}

// NewFile makes a temporary file in dir, or in [os.TempDir] if dir is empty. A star in
// name stands for a number that makes it unique.
func NewFile(dir, name string) (*File, error) {
	f, err := os.CreateTemp(dir, name)
	if err != nil {
		return nil, err
	}
	return &File{File: f, named: os.Remove(f.Name()) != nil}, nil
}

// Close closes the file, and gives its disk space back.
func (f *File) Close() error {
	err := f.File.Close()
	if f.named {
		f.named = false
		err = errors.Join(err, os.Remove(f.Name()))
	}
	return err
}
