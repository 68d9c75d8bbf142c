package reconcile

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/s3fc/s3fc/core"
)

// replacements puts what something of the destination stands in the way of.
// Each is one unit: the new content is fetched and verified, then what is in
// its way is deleted, then it is put. They are done one after the other, and
// none once something failed.
func (a *applier) replacements(ctx context.Context) error {
	a.phase(PhaseDeletes)
	if !a.plan.has[replacing] {
		return nil
	}
	var group *staged // the replacement whose deletes follow
	defer func() { group.discard() }()
	end := func() {
		if group != nil {
			a.done(group.put(ctx))
			group.discard()
			group = nil
		}
	}
	for act, err := range a.plan.acts.All() {
		if err != nil {
			return err
		}
		if ctx.Err() != nil || a.stopped() {
			return nil
		}
		if group != nil && act.Group != group.act.Key {
			end()
		}
		switch {
		case act.Op == OpPut && act.Group != "":
			group = a.stage(ctx, act)
		case act.Op == OpDelete && act.Group != "":
			group.clear(ctx, act)
		case act.Op == OpPut && act.Obstacle != nil:
			a.overObstacle(ctx, act)
		}
	}
	end()
	return nil
}

// overObstacle puts act after the file or link at a parent of its key.
func (a *applier) overObstacle(ctx context.Context, act Action) {
	s := a.stage(ctx, act)
	defer s.discard()
	if s.ready {
		if err := a.Dst.Delete(ctx, *act.Obstacle); err != nil {
			s.failed(deleteError(act, err))
		}
	}
	a.done(s.put(ctx))
}

// staged is a replacement whose content was fetched and verified, and lies in
// memory or in a temporary file until its place is free.
type staged struct {
	a     *applier
	act   Action
	ready bool // what is in the way may go
	entry core.Entry
	body  io.ReadSeeker
	file  *os.File
}

// stage fetches the content of act. If that fails, or nothing may be deleted
// any more, the outcome is in act and ready is false.
func (a *applier) stage(ctx context.Context, act Action) *staged {
	s := &staged{a: a, act: act}
	if !a.mayDelete() {
		s.act = notDone(act)
		return s
	}
	if act.Src.Kind == core.Link {
		var same bool
		if s.act, same = a.sameLink(ctx, act); !same {
			return s
		}
	}
	if act.Src.Kind == core.File {
		group, obstacle := act.Group, act.Obstacle
		s.act = a.transfer(ctx, act, s.keep)
		s.act.Group, s.act.Obstacle = group, obstacle
	}
	s.ready = s.act.Op == OpPut
	return s
}

// keep is the sink of a staged content.
func (s *staged) keep(_ context.Context, e core.Entry, body io.Reader) (core.Entry, error) {
	s.discard()
	s.entry = e
	if e.Size <= core.SmallFile {
		b, err := io.ReadAll(body)
		s.body = bytes.NewReader(b)
		return e, err
	}
	f, err := os.CreateTemp(s.a.TempDir, "s3fc-staged-*")
	if err != nil {
		return core.Entry{}, err
	}
	s.file, s.body = f, f
	n, err := io.Copy(f, body)
	if err == nil && n != e.Size {
		err = &readError{fmt.Errorf("%w: it is not of %d bytes, as announced", core.ErrChanged, e.Size)}
	}
	if err != nil {
		return core.Entry{}, err
	}
	return s.verify(e)
}

// verify reads a staged file back, and holds it against what was announced.
func (s *staged) verify(e core.Entry) (core.Entry, error) {
	if _, err := s.file.Seek(0, io.SeekStart); err != nil {
		return core.Entry{}, err
	}
	seen, err := hashBody(context.Background(), s.file, e.Size, nil)
	if err != nil {
		return core.Entry{}, err
	}
	if e.MD5.Known() && e.MD5 != seen.MD5 {
		return core.Entry{}, &readError{corrupt(seen.MD5, e.MD5)}
	}
	e.MD5 = seen.MD5
	s.entry = e
	return e, nil
}

// clear deletes what is in the way of a staged content.
func (s *staged) clear(ctx context.Context, del Action) {
	if s == nil || !s.ready {
		del.Op, del.Reason = OpKeep, ReasonProtected
		s.leave(del)
		return
	}
	if err := s.a.Dst.Delete(ctx, *del.Dst); err != nil {
		s.failed(failure(s.act, ReasonInTheWay, fmt.Errorf("what is in its way cannot be deleted: %w", err)))
		del = deleteError(del, err)
	}
	s.a.done(del)
}

func (s *staged) leave(del Action) {
	if s != nil {
		s.a.undeleted(1)
		s.a.done(del)
	}
}

func (s *staged) failed(act Action) { s.act, s.ready = act, false }

// put puts the staged content, and returns what came of the action.
func (s *staged) put(ctx context.Context) Action {
	if !s.ready {
		return s.act
	}
	if s.act.Src.Kind == core.Link {
		return s.a.putLink(ctx, s.act)
	}
	for try := 1; ; try++ {
		if _, err := s.body.Seek(0, io.SeekStart); err != nil {
			return failure(s.act, ReasonWrite, err)
		}
		stored, err := s.a.Dst.Put(ctx, s.entry, s.body, s.act.Dst)
		_, err = checkStored(s.entry, stored, err)
		switch {
		case err == nil:
			return s.act
		case core.IsTransient(err) && try < transferTries && s.a.pause(ctx, try):
		default:
			return s.a.putError(ctx, s.act, err)
		}
	}
}

func (s *staged) discard() {
	if s == nil || s.file == nil {
		return
	}
	_ = s.file.Close()
	_ = os.Remove(s.file.Name())
	s.file = nil
}

// deletes removes what the source does not have, unless something failed.
func (a *applier) deletes(ctx context.Context) error {
	switch {
	case !a.plan.has[deleting]:
		return nil
	case !a.mayDelete():
		return a.skipDeletes(ctx)
	}
	batch, ok := core.As[core.BatchDeleter](a.Dst)
	if !ok {
		return a.each(ctx, a.plan.acts, func(act Action) func(context.Context) {
			if act.Op != OpDelete || act.Group != "" {
				return nil
			}
			return func(ctx context.Context) { a.done(a.delete(ctx, act)) }
		})
	}
	return a.deleteBatches(ctx, batch)
}

// skipDeletes counts what is not deleted, because something failed.
func (a *applier) skipDeletes(ctx context.Context) error {
	for act, err := range a.plan.acts.All() {
		switch {
		case err != nil:
			return err
		case act.Op != OpDelete || act.Group != "":
		case act.Reason == ReasonInTheWay:
			a.done(a.wasInTheWay(ctx, act))
		default:
			a.undeleted(1)
		}
	}
	return nil
}

func (a *applier) delete(ctx context.Context, act Action) Action {
	if act.Reason == ReasonInTheWay {
		return a.wasInTheWay(ctx, act)
	}
	if err := a.Dst.Delete(ctx, *act.Dst); err != nil {
		return deleteError(act, err)
	}
	return act
}

func deleteError(act Action, err error) Action {
	if errors.Is(err, core.ErrChanged) {
		return failure(act, ReasonChanged, err)
	}
	return failure(act, ReasonWrite, err)
}

// wasInTheWay: the entry was deleted when the first of what stands below it
// now was put. If nothing was put after all, it is still there, and stays.
func (a *applier) wasInTheWay(ctx context.Context, act Action) Action {
	now, err := complete(ctx, a.Dst, act.Key)
	switch {
	case err != nil:
		return failure(act, ReasonAsk, err)
	case now == nil:
		return act
	}
	act.Op, act.Reason = OpKeep, ReasonProtected
	return act
}

// deleteBatches deletes in requests of many, a few of them at once.
func (a *applier) deleteBatches(ctx context.Context, b core.BatchDeleter) error {
	var acts []Action
	workers := newLimiter(min(a.jobs(), 4))
	defer workers.wait()
	flush := func() {
		batch := acts
		acts = nil
		workers.run(func() { a.deleteBatch(ctx, b, batch) })
	}
	for act, err := range a.plan.acts.All() {
		switch {
		case err != nil:
			return err
		case ctx.Err() != nil || a.stopped():
			return nil
		case act.Op != OpDelete || act.Group != "":
			continue
		case act.Reason == ReasonInTheWay:
			a.done(a.wasInTheWay(ctx, act))
			continue
		}
		if acts = append(acts, act); len(acts) == b.BatchSize() {
			flush()
		}
	}
	if len(acts) > 0 {
		flush()
	}
	return nil
}

func (a *applier) deleteBatch(ctx context.Context, b core.BatchDeleter, acts []Action) {
	olds := make([]core.Entry, len(acts))
	for i, act := range acts {
		olds[i] = *act.Dst
	}
	for i, err := range b.DeleteBatch(ctx, olds) {
		if err != nil {
			a.done(deleteError(acts[i], err))
		} else {
			a.done(acts[i])
		}
	}
}
