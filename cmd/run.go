package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/s3fc/s3fc"
)

// run is one run of a command that compares two trees: it reports, and chooses the
// exit code.
type run struct {
	*app
	*compare
	cmd *cobra.Command
	ctx context.Context
	rep reporter
	bar *progress
}

// newRun checks the flags, and sets the options of the run by them.
func (a *app) newRun(cmd *cobra.Command, c *compare) (*run, error) {
	if err := c.output.check(cmd); err != nil {
		return nil, err
	}
	if err := c.form.check(cmd, &c.output); err != nil {
		return nil, err
	}
	if err := a.openLog(cmd, &c.output); err != nil {
		return nil, err
	}
	r := &run{app: a, compare: c, cmd: cmd, ctx: cmd.Context(), bar: newProgress(a.con, &c.output, a.pace)}
	a.bar.Store(r.bar)
	r.about(cmd.Name(), cmd.Name() == "diff" || cmd.Name() == "plan")
	o := &c.options
	o.Log = newLog(a.con, &c.output, r.bar)
	c.limits.set(o)
	if o.Bandwidth > 0 {
		r.bar.paced()
	}
	c.remembering.set(o)
	o.Keeps = c.verbose
	o.Progress = r.bar.update
	return r, nil
}

// about makes the reporter of a run that is begun by a command.
func (r *run) about(command string, dryRun bool) {
	r.rep = newReporter(r.con, &r.output, startJSON{Program: r.versionText(), Command: command, DryRun: dryRun})
	if text, ok := r.rep.(*textReport); ok && dryRun {
		text.list, text.alone = r.form.list(text), r.form.nameStatus
	}
	o := &r.options
	o.Start, o.Event, o.Notice = r.rep.start, r.rep.action, r.rep.notice
}

// copy makes the destination equal to the source.
func (r *run) copy(src, dst string, then *afterwards) error {
	paths := then.collect(r, dst)
	res, err := s3fc.CopyURL(r.ctx, r.mux, src, dst, r.options)
	out := r.noteBackup(outcome{Result: res}, dst)
	switch {
	case res.Made == dst:
		out.Notes = append(out.Notes, dst+" did not exist; it was made")
	case res.Made != "":
		out.Notes = append(out.Notes, dst+" did not exist; made "+res.Made)
	}
	err = r.finish(out, err)
	return cmp.Or(then.finish(r, paths, &res, err), err)
}

// preview prints the plan of a copy.
func (r *run) preview(src, dst string) error {
	r.about(r.cmd.Name(), true)
	c, err := s3fc.PlanURL(r.ctx, r.mux, src, dst, r.options)
	if err != nil {
		return r.finish(outcome{Result: s3fc.Result{Planned: true}}, err)
	}
	err = r.show(c, true)
	out := outcome{Result: c.Result()}
	if err == nil {
		err = c.Guard()
	}
	if r.options.Backup != "" && out.Files+out.Links+out.Deletes > 0 {
		out.Notes = append(out.Notes, "overwritten and deleted entries would be saved in "+c.Backup())
	}
	return r.finish(out, errors.Join(err, c.Close()))
}

// diff prints the plan of a copy; it is an error if that changes anything.
func (r *run) diff(src, dst string) error {
	res, err := s3fc.DiffURL(r.ctx, r.mux, src, dst, r.options)
	err = r.finish(outcome{Result: res, Diff: true}, err)
	if err == nil && res.Differs() {
		return errReported
	}
	return err
}

// finish prints the summary, and returns the error that says the exit code.
func (r *run) finish(out outcome, err error) error {
	r.bar.ended()
	if isUsage(err) {
		return explained(r.cmd, err)
	}
	var incomplete *s3fc.IncompleteError
	if !errors.As(err, &incomplete) {
		out.Stopped = err
	}
	r.rep.summary(out)
	if err == nil && (out.Errors > 0 || out.Refused > 0 && r.options.Strict) {
		return errReported
	}
	return explained(r.cmd, err)
}

// noteBackup says where entries were saved, and how they come back.
func (r *run) noteBackup(out outcome, dst string) outcome {
	if out.Saved > 0 {
		out.Notes = append(out.Notes, fmt.Sprintf("overwritten and deleted entries are saved in %s; to restore them: %s copy --delete=never %s %s",
			out.Backup, r.name, shellWord(out.Backup), shellWord(dst)))
	}
	return out
}

// shellWord returns s as one word of a shell.
func shellWord(s string) string {
	plain := func(c rune) bool {
		return c == '_' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || strings.ContainsRune("-./:@%+=,", c)
	}
	if s != "" && strings.IndexFunc(s, func(c rune) bool { return !plain(c) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// outcome is the summary of a run.
type outcome struct {
	s3fc.Result
	Plan    bool  // a plan was made, to be carried out later
	Diff    bool  // the trees were compared, and no more
	Stopped error // why the run ended early
}

// summed reports whether the counts of a run say anything: those of a run that was
// stopped before it did anything do not.
func (o *outcome) summed() bool {
	var signal *interrupted
	return o.Stopped == nil || o.Changed() || errors.As(o.Stopped, &signal)
}
