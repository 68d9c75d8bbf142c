package cmd

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/s3fc/s3fc"
	"github.com/s3fc/s3fc/core/reconcile"
)

const applyHelp = `Carry out a plan that "$0 plan -o FILE" saved: exactly that, and nothing else.

Each write and delete is done only if both sides are still as planned; a changed
entry is left alone, reported, and makes the exit code 1. An action that is done
already counts as unchanged, so that a plan can be applied again after an
interruption. Nothing is deleted if anything failed or changed. The destination is
listed once more before the first write.

A file that is damaged, cut off, edited, or of another version is refused. SRC
and DST, if given, must be the trees of the plan.

Exit code: 0 done; 1 something failed or had changed; 2 usage, or a file that is
refused; 3 a limit stopped the run before any write; 130 or 143 interrupted.`

func newApply(a *app) *cobra.Command {
	var c compare
	var backupDir string
	var then afterwards
	cmd := &cobra.Command{
		Use:   "apply [flags] FILE [SRC DST]",
		Short: "carry out a saved plan",
		Long:  applyHelp,
		Example: `  $0 plan ./site s3://bucket -o site.plan
  $0 apply site.plan
  $0 apply --json site.plan ./site s3://bucket`,
		DisableFlagsInUseLine: true,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				return nil
			}
			return expectArgs("FILE", "SRC", "DST")(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			src, dst := "", ""
			if len(args) == 3 {
				src, dst = args[1], args[2]
			}
			if err := then.check(cmd, &c.output, false); err != nil {
				return err
			}
			r, err := a.newRun(cmd, &c)
			if err != nil {
				return err
			}
			r.options.Backup = backupDir
			return r.applyFile(args[0], src, dst, &then)
		},
	}
	cmd.Flags().StringVar(&backupDir, "backup-dir", "", "first save overwritten and deleted entries in this `TREE`, below the run's time")
	then.bind(cmd)
	c.limits.bind(cmd)
	c.bandwidth.bind(cmd)
	c.remembering.bind(cmd)
	c.output.bind(cmd)
	c.output.bindProgress(cmd)
	return cmd
}

// applyFile reads a plan and carries it out.
func (r *run) applyFile(file, src, dst string, then *afterwards) error {
	saved, err := readPlanFile(file, r.cmd.InOrStdin())
	if err != nil {
		r.bar.ended()
		return explained(r.cmd, inFile(file, err))
	}
	if dst == "" {
		dst = saved.Header.Destination.URL
	}
	paths := then.collect(r, dst)
	c, err := saved.Open(r.ctx, r.mux, src, dst, r.options)
	if errors.Is(err, reconcile.ErrPlanFile) {
		err = inFile(file, err)
	}
	if err != nil {
		return r.finish(outcome{}, err)
	}
	res, err := s3fc.Apply(r.ctx, c)
	err = r.finish(r.noteBackup(outcome{Result: res}, dst), errors.Join(err, c.Close()))
	return cmp.Or(then.finish(r, paths, &res, err), err)
}

// inFile names the file in an error, once.
func inFile(file string, err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return err
	}
	return fmt.Errorf("%s: %w", file, err)
}

func readPlanFile(file string, stdin io.Reader) (*s3fc.SavedPlan, error) {
	if file == stdio {
		return s3fc.ReadPlan(stdin, "")
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return s3fc.ReadPlan(f, "")
}
