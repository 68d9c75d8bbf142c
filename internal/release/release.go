package release

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/s3fc/s3fc"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/reconcile"
	"github.com/s3fc/s3fc/core/wrap"
)

// A Site is a tree with releases. Its methods are for one job; other jobs may work on
// the same tree.
type Site struct {
	mux  *core.Mux
	arg  string
	tree core.Backend
}

// New returns the site in the open tree, which arg names.
func New(mux *core.Mux, arg string, tree core.Backend) *Site { return &Site{mux, arg, tree} }

// Dir returns the URL or path of a release.
func (s *Site) Dir(id string) (string, error) {
	return s3fc.Below(s.mux, s.arg, s3fc.ReleasesDir+"/"+id)
}

// A Made is a release that was made.
type Made struct {
	ID     string
	Copied s3fc.Result   // the copy of the site
	Check  s3fc.Result   // the comparison after it
	Link   s3fc.Action   // of current
	Was    string        // the release that current led to, or ""
	O      *s3fc.Options // with which it was copied
}

// Prepare sets the options of a copy of a site to the release id: unchanged files are
// taken over from the release that current leads to. It returns where the copy goes,
// and current, nil for none.
func (s *Site) Prepare(ctx context.Context, id string, o *s3fc.Options) (dst string, current *core.Entry, err error) {
	if current, err = s.current(ctx); err != nil {
		return "", nil, err
	}
	if last := idOf(current); last != "" && last != id && CheckID(last) == nil {
		if o.Reuse, err = s.Dir(last); err != nil {
			return "", nil, err
		}
	}
	o.Delete, o.DeleteReleases = s3fc.DeleteAll, true // of an earlier try at this release
	o.MaxDelete, err = reconcile.ParseDeleteLimit("100%")
	if err == nil {
		dst, err = s.Dir(id)
	}
	return dst, current, err
}

// Make copies src to the release id, compares the two, marks the release complete, and
// lets current lead to it. Whatever fails, current stays as it is.
func (s *Site) Make(ctx context.Context, src, id string, o s3fc.Options) (m Made, err error) {
	m = Made{ID: id, O: &o}
	dst, seen, err := s.Prepare(ctx, id, &o)
	if err != nil {
		return m, err
	}
	r, err := s.claim(ctx, id)
	if err != nil {
		return m, err
	}
	m.Was = idOf(seen)
	if m.Copied, err = s3fc.CopyURL(ctx, s.mux, src, dst, o); err != nil {
		return m, err
	}
	if err := s.check(ctx, src, dst, &m); err != nil {
		return m, err
	}
	r.State, r.Entries = Complete, m.Check.Kept
	if err := s.write(ctx, r); err != nil {
		return m, err
	}
	m.Link, err = s.point(ctx, r, seen)
	return m, err
}

// check compares the release with its source once more, by the store's listing.
func (s *Site) check(ctx context.Context, src, dst string, m *Made) (err error) {
	o := *m.O
	o.Event, o.Start, o.Progress, o.Reuse = nil, nil, nil, ""
	m.Check, err = s3fc.DiffURL(ctx, s.mux, src, dst, o)
	switch {
	case err != nil:
		return err
	case m.Check.Differs():
		return fmt.Errorf("release %s is not complete: %s differs from it by now; run release once more, with --id %s to go on with this one", m.ID, src, m.ID)
	case m.Check.Kept == 0:
		return &s3fc.GuardError{Err: fmt.Errorf("the source is empty: release %s would be an empty site", m.ID)}
	}
	return nil
}

// Rollback lets current lead to the release id, or to the newest that is complete and
// older than the one it leads to.
func (s *Site) Rollback(ctx context.Context, id string, dryRun bool) (s3fc.Action, error) {
	seen, err := s.current(ctx)
	if err != nil {
		return s3fc.Action{}, err
	}
	r, err := s.choose(ctx, id, idOf(seen))
	if err != nil {
		return s3fc.Action{}, err
	}
	if act := linkTo(r, seen); dryRun || act.Op == reconcile.OpKeep {
		return act, nil
	}
	return s.point(ctx, r, seen)
}

// choose returns the release to go back to.
func (s *Site) choose(ctx context.Context, id, current string) (*Release, error) {
	if id != "" {
		r, err := s.read(ctx, id)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil, fmt.Errorf("there is no release %s: the command releases lists those that there are", id)
		case err == nil && r.State != Complete:
			return nil, fmt.Errorf("release %s is %s, and current never leads to such a one", id, r.State)
		}
		return r, err
	}
	all, _, err := s.List(ctx)
	if err != nil {
		return nil, err
	}
	passed := false
	for _, r := range all {
		if passed && r.State == Complete {
			return r, nil
		}
		passed = passed || r.ID == current
	}
	if !passed {
		return nil, errors.New("current leads to no release that s3fc has made: name the release to go back to")
	}
	return nil, fmt.Errorf("there is no complete release before %s", current)
}

// point lets current, which was seen as it was, lead to a release.
func (s *Site) point(ctx context.Context, r *Release, seen *core.Entry) (s3fc.Action, error) {
	act := linkTo(r, seen)
	stored, err := s.tree.Put(ctx, *act.Src, nil, seen)
	if errors.Is(err, core.ErrChanged) {
		return act, s.overtaken(ctx, r, err)
	}
	if err != nil {
		return act, err
	}
	act.Src = &stored
	if now, err := s.tree.Stat(ctx, r.marker.Key); err == nil && now.Token == r.marker.Token {
		return act, nil
	}
	// Another job has begun to delete the release before it saw the link.
	if seen == nil {
		err = s.tree.Delete(ctx, stored)
	} else {
		_, err = s.tree.Put(ctx, *seen, nil, &stored)
	}
	return act, errors.Join(fmt.Errorf("release %s is being deleted by another job; %s leads where it led before", r.ID, s3fc.ReleaseLink), err)
}

// overtaken is the error of a job that is not the first of two.
func (s *Site) overtaken(ctx context.Context, r *Release, err error) error {
	now, statErr := s.current(ctx)
	leads := "is no link any more"
	if statErr == nil && now != nil {
		leads = "leads to " + now.Target.String()
	}
	return fmt.Errorf("%s has changed meanwhile, and %s: it stays so; release %s is complete, and rollback can let %s lead to it: %w", s3fc.ReleaseLink, leads, r.ID, s3fc.ReleaseLink, err)
}

// Prune deletes the oldest complete releases, so that keep are left: never the one that
// current leads to, and none without a marker. It returns those that are gone.
func (s *Site) Prune(ctx context.Context, keep int) (gone []string, err error) {
	all, current, err := s.List(ctx)
	if err != nil {
		return nil, err
	}
	kept := 0
	for _, r := range all {
		switch {
		case r.ID == current, r.State == Complete && kept < keep:
			kept++
		case r.State != Begun:
			removed, err := s.remove(ctx, r)
			if err != nil {
				return gone, fmt.Errorf("release %s is not deleted: %w", r.ID, err)
			}
			if removed {
				gone = append(gone, r.ID)
			}
		}
	}
	return gone, nil
}

// remove deletes a release, unless current leads to it by now.
func (s *Site) remove(ctx context.Context, r *Release) (bool, error) {
	r.State = Going
	if err := s.write(ctx, r); err != nil {
		return false, err
	}
	now, err := s.current(ctx)
	if err != nil {
		return false, err
	}
	if idOf(now) == r.ID {
		r.State = Complete
		return false, s.write(ctx, r)
	}
	dir, err := wrap.Sub(s.tree, r.dir())
	if err != nil {
		return false, err
	}
	o := s3fc.Options{AllowEmptySource: true, Delete: s3fc.DeleteAll, DeleteReleases: true}
	if _, err := s3fc.Copy(ctx, wrap.Empty(s.tree.Features()), dir, o); err != nil {
		return false, err
	}
	if d, ok := core.As[core.DirRemover](s.tree); ok {
		if err := d.RemoveDir(ctx, r.dir()); err != nil {
			return false, err
		}
	}
	return true, s.tree.Delete(ctx, r.marker)
}

// current returns the link to the release that visitors see, or nil.
func (s *Site) current(ctx context.Context) (*core.Entry, error) {
	e, err := s.tree.Stat(ctx, s3fc.ReleaseLink)
	switch {
	case err == nil && e.Kind == core.Link:
		return &e, nil
	case err == nil:
		return nil, fmt.Errorf("%s is there and is no link: releases need that name", s3fc.ReleaseLink)
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	if dir, err := s3fc.IsDirectory(ctx, s.tree, s3fc.ReleaseLink); err != nil || dir {
		return nil, errors.Join(err, fmt.Errorf("%s is a directory: releases need that name for a link", s3fc.ReleaseLink))
	}
	return nil, nil
}

// idOf returns the id of the release that a link leads to, or "".
func idOf(link *core.Entry) string {
	if link == nil {
		return ""
	}
	id, below := strings.CutPrefix(link.Target.Key, s3fc.ReleasesDir+"/")
	if !below || strings.Contains(id, "/") {
		return ""
	}
	return id
}

// linkTo is the action that lets current, which was seen as it was, lead to a release.
func linkTo(r *Release, seen *core.Entry) s3fc.Action {
	link := core.Entry{Key: s3fc.ReleaseLink, Kind: core.Link, Target: core.Target{Key: r.dir(), Dir: core.IsDir}}
	act := s3fc.Action{Op: reconcile.OpPut, Key: s3fc.ReleaseLink, Reason: reconcile.ReasonNew, Src: &link, Dst: seen}
	switch {
	case seen == nil:
	case seen.Target.Same(link.Target) && seen.Target.Dir != core.NotDir:
		act.Op, act.Reason = reconcile.OpKeep, reconcile.ReasonSame
	default:
		act.Reason = reconcile.ReasonTarget
	}
	return act
}
