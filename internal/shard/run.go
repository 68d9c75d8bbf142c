package shard

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/reconcile"
)

// Format is the version of the records that are written and read here.
const Format = 1

// MaxShards is the greatest number of shards: AWS Batch's arrays have no more tasks.
const MaxShards = 10_000

// A Run has the trees, options and cuts that all tasks of one divided copy share.
// It is stored once and never changed.
type Run struct {
	Format  int       `json:"s3fc_run"`
	Program string    `json:"program"` // the version that made the run; another one does not take part
	Created time.Time `json:"created"`

	Source      reconcile.PlanTree `json:"source"`
	Destination reconcile.PlanTree `json:"destination"`
	// Options are the flags of the copy, by name. They hold no secrets.
	Options map[string][]string `json:"options,omitempty"`
	// MaxRequests is the most requests that all tasks together may send.
	MaxRequests int64 `json:"max_requests"`
	// Spent are the requests that the choice of the cuts took.
	Spent Requests `json:"spent"`
	// Cuts divide the keys: shard I has those that follow Cuts[I-1] up to Cuts[I].
	// There is one cut less than there are shards. Equal cuts have an empty shard
	// between them.
	Cuts []string `json:"cuts"`
}

// ID returns the name of the run: the hash of all its fields.
func (r *Run) ID() string {
	b, err := json.Marshal(r)
	if err != nil {
		panic("shard: a run cannot be encoded: " + err.Error()) // strings and numbers only
	}
	return sum(b)
}

// Shards is the number of shards.
func (r *Run) Shards() int { return len(r.Cuts) + 1 }

// Range returns the keys of shard i: those that follow after, up to and with last.
// An empty after is the beginning, and an empty last the end, of all keys.
func (r *Run) Range(i int) (after, last string) {
	if i > 0 {
		after = r.Cuts[i-1]
	}
	if i < len(r.Cuts) {
		last = r.Cuts[i]
	}
	return after, last
}

func (r *Run) check() error {
	switch {
	case r.Format != Format:
		return fmt.Errorf("the run has format %d, and this version knows %d", r.Format, Format)
	case r.Shards() > MaxShards:
		return fmt.Errorf("%d shards: at most %d", r.Shards(), MaxShards)
	case !slices.IsSorted(r.Cuts) || slices.Contains(r.Cuts, ""):
		return errors.New("the cuts are not in order")
	}
	return nil
}

const runKey = "run.json"

// Create stores a new run in the tree dir, which must be empty, and must be of a
// store that refuses to create an entry that exists: that is tried.
func Create(ctx context.Context, dir core.Backend, r *Run) error {
	s := state{dir}
	r.Format = Format
	if err := r.check(); err != nil {
		return err
	}
	for e, err := range dir.List(ctx, "") {
		switch {
		case errors.Is(err, fs.ErrNotExist), err == nil && e.Key == probeKey: // of an attempt that was killed
			continue
		case err != nil:
			return err
		}
		return fmt.Errorf("the tree for the run's state is not empty: it has %s", core.DisplayKey(e.Key))
	}
	if err := s.proveCreate(ctx); err != nil {
		return err
	}
	r.Spent.State = s.spent(0)
	created, err := s.createJSON(ctx, runKey, r)
	if err == nil && !created {
		err = errors.New("somebody else has begun a run there")
	}
	return err
}

// Load reads the run of the tree dir for this program. No run, or one of another
// version, is an error that is [ErrNotNow].
func Load(ctx context.Context, dir core.Tree, program string) (*Run, error) {
	b, ok := dir.(core.Backend)
	if !ok {
		return nil, errors.New("the state's tree cannot be written")
	}
	r := new(Run)
	_, err := state{b}.readJSON(ctx, runKey, r)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, notNow("there is no run: begin with shard plan")
	case err != nil:
		return nil, err
	case r.Program != program:
		return nil, notNow("the run was begun by %s, and this is %s: all tasks need one version", r.Program, program)
	}
	return r, r.check()
}
