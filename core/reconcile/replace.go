package reconcile

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/spool"
)

// A replacer puts entries where something of the destination stands in the way.
type replacer struct {
	transfer *mover
	tally    *tally
	tempDir  string
}

// run carries out the replacements of a plan. Each is one unit: the new content is
// fetched and verified, then the entries in its way are deleted, then it is put.
// They are done one after the other, and none once something failed.
func (r *replacer) run(ctx context.Context, acts *spool.Spool[Action]) error {
	var group *staged // the replacement whose deletes follow
	defer func() { group.discard() }()
	end := func() {
		if group != nil {
			r.tally.add(group.put(ctx))
			group.discard()
			group = nil
		}
	}
	for act, err := range acts.All() {
		if err != nil {
			return err
		}
		if ctx.Err() != nil || r.tally.fatalError() != nil {
			return nil
		}
		if group != nil && act.Group != group.act.Key {
			end()
		}
		switch {
		case act.Op == OpPut && act.Group != "":
			group = r.stage(ctx, act)
		case act.Op == OpDelete && act.Group != "":
			group.deleteObstacle(ctx, act)
		case act.Op == OpPut && act.Obstacle != nil:
			r.overObstacle(ctx, act)
		}
	}
	end()
	return nil
}

// overObstacle puts act after the file or link at a parent of its key.
func (r *replacer) overObstacle(ctx context.Context, act Action) {
	s := r.stage(ctx, act)
	defer s.discard()
	if s.ready {
		if err := r.transfer.dst.Delete(ctx, *act.Obstacle); err != nil {
			s.fail(deleteError(act, err))
		}
	}
	r.tally.add(s.put(ctx))
}

// staged is a replacement whose content was fetched and verified, and lies in
// memory or in a temporary file until its place is free.
type staged struct {
	r     *replacer
	act   Action
	ready bool // the entries in the way may go
	entry core.Entry
	body  io.ReadSeeker
	file  *spool.File
}

// stage fetches the content of act. If that fails, or nothing may be deleted
// any more, the outcome is in act and ready is false.
func (r *replacer) stage(ctx context.Context, act Action) *staged {
	s := &staged{r: r, act: act}
	if !r.tally.mayDelete() {
		s.act = notDone(act)
		return s
	}
	if act.Src.Kind == core.Link {
		var same bool
		if s.act, same = r.transfer.plannedLink(ctx, act); !same {
			return s
		}
	}
	if act.Src.Kind == core.File {
		group, obstacle := act.Group, act.Obstacle
		s.act = r.transfer.transfer(ctx, act, s.receive)
		s.act.Group, s.act.Obstacle = group, obstacle
	}
	s.ready = s.act.Op == OpPut
	return s
}

// receive is the sink of a staged content.
func (s *staged) receive(_ context.Context, e core.Entry, body io.Reader) (core.Entry, error) {
	s.discard()
	s.entry = e
	if e.Size <= core.SmallFile {
		b, err := io.ReadAll(body)
		s.body = bytes.NewReader(b)
		return e, err
	}
	f, err := spool.NewFile(s.r.tempDir, "s3fc-staged-*")
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

// verify reads a staged file back, and compares it with the announced entry.
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

// deleteObstacle deletes an entry in the way of staged content.
func (s *staged) deleteObstacle(ctx context.Context, del Action) {
	if s == nil || !s.ready {
		del.Op, del.Reason = OpKeep, ReasonProtected
		s.keepObstacle(del)
		return
	}
	if err := s.r.transfer.dst.Delete(ctx, *del.Dst); err != nil {
		s.fail(failure(s.act, ReasonInTheWay, fmt.Errorf("the entry in its way cannot be deleted: %w", err)))
		del = deleteError(del, err)
	}
	s.r.tally.add(del)
}

func (s *staged) keepObstacle(del Action) {
	if s != nil {
		s.r.tally.addUndeleted(1)
		s.r.tally.add(del)
	}
}

func (s *staged) fail(act Action) { s.act, s.ready = act, false }

// put puts the staged content, and returns the action's outcome.
func (s *staged) put(ctx context.Context) Action {
	if !s.ready {
		return s.act
	}
	if s.act.Src.Kind == core.Link {
		return s.r.transfer.putLink(ctx, s.act)
	}
	for try := 1; ; try++ {
		if _, err := s.body.Seek(0, io.SeekStart); err != nil {
			return failure(s.act, ReasonWrite, err)
		}
		stored, err := s.r.transfer.dst.Put(ctx, s.entry, s.body, s.act.Dst)
		_, err = checkStored(s.entry, stored, err)
		switch {
		case err == nil:
			return s.act
		case core.IsTransient(err) && try < transferTries && pause(ctx, try):
		default:
			return s.r.transfer.putError(ctx, s.act, err)
		}
	}
}

func (s *staged) discard() {
	if s == nil || s.file == nil {
		return
	}
	_ = s.file.Close() // it was only read
	s.file = nil
}

// notDone is the outcome of a replacement that was not even begun, because
// something else failed.
func notDone(act Action) Action {
	act.Op, act.Reason = OpConflict, ReasonInTheWay
	act.Err = fmt.Errorf("%w: the entry in its way is left in place: nothing is deleted after an error in this run", core.ErrConflict)
	return act
}
