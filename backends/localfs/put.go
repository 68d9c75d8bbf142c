package localfs

import (
	"context"
	"errors"
	"io"
	"io/fs"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/kit"
)

// tries is how often a Put starts again because another operation removed the
// directory that it had just made.
const tries = 10

// A writer changes the files and links of a tree.
type writer struct {
	dirs    *dirs
	entries *entries
}

// Put implements [core.Backend]. It makes missing directories, and removes them
// again if it fails. A replaced file keeps its permissions.
func (t *Tree) Put(ctx context.Context, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
	if err := t.CheckPut(e); err != nil {
		return core.Entry{}, fail("put", e.Key, err)
	}
	var made []string
	got, err := t.writer.put(ctx, e, body, old, &made)
	if err != nil {
		t.dirs.removeMade(made)
		return core.Entry{}, fail("put", e.Key, asUnsupported(e.Kind, err))
	}
	return got, nil
}

func (w *writer) put(ctx context.Context, e core.Entry, body io.Reader, old *core.Entry, made *[]string) (core.Entry, error) {
	if err := ctx.Err(); err != nil {
		return core.Entry{}, err
	}
	if e.Kind == core.File && body == nil {
		return core.Entry{}, errors.New("a file needs a body")
	}
	s, err := w.begin(e, old, made)
	if err != nil {
		return core.Entry{}, err
	}
	operations.stay()
	defer operations.leave()
	defer w.dirs.release(s.at.d)
	defer s.discard()
	if e.Kind == core.File {
		if err := s.fill(ctx, body); err != nil {
			return core.Entry{}, err
		}
	}
	if err := ctx.Err(); err != nil {
		return core.Entry{}, err
	}
	if err := s.publish(); err != nil {
		return core.Entry{}, err
	}
	return s.stored()
}

// begin is stage, and waits for a free descriptor.
func (w *writer) begin(e core.Entry, old *core.Entry, made *[]string) (s *staged, err error) {
	err = operations.do(func() error {
		tr, err := w.dirs.probe()
		if err == nil {
			s, err = w.stage(e, old, tr, made)
		}
		return err
	})
	return s, err
}

// stage opens the directory of e, checks old where that must be done early, and
// makes the temporary file or link that is to become e.
func (w *writer) stage(e core.Entry, old *core.Entry, tr *traits, made *[]string) (*staged, error) {
	for try := 1; ; try++ {
		s, err := w.stageOnce(e, old, tr, made)
		if try == tries || !errors.Is(err, fs.ErrNotExist) {
			return s, err
		}
	}
}

func (w *writer) stageOnce(e core.Entry, old *core.Entry, tr *traits, made *[]string) (*staged, error) {
	parent, name := split(e.Key)
	d, err := w.dirs.open(parent, lookup{made: made})
	if err != nil {
		return nil, err
	}
	s := &staged{at: place{entries: w.entries, d: d, name: name, old: old}, e: e, temp: kit.TempName(""), mode: tr.mode}
	if err = s.begin(); err != nil {
		w.dirs.release(d)
		return nil, err
	}
	return s, nil
}
