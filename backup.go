package s3fc

import (
	"context"
	"errors"
	"fmt"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/wrap"
)

// backupTime is the form of a run's time in the name of its backup.
const backupTime = "2006-01-02T15-04-05Z"

// backup is the tree in which a run saves entries before it overwrites or deletes
// them. The zero backup is none.
type backup struct {
	side
	write bool // it was opened for writing
}

// use names the backup that the options ask for.
func (b *backup) use(r *run) error {
	switch {
	case r.o.BackupTree != nil:
		b.side = opened(r.o.BackupTree, "the backup")
		return nil
	case r.o.Backup == "":
		return nil
	case r.mux == nil:
		return &OptionError{Option: "backup", Err: errors.New("a run on open trees needs an open tree for its backup")}
	}
	dir, err := named(r.mux, "backup", r.o.Backup)
	if err != nil {
		return err
	}
	if err := r.keepApart(dir); err != nil {
		return err
	}
	b.side = dir.at(r.started)
	return nil
}

// keepApart reports that a backup shares entries with the source or contains the
// destination, and hides one that lies inside the destination.
func (r *run) keepApart(dir side) error {
	wrong := func(format string, args ...any) error {
		return &OptionError{Option: "backup", Err: fmt.Errorf(format, args...)}
	}
	_, inSource := r.src.within(dir)
	_, aroundSource := dir.within(r.src)
	_, aroundDestination := dir.within(r.dst)
	switch {
	case inSource, aroundSource:
		return wrong("%s and the source %s must share nothing", dir.name, r.src.name)
	case aroundDestination:
		return wrong("%s must not be, or contain, the destination %s; it may lie inside", dir.name, r.dst.name)
	}
	return r.hideInside(dir)
}

// hideInside hides the place at which a tree lies inside the destination.
func (r *run) hideInside(in side) error {
	key, inside := r.dst.within(in)
	if !inside {
		return nil
	}
	if key == "" {
		return &OptionError{Err: fmt.Errorf("%s lies in the destination under another spelling; write it as %s has it", in.name, r.dst.name)}
	}
	r.rules.apart = append(r.rules.apart, key)
	return nil
}

// asked reports whether the run has a backup.
func (b *backup) asked() bool { return b.url != nil || b.tree != nil }

// open opens the backup. Nothing is made in it before an entry is saved.
func (b *backup) open(ctx context.Context, env core.Env, write bool) error {
	if !b.asked() {
		return nil
	}
	env.Options = withoutParam(env.Options, "links") // links are saved, whatever the run does with them
	env.Create, b.write = write, write
	err := b.side.open(ctx, env)
	if absent(err) && !write {
		b.tree, err = wrap.Empty(b.features()), nil
	}
	if err != nil {
		return fmt.Errorf("the backup %s cannot be opened: %w", b.name, err)
	}
	return nil
}

// backend returns the backup for the reconciler, or nil.
func (b *backup) backend(bandwidth int64) core.Backend {
	switch {
	case b.tree == nil:
		return nil
	case bandwidth > 0:
		return wrap.Limit(b.tree, 0, bandwidth)
	}
	return b.tree
}
