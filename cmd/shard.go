package cmd

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/s3fc/s3fc"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/reconcile"
	"github.com/s3fc/s3fc/internal/shard"
)

const shardHelp = `Divide one copy into independent tasks, for the arrays of Slurm or AWS Batch, for
Kubernetes Indexed Jobs, or for GNU parallel.

The tasks share nothing but STATE, a tree in a store that refuses to create an
entry that exists: a directory or a bucket of S3. The steps, in their order:

  $0 shard plan --shards N -o STATE SRC DST   once
  $0 shard list STATE                         for each shard
  $0 shard check STATE                        once
  $0 shard apply --phase files STATE          for each shard
  $0 shard gate pages STATE                   once, then apply --phase pages
  $0 shard gate links STATE                   once, then apply --phase links
  $0 shard gate deletes STATE                 once, then apply --phase deletes
  $0 shard report STATE                       once

A shard's task finds its index, from 0, in JOB_COMPLETION_INDEX,
AWS_BATCH_JOB_ARRAY_INDEX or SLURM_ARRAY_TASK_ID, or in --index. Any task can be run
again, and two at once do no harm.

Exit code: as for copy, and 75 if the task's turn has not come, or STATE is of
another run: nothing was written, and it can be tried again later.`

// shardRun has the flags and state that the subcommands of shard share.
type shardRun struct {
	compare
	index string
	phase string
}

func newShard(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "shard COMMAND", Short: "divide one copy among many machines", Long: shardHelp,
		DisableFlagsInUseLine: true, Args: knownCommand, RunE: noCommand,
		Example: "  $0 shard plan --shards 16 -o s3://state/run-1 ./site s3://bucket",
	}
	cmd.AddCommand(newShardPlan(a),
		newShardTask(a, "list", "make the plan of one shard", true, (*shardTask).list),
		newShardTask(a, "check", "let the tasks write, if the guards pass on the sum of all plans", false, (*shardTask).check),
		newShardTask(a, "apply", "carry out one phase of one shard", true, (*shardTask).apply),
		newShardTask(a, "gate", "open a phase, if all shards have ended those before", false, (*shardTask).gate),
		newShardTask(a, "report", "end the run, and print its summary", false, (*shardTask).report))
	return cmd
}

func newShardPlan(a *app) *cobra.Command {
	var s shardRun
	var shards int
	var out, cuts string
	cmd := &cobra.Command{
		Use: "plan [flags] SRC DST", Short: "begin a run", DisableFlagsInUseLine: true, Args: expectArgs("SRC", "DST"),
		Long: `Begin a run: choose the cuts between the shards, and write STATE/run.json.

The cuts divide the keys of both trees evenly, which takes a listing. --cuts chooses
them without one, from a path or URL of: the run.json of an earlier run; the
manifest.json of an S3 Inventory, in CSV, of one of the trees; or a file with one
key a line. It only chooses the cuts; the trees are always listed.`,
		Example: "  $0 shard plan --shards 16 -o /shared/run-1 ./site s3://bucket",
		RunE: func(cmd *cobra.Command, args []string) error {
			if shards == 0 || out == "" {
				return usageError(cmd, "expected --shards N and --state TREE")
			}
			if err := (&shard.Tasks{Mux: a.mux, At: out}).CheckState(args...); err != nil {
				return explained(cmd, err)
			}
			t, done, err := a.newShardTask(cmd, &s, out, true)
			if err != nil {
				return err
			}
			defer done()
			var known *shard.Known
			if cuts != "" {
				if known, err = t.tasks.Known(t.ctx, cuts, args[0], args[1]); err != nil {
					return usageError(cmd, "--cuts: %v", err)
				}
			}
			r, err := t.tasks.Begin(t.ctx, args[0], args[1], shards, known)
			if err != nil {
				return explainedShard(cmd, err)
			}
			return t.print(fmt.Sprintf("run %.12s: %d shards of %s → %s", r.ID(), r.Shards(), args[0], args[1]), shardRunJSON{"shard-plan", r.ID(), r})
		},
	}
	cmd.Flags().Var(&number[int]{&shards, 1, shard.MaxShards}, "shards", "how many tasks of a phase")
	cmd.Flags().StringVarP(&out, "state", "o", "", "the `TREE` for the run's state, which must be empty")
	cmd.Flags().StringVar(&cuts, "cuts", "", "choose the cuts by this `FILE`: a run.json, a manifest.json, or a key a line")
	s.bind(cmd, true)
	cmd.Flags().StringVar(&s.options.Backup, "backup-dir", "", "refused: a divided run has no backup")
	_ = cmd.Flags().MarkHidden("backup-dir") // the flag exists
	return cmd
}

// shardTask is one task of a run.
type shardTask struct {
	*run
	s     *shardRun
	tasks shard.Tasks
	at    string // the state's name
	of    *shard.Run
}

func newShardTask(a *app, name, short string, indexed bool, do func(*shardTask) error) *cobra.Command {
	var s shardRun
	use, args, example := name+" [flags] STATE", []string{"STATE"}, name
	switch name {
	case "gate":
		use, args, example = name+" [flags] PHASE STATE", []string{"PHASE", "STATE"}, "gate links"
	case "apply":
		example = "apply --phase files"
	}
	cmd := &cobra.Command{
		Use: use, Short: short, DisableFlagsInUseLine: true, Args: expectArgs(args...),
		Example: "  $0 shard " + example + " /shared/run-1",
		RunE: func(cmd *cobra.Command, args []string) error {
			if name == "gate" {
				s.phase = args[0]
			}
			t, done, err := a.newShardTask(cmd, &s, args[len(args)-1], false)
			if err != nil {
				return err
			}
			defer done()
			return explainedShard(cmd, do(t))
		},
	}
	if indexed {
		cmd.Flags().StringVar(&s.index, "index", "", "the shard, from `I` = 0 (default: by the array's environment)")
	}
	if name == "apply" {
		addEnum(cmd, &s.phase, "phase", "the phase to carry out", phaseNames()...)
	}
	s.limits.bind(cmd)
	s.limits.bandwidth.bind(cmd)
	s.remembering.bind(cmd)
	s.output.bind(cmd)
	s.output.bindProgress(cmd)
	return cmd
}

func phaseNames() (names []string) {
	for _, p := range shard.Phases {
		names = append(names, p.String())
	}
	return names
}

// exitNotNow: the turn of a task has not come; the code is EX_TEMPFAIL of sysexits.h.
const exitNotNow = 75

// explainedShard is explained for the errors of tasks, too.
func explainedShard(cmd *cobra.Command, err error) error {
	switch {
	case errors.Is(err, shard.ErrNotNow):
		return &exitError{exitNotNow, err}
	case errors.Is(err, shard.ErrNoRequests):
		return &exitError{exitGuarded, err}
	}
	return explained(cmd, err)
}

// newShardTask opens the state, and reads the run from it unless it is begun.
func (a *app) newShardTask(cmd *cobra.Command, s *shardRun, at string, begin bool) (t *shardTask, done func(), err error) {
	r, err := a.newRun(cmd, &s.compare)
	if err != nil {
		return nil, nil, err
	}
	env := s.limits.env(r.options.Log)
	env.Create = begin
	u, err := a.mux.Parse(at)
	if err != nil {
		return nil, nil, usageError(cmd, "%v", err)
	}
	state, err := a.mux.Open(r.ctx, u, env)
	if errors.Is(err, fs.ErrNotExist) && !begin {
		err = fmt.Errorf("%w: there is no run: begin with shard plan: %w", shard.ErrNotNow, err)
		return nil, nil, explainedShard(cmd, err)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("the state %s: %w", at, err)
	}
	t = &shardTask{run: r, s: s, at: at, tasks: shard.Tasks{Mux: a.mux, State: state, At: at, Program: a.versionText(), Options: r.options}}
	done = func() {
		r.bar.ended()
		_ = core.Close(state) // each record was stored by its Put
	}
	if !begin {
		if t.of, err = shard.Load(r.ctx, state, a.versionText()); err != nil {
			done()
			return nil, nil, explainedShard(cmd, err)
		}
	}
	return t, done, nil
}

// print prints the outcome of a task: a line, or a value as JSON.
func (t *shardTask) print(line string, v any) error {
	t.bar.ended()
	switch {
	case t.json:
		t.con.print(encode(v))
	case !t.quiet:
		t.con.print(line + "\n")
	}
	return nil
}

func (t *shardTask) index() (int, error) {
	i, err := shard.Index(t.s.index, os.Getenv, t.of.Shards())
	if err != nil {
		return 0, usageError(t.cmd, "%v", err)
	}
	return i, nil
}

func (t *shardTask) list() error {
	i, err := t.index()
	if err != nil {
		return err
	}
	h, err := t.tasks.List(t.ctx, t.of, i)
	if err != nil {
		return err
	}
	return t.print(fmt.Sprintf("shard %d: %s", i, toDo(h.Totals)), shardHeadJSON{"shard-list", h})
}

// toDo returns the actions of a plan in words.
func toDo(n reconcile.Totals) string {
	return fmt.Sprintf("%d files, %d links to put, %d to delete%s", n.Files, n.Links, n.Deletes, withHeaders(n.Headers))
}

// withHeaders returns the number of files that get other headers in words; nothing if
// there are none.
func withHeaders(n int64) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(", %d with other headers", n)
}

func (t *shardTask) check() error {
	guard, err := t.tasks.Guard(t.of)
	if err != nil {
		return err
	}
	v, err := t.tasks.Check(t.ctx, t.of, guard)
	if err != nil {
		return err
	}
	return t.print(fmt.Sprintf("%d plans: %s; about %d requests", len(v.Plans), toDo(v.Totals), v.Need), shardVerdictJSON{"shard-check", v})
}

func (t *shardTask) apply() error {
	phase, err := shard.ParsePhase(t.s.phase)
	if err != nil {
		return usageError(t.cmd, "%v", err)
	}
	i, err := t.index()
	if err != nil {
		return err
	}
	d, err := t.tasks.Apply(t.ctx, t.of, phase, i)
	if err != nil {
		return err
	}
	c := d.Summary
	if err := t.print(fmt.Sprintf("shard %d, %s: %d files, %d links put, %d deleted%s, %d failed", i, phase, c.Files, c.Links, c.Deletes, withHeaders(c.Headers), d.Failed), shardDoneJSON{"shard-apply", i, phase.String(), d}); err != nil {
		return err
	}
	if d.Failed > 0 {
		return errReported
	}
	return nil
}

func (t *shardTask) gate() error {
	phase, err := shard.ParsePhase(t.s.phase)
	if err != nil {
		return usageError(t.cmd, "%v", err)
	}
	if err := t.tasks.Gate(t.ctx, t.of, phase); err != nil {
		return err
	}
	return t.print(fmt.Sprintf("the %s may begin", phase), shardGateJSON{"shard-gate", phase.String()})
}

// report prints the events of all shards as copy prints those of a run, then the sum.
func (t *shardTask) report() error {
	if t.quiet {
		t.tasks.Options.Event = nil
	}
	if t.json {
		t.rep.start(s3fc.Start{Source: s3fc.TreeInfo{Name: t.of.Source.URL, URL: t.of.Source.URL}, Destination: s3fc.TreeInfo{Name: t.of.Destination.URL, URL: t.of.Destination.URL}})
	}
	rep, err := t.tasks.Report(t.ctx, t.of)
	if err != nil {
		return err
	}
	c, p := rep.Summary, rep.Planned
	line := fmt.Sprintf("%d files, %d links, %d deleted%s, %d unchanged, %d refused, %d in conflict", c.Files, c.Links, c.Deletes, withHeaders(c.Headers), p.Kept+c.Kept, p.Refused+c.Refused, p.Conflicts)
	if err := t.print(line, t.summary(rep)); err != nil {
		return err
	}
	for _, note := range rep.Notes {
		t.con.remark(t.name + ": " + note)
	}
	if !t.quiet {
		t.con.remark(fmt.Sprintf("%s: all of %s can be removed now; %s in it lists the entries that no later run can use", t.name, t.at, rep.Removable))
	}
	if p.Conflicts > 0 || p.Refused+c.Refused > 0 && t.strict() {
		return errReported
	}
	return nil
}

// strict reports whether the run counts refused entries as failures.
func (t *shardTask) strict() bool { return slices.Equal(t.of.Options["strict"], []string{"true"}) }

// shardSummary is the last line of report: that of a run, and the requests to the
// state.
type shardSummary struct {
	summaryJSON
	StateRequests map[string]int64 `json:"state_requests,omitempty"`
	Removable     string           `json:"removable"`
}

func (t *shardTask) summary(rep *shard.Report) shardSummary {
	c, p := rep.Summary, rep.Planned
	s := shardSummary{
		summaryJSON: summaryJSON{
			Event: "summary", Files: c.Files, Links: c.Links, Deletes: c.Deletes, Headers: c.Headers, Kept: p.Kept + c.Kept, Refused: p.Refused + c.Refused,
			Conflicts: p.Conflicts, Bytes: c.Bytes, Requests: c.Spent.Trees, Seconds: time.Since(t.of.Created).Seconds(), Notes: rep.Notes,
		},
		StateRequests: c.Spent.State, Removable: rep.Removable,
	}
	if dollars, known := c.Spent.Cost(); known {
		s.Cost = &dollars
	}
	return s
}
