package localfs

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/kit"
)

const (
	maxPath    = 4095 // bytes, as Linux has it without the final NUL
	maxSegment = 255  // bytes
)

// Options are the options of New.
type Options struct {
	// Links says how symbolic links are treated; the zero value keeps them.
	Links LinkPolicy
	// Create makes a missing directory on the first write; until then it lists
	// as empty.
	Create bool
	// Hidden is [core.Env].Hidden: directories that are not walked.
	Hidden func(key string) bool
	// SettleTime is how old a file's times have to be before its entry is
	// [core.Entry].Settled: longer than the file system's clock ticks. 0 is 3 s,
	// longer than the tick of the coarsest.
	SettleTime time.Duration
}

// A Tree is a directory as a [core.Backend]. It is safe for concurrent use.
// Close closes the directories that it keeps open.
type Tree struct {
	given    string // the path as the user named it, absolute and clean
	features core.Features
	hidden   func(key string) bool
	temps    kit.Temps // that listings came across

	dirs    *dirs
	entries *entries
	opener  *opener
	writer  *writer
}

// New returns the tree in the directory dir. It is an error that is
// [fs.ErrNotExist] if there is none, unless o.Create is set.
func New(dir string, o Options) (*Tree, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	o.SettleTime = cmp.Or(o.SettleTime, settleTime)
	t := &Tree{given: abs, features: featuresOf(abs, o), hidden: o.Hidden}
	t.dirs = newDirs(abs, o)
	t.entries = &entries{dirs: t.dirs, settle: o.SettleTime}
	t.opener = &opener{dirs: t.dirs, entries: t.entries}
	t.writer = &writer{dirs: t.dirs, entries: t.entries}
	if _, err := t.dirs.root.open(); err != nil && !(o.Create && errors.Is(err, fs.ErrNotExist)) {
		return nil, err
	}
	return t, nil
}

// Close closes the directories that t keeps open. t must not be used afterwards.
func (t *Tree) Close() error { return t.dirs.Close() }

// Identity implements [core.Identifier]: by the directory's path without links
// on the way, once it exists.
func (t *Tree) Identity() string { return schemeName + " " + t.dirs.root.path() }

// String returns the directory's path.
func (t *Tree) String() string { return t.given }

// Created implements [core.Creator].
func (t *Tree) Created() bool { return t.dirs.root.made.Load() }

// Features implements [core.Tree].
func (t *Tree) Features() core.Features { return t.features }

// featuresOf returns the features of a tree in the directory dir.
func featuresOf(dir string, o Options) core.Features {
	return core.Features{
		Links:      o.Links == KeepLinks,
		ModTimes:   true,
		Create:     core.GuardAtomic,
		Replace:    core.GuardCheck,
		Resolution: o.SettleTime,
		MaxKey:     maxPath - len(dir) - 1,
		MaxSegment: maxSegment,
		MaxTarget:  maxPath,
	}
}

// Stat implements [core.Tree]. The md5 of a file is never known: only reading
// tells it.
func (t *Tree) Stat(ctx context.Context, key string) (core.Entry, error) {
	var e core.Entry
	err := operations.do(func() (err error) {
		e, err = t.entries.stat(ctx, key)
		return err
	})
	return e, fail("stat", key, err)
}
