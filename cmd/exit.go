package cmd

import (
	"errors"
	"fmt"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"github.com/s3fc/s3fc"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/reconcile"
)

// The exit codes. An interrupted run exits with 128 and the signal's number.
const (
	exitDone    = 0
	exitFailed  = 1 // something failed or conflicted, or the trees differ
	exitUsage   = 2
	exitGuarded = 3 // a guard stopped the run before any write
)

// exitError ends the program with a code of its own. Its message, if it has
// one, was not printed yet.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return "failed"
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// errReported ends the program with code 1 when everything has been printed.
var errReported = &exitError{code: exitFailed}

// asExit returns the exit code for any error.
func asExit(err error) *exitError {
	var e *exitError
	if errors.As(err, &e) {
		return e
	}
	return &exitError{exitFailed, err}
}

// explained returns an error of package s3fc with its exit code, and with the
// flags that lift it.
func explained(cmd *cobra.Command, err error) error {
	var (
		option     *s3fc.OptionError
		rules      *s3fc.SiteRulesError
		overlap    *s3fc.OverlapError
		guard      *s3fc.GuardError
		entry      *s3fc.OneEntryError
		incomplete *s3fc.IncompleteError
	)
	switch {
	case err == nil:
		return nil
	case errors.As(err, &incomplete), errors.Is(err, s3fc.ErrDiffers):
		return errReported
	case errors.As(err, &option):
		return usageError(cmd, "%s", optionText(option))
	case errors.As(err, &overlap):
		return usageError(cmd, "%s", overlapText(overlap))
	case errors.As(err, &guard):
		return &exitError{exitGuarded, guarded(err, guard, cmd.Flags().Args())}
	case errors.As(err, &rules), errors.As(err, &entry), errors.Is(err, reconcile.ErrPlanFile):
		return &exitError{exitUsage, err}
	}
	return err
}

// isUsage reports whether err stopped a run before it opened anything.
func isUsage(err error) bool {
	var option *s3fc.OptionError
	var overlap *s3fc.OverlapError
	return errors.As(err, &option) || errors.As(err, &overlap)
}

// argumentNames are the arguments and flags that have other names than their
// options.
var argumentNames = map[string]string{"source": "SRC", "destination": "DST", "tree": "TREE", "backup": "--backup-dir", "rules": "--exclude", "key": "KEY", "target": "TARGET"}

func optionText(e *s3fc.OptionError) string {
	name, ok := argumentNames[e.Option]
	switch {
	case e.Option == "":
		return e.Err.Error()
	case !ok:
		name = "--" + e.Option
	}
	return name + ": " + e.Err.Error()
}

func overlapText(e *s3fc.OverlapError) string {
	shown := *e
	if e.Inside {
		shown.How += " (which can be, with --delete=never)"
	}
	return shown.Error()
}

// worded is an error in other words.
type worded struct {
	text string
	err  error
}

func (w *worded) Error() string { return w.text }
func (w *worded) Unwrap() error { return w.err }

// guarded returns err, which is or wraps e, with the flags that let the run pass. Of
// a run between two trees that would delete too much it names the trees, since they
// may not be those that were meant.
func guarded(err error, e *s3fc.GuardError, trees []string) error {
	if len(trees) != 2 || e.Deletes == 0 || !errors.Is(e, core.ErrTooManyDeletes) {
		return fmt.Errorf("%w%s", err, guardRemedy(e))
	}
	limit := ""
	if text := e.Limit.String(); text != "" {
		limit = " (limit: " + text + ")"
	}
	return &worded{fmt.Sprintf("%v: %s of %s entries of %s are not in %s%s\n"+
		"nothing was written: are both the trees that you mean, in this order? If so, --max-delete %d allows it once, a share such as --max-delete 25%% in CI, and --delete=never keeps them",
		core.ErrTooManyDeletes, humanize.Comma(e.Deletes), humanize.Comma(e.Entries), inert(trees[1]), inert(trees[0]), limit, e.Deletes), err}
}

// guardRemedy names the flags that let a run pass.
func guardRemedy(e *s3fc.GuardError) string {
	switch {
	case errors.Is(e, core.ErrEmptySource):
		return "; allow it with --allow-empty-source, or use --delete=never"
	case errors.Is(e, core.ErrTooManyDeletes):
		return fmt.Sprintf("; allow it with --max-delete %d, or use --delete=never", e.Deletes)
	case errors.Is(e, s3fc.ErrMarkedRelease):
		return "; leave releases alone with --exclude /releases/ --exclude /current, deploy with release instead of copy, or allow it with --delete-releases"
	case errors.Is(e, s3fc.ErrDangling):
		return "; allow it with --dangling"
	case errors.Is(e, s3fc.ErrOccupied):
		return "; --replace replaces a file, and in a bucket allows a link beside a directory"
	case errors.Is(e, core.ErrBudget):
		return "; allow more with --max-requests"
	case errors.Is(e, core.ErrTooManyRoutes):
		return "; use --dir-links=expand or --dir-links=redirect"
	}
	return ""
}
