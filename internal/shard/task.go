package shard

import (
	"bufio"
	"context"
	"crypto/md5" //nolint:gosec // Entries have md5s.
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/s3fc/s3fc"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/reconcile"
	"github.com/s3fc/s3fc/internal/spool"
)

// Tasks carries out the steps of a run. The fields are set before use; a Tasks is
// for one process.
type Tasks struct {
	Mux     *core.Mux
	State   core.Backend // the tree of the run's state
	At      string       // its path or URL, if it has one
	Program string       // the version of this program
	Options s3fc.Options // of this process: memory, jobs, events, temporary files
}

func (t *Tasks) state() state { return state{t.State} }

// Begin makes the run of a copy, divided into shards. The cuts are chosen from
// known keys; nil lists the trees for them. A run that was begun with the same
// trees and options is returned as it is.
func (t *Tasks) Begin(ctx context.Context, src, dst string, shards int, known *Known) (*Run, error) {
	o := t.Options
	if err := refuse(&o); err != nil {
		return nil, err
	}
	if err := t.CheckState(src, dst); err != nil {
		return nil, err
	}
	if shards < 1 || shards > MaxShards {
		return nil, fmt.Errorf("%d shards: expected 1 to %d", shards, MaxShards)
	}
	o.Exact, o.Range = true, &s3fc.KeyRange{After: "\U0010ffff"} // the trees are opened and compared nowhere
	c, err := s3fc.PlanURL(ctx, t.Mux, src, dst, o)
	if err != nil {
		return nil, err
	}
	defer c.Close() //nolint:errcheck // The trees were only read.
	from, to := c.Sides()
	for side, tree := range map[string]core.Tree{"source": from, "destination": to} {
		if tree.Features().Unordered {
			return nil, fmt.Errorf("the %s does not list in the order of keys, so it has no ranges: copy it by one process", side)
		}
	}
	if r, err := t.begun(ctx, c, &o, shards); r != nil || err != nil {
		return r, err
	}
	r := &Run{Program: t.Program, Created: time.Now().UTC().Truncate(time.Second), Options: o.Saved(), MaxRequests: maxRequests(&o)}
	r.Source, r.Destination = c.Trees()
	if r.Cuts, err = t.cuts(ctx, shards, known, from, to); err != nil {
		return nil, err
	}
	r.Spent = toTrees(c.Spent())
	return r, Create(ctx, t.State, r)
}

// begun returns the run that an earlier attempt has begun, nil if there is none. One of
// other trees or options is an error.
func (t *Tasks) begun(ctx context.Context, c *s3fc.Changes, o *s3fc.Options, shards int) (*Run, error) {
	r := new(Run)
	_, err := t.state().readJSON(ctx, runKey, r)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	from, to := c.Trees()
	same := r.Program == t.Program && r.Source == from && r.Destination == to && r.Shards() == shards &&
		r.MaxRequests == maxRequests(o) && maps.EqualFunc(r.Options, o.Saved(), slices.Equal)
	if !same {
		return nil, errors.New("there is another run: the tree for the state must be empty")
	}
	return r, notEnded(ctx, t.state())
}

func (t *Tasks) cuts(ctx context.Context, shards int, known *Known, trees ...core.Tree) ([]string, error) {
	if known != nil {
		return CutsFrom(ctx, shards, known, trees...)
	}
	return Cuts(ctx, shards, trees...)
}

// unlimited is the limit on requests of a run that has none.
const unlimited = 1 << 62

func maxRequests(o *s3fc.Options) int64 {
	switch {
	case o.MaxRequests == 0:
		return s3fc.DefaultMaxRequests
	case o.MaxRequests < 0:
		return unlimited
	}
	return o.MaxRequests
}

// CheckState reports that the state lies in one of the trees, where the run would copy
// or delete it.
func (t *Tasks) CheckState(trees ...string) error {
	if t.At == "" {
		return nil
	}
	state, err := t.Mux.Parse(t.At)
	if err != nil {
		return err
	}
	for _, tree := range trees {
		u, err := t.Mux.Parse(tree)
		if err != nil {
			return &s3fc.OptionError{Err: err}
		}
		_, inside := t.Mux.Within(u, state)
		if _, around := t.Mux.Within(state, u); inside || around {
			return &s3fc.OptionError{Option: "state", Err: fmt.Errorf("it shares entries with %s", tree)}
		}
	}
	return nil
}

// refuse reports an option that needs the whole tree in one process.
func refuse(o *s3fc.Options) error {
	switch {
	case o.DirLinks != "" && o.DirLinks != s3fc.DirLinksRedirect:
		return &s3fc.OptionError{Option: "dir-links", Err: errors.New("links below links to directories need the whole tree, and a shard has a part of it")}
	case o.Backup != "" || o.BackupTree != nil:
		return &s3fc.OptionError{Option: "backup-dir", Err: errors.New("a divided run has no backup: copy by one process, or use a bucket with versions")}
	case o.Reuse != "":
		return &s3fc.OptionError{Option: "reuse", Err: errors.New("a divided run takes nothing over from another tree: copy by one process")}
	}
	return nil
}

// List makes the plan of shard i and stores it with its head. If there is a plan
// already, by an earlier attempt or another at the same time, that one counts.
func (t *Tasks) List(ctx context.Context, r *Run, i int) (*Head, error) {
	s := t.state()
	if err := notEnded(ctx, s); err != nil {
		return nil, err
	}
	h := new(Head)
	switch _, err := s.readJSON(ctx, headKey(i), h); {
	case err == nil:
		return h, h.check(r, i)
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	attempt, spent := -1, Requests{}
	if has, err := s.has(ctx, planKey(i)); err != nil {
		return nil, err
	} else if !has {
		if attempt, spent, err = t.plan(ctx, r, i); err != nil {
			return nil, err
		}
	}
	return t.head(ctx, r, i, attempt, spent)
}

// plan lists the range of shard i and stores its plan, unless there is one by then.
// It returns the number of this attempt and the requests that it sent.
func (t *Tasks) plan(ctx context.Context, r *Run, i int) (attempt int, sent Requests, err error) {
	o, err := t.options(r)
	if err != nil {
		return 0, sent, err
	}
	attempt, o.MaxRequests, err = begin(ctx, t.state(), r, listing, i, func(n int) int64 { return listAllowance(r, n) })
	if err != nil {
		return attempt, sent, err
	}
	after, last := r.Range(i)
	o.Range = &s3fc.KeyRange{After: after, Last: last}
	c, err := s3fc.PlanURL(ctx, t.Mux, r.Source.URL, r.Destination.URL, o)
	if errors.Is(err, core.ErrBudget) {
		err = errors.Join(ErrNoRequests, err)
	}
	if err != nil {
		return attempt, sent, err
	}
	defer c.Close() //nolint:errcheck // The trees were only read.
	if from, to := c.Trees(); from != r.Source || to != r.Destination {
		return attempt, sent, notNow("the trees are at %s and %s, but were at %s and %s when the run began", from.At, to.At, r.Source.At, r.Destination.At)
	}
	from, to := c.Sides()
	if err := checkCuts(ctx, r, i, from, to); err != nil {
		return attempt, sent, err
	}
	err = t.storePlan(ctx, r, i, c)
	return attempt, toTrees(c.Spent()), err
}

// storePlan stores the plan of shard i, unless there is one by then.
func (t *Tasks) storePlan(ctx context.Context, r *Run, i int, c *s3fc.Changes) error {
	f, err := spool.NewFile(t.Options.TempDir, "s3fc-shard-*")
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // A file that stays loses nothing.
	after, last := r.Range(i)
	w := bufio.NewWriter(f)
	if err := c.SaveShard(w, t.Program, reconcile.PlanShard{Run: r.ID(), Index: i, After: after, Last: last}); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return t.state().createFile(ctx, planKey(i), f.File)
}

// createFile is create for the content of a file.
func (s state) createFile(ctx context.Context, key string, f *os.File) error {
	sum := md5.New() //nolint:gosec // Entries have md5s.
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	size, err := io.Copy(sum, f)
	if err != nil {
		return err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	_, err = s.Put(ctx, core.Entry{Key: key, Kind: core.File, Size: size, MD5: core.MD5Of([md5.Size]byte(sum.Sum(nil)))}, f, nil)
	if errors.Is(err, core.ErrChanged) {
		return nil // another attempt was first
	}
	return err
}

// options returns the options of the run for this process.
func (t *Tasks) options(r *Run) (s3fc.Options, error) {
	o := t.Options
	err := o.Restore(r.Options)
	o.Exact = true
	return o, err
}

// readPlan reads the stored plan of shard i, and returns its hash.
func (t *Tasks) readPlan(ctx context.Context, r *Run, i int) (*s3fc.SavedPlan, string, error) {
	body, _, err := t.State.Open(ctx, planKey(i))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, "", notNow("shard %d has no plan yet", i)
	}
	if err != nil {
		return nil, "", err
	}
	if body == nil {
		return nil, "", notFile(planKey(i))
	}
	defer body.Close() //nolint:errcheck // It was read to its end.
	sum := sha256.New()
	p, err := s3fc.ReadPlan(io.TeeReader(body, sum), t.Options.TempDir)
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w", planKey(i), err)
	}
	if _, err := io.Copy(sum, body); err != nil {
		return nil, "", errors.Join(err, p.Close())
	}
	if s := p.Header.Shard; s == nil || s.Run != r.ID() || s.Index != i {
		return nil, "", errors.Join(notNow("%s is of another run", planKey(i)), p.Close())
	}
	return p, hex.EncodeToString(sum.Sum(nil)), nil
}

// Guard returns the guard of the run on the sum of all plans: those of any copy.
func (t *Tasks) Guard(r *Run) (func(reconcile.Totals) error, error) {
	o, err := t.options(r)
	if err != nil {
		return nil, err
	}
	return (&reconcile.Reconciler{Delete: o.Delete, MaxDelete: o.MaxDelete, AllowEmptySource: o.AllowEmptySource}).GuardTotals, nil
}
