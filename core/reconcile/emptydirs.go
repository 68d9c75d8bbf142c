package reconcile

import (
	"context"
	"errors"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/spool"
)

// emptyDirs finds the directories of the destination that a run leaves empty, in
// constant memory: it has the directories that the join is in, outermost first.
type emptyDirs struct{ open []openDir }

type openDir struct {
	key  string
	used bool // something in it stays or is put there
}

// enter goes into a directory that the join has come to. used says that it is not
// to be removed whatever is below it.
func (d *emptyDirs) enter(key string, used bool) { d.open = append(d.open, openDir{key, used}) }

// use says that the directory that the join is in is not left empty.
func (d *emptyDirs) use() {
	if n := len(d.open); n > 0 {
		d.open[n-1].used = true
	}
}

// leave leaves the directories that key is not in, innermost first, and calls remove
// with those that are left empty.
func (d *emptyDirs) leave(key string, remove func(dir string) error) error {
	for n := len(d.open) - 1; n >= 0 && !core.Below(key, d.open[n].key); n-- {
		dir := d.open[n]
		d.open = d.open[:n]
		if dir.used {
			d.use()
		} else if err := remove(dir.key); err != nil {
			return err
		}
	}
	return nil
}

// RemoveEmptyDirs removes the directories of the destination that hold nothing, once
// a divided run has ended: no part of it sees a directory whole. It calls event with
// each that it removed, unless event is nil, and returns how many these are.
func (r *Reconciler) RemoveEmptyDirs(ctx context.Context, event func(Action)) (removed int64, err error) {
	remover, ok := core.As[core.DirRemover](r.Dst)
	if !ok {
		return 0, nil
	}
	empty := spool.New[string](r.TempDir, spoolBound)
	defer func() { err = errors.Join(err, empty.Close()) }()
	var dirs emptyDirs
	for e, err := range remover.ListDirs(ctx, "") {
		if key, single := core.ErrorKey(err); single {
			e = core.Entry{Key: key} // an unreadable directory is not empty
		} else if err != nil {
			return 0, err
		}
		if err := dirs.leave(e.Key, empty.Add); err != nil {
			return 0, err
		}
		if dir, ok := e.Directory(); ok {
			dirs.enter(dir, false)
		} else {
			dirs.use()
		}
	}
	if err := dirs.leave("", empty.Add); err != nil {
		return 0, err
	}
	for dir, err := range empty.All() {
		if err == nil {
			err = remover.RemoveDir(ctx, dir)
		}
		if errors.Is(err, core.ErrConflict) {
			continue // somebody has put something there
		}
		if err != nil {
			return removed, err
		}
		removed++
		if event != nil {
			event(Action{Op: OpRemoveDir, Key: dir, Reason: ReasonEmpty})
		}
	}
	return removed, nil
}
