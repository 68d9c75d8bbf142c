package cmd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/s3fc/s3fc"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/reconcile"
	"github.com/s3fc/s3fc/internal/changed"
)

// afterwards are the flags for the paths that a run has changed.
type afterwards struct {
	file    string // "" for none
	most    int
	command string
	timeout time.Duration

	argv []string
}

// defaultMostChanged is how many paths a CDN such as CloudFront invalidates for
// nothing in a month.
const defaultMostChanged = 1000

func (f *afterwards) bind(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.file, "changed", "", "write the URL paths that changed to this `FILE`, a line each (-: to stdout, with --quiet)")
	flags.IntVar(&f.most, "max-changed", defaultMostChanged, "fold more than `N` changed paths into wildcards such as /docs/*")
	flags.StringVar(&f.command, "on-change", "", "run this `COMMAND`, without a shell, with the changed paths on stdin, if something changed and nothing failed")
	flags.DurationVar(&f.timeout, "on-change-timeout", 5*time.Minute, "end the command of --on-change after this time")
}

func (f *afterwards) check(cmd *cobra.Command, o *output, dryRun bool) (err error) {
	switch {
	case f.file == "" && f.command == "":
		return nil
	case dryRun:
		return usageError(cmd, "a dry run changes nothing: expected no --changed or --on-change with it")
	case f.file == stdio && (!o.quiet || o.json):
		return usageError(cmd, "expected --quiet, and no --json, with --changed -: the paths alone are on stdout")
	case f.most < 1:
		return usageError(cmd, "--max-changed: expected 1 or more")
	}
	if f.argv, err = splitWords(f.command); err != nil {
		return usageError(cmd, "--on-change: %v", err)
	}
	if f.command != "" && len(f.argv) == 0 {
		return usageError(cmd, "--on-change: expected a command")
	}
	return f.checkUsable(cmd)
}

// checkUsable returns an error if the file cannot be written or the command is not
// there: after the run, its changes would be known no more.
func (f *afterwards) checkUsable(cmd *cobra.Command) error {
	if f.file != "" && f.file != stdio {
		file, err := os.OpenFile(f.file, os.O_WRONLY|os.O_CREATE, 0o644) //nolint:gosec // It is no secret.
		if err == nil {
			err = file.Close()
		}
		if err != nil {
			return usageError(cmd, "--changed: %v", err)
		}
	}
	if f.command != "" {
		if _, err := exec.LookPath(f.argv[0]); err != nil {
			return usageError(cmd, "--on-change: %v", err)
		}
	}
	return nil
}

// collect returns the paths that a run to dst changes, as they change, nil if no flag
// asks for them.
func (f *afterwards) collect(r *run, dst string) *changed.Paths {
	if f.file == "" && f.command == "" {
		return nil
	}
	paths, report := changed.New(sitePrefix(r.mux, dst), f.most), r.options.Event
	r.options.Event = func(a reconcile.Action) {
		switch a.Op {
		case reconcile.OpPut, reconcile.OpDelete, reconcile.OpHeaders:
			paths.Add(a.Key)
		}
		report(a)
	}
	return paths
}

// sitePrefix is the prefix of dst in its bucket, as a website of the bucket shows it.
func sitePrefix(mux *core.Mux, dst string) string {
	u, err := mux.Parse(dst)
	if err != nil {
		return ""
	}
	if scheme, ok := mux.Scheme(u.Scheme); !ok || scheme.FromPath != nil {
		return ""
	}
	return u.Path
}

// finish writes the paths, and runs the command if the run went well: err is its error.
func (f *afterwards) finish(r *run, paths *changed.Paths, out *s3fc.Result, err error) error {
	if paths == nil {
		return nil
	}
	list := paths.List()
	text := ""
	if len(list) > 0 {
		text = strings.Join(list, "\n") + "\n"
	}
	if f.file == stdio {
		r.con.print(text)
	} else if f.file != "" {
		if werr := os.WriteFile(f.file, []byte(text), 0o644); werr != nil { //nolint:gosec // It is no secret.
			return fmt.Errorf("--changed: %w; these paths changed:\n%s", werr, strings.TrimSuffix(text, "\n"))
		}
	}
	switch {
	case f.command == "" || len(list) == 0:
		return nil
	case err != nil || out.Errors+out.Conflicts+out.Undeleted > 0:
		r.con.remark("note: something failed, so the command of --on-change was not run")
		return nil
	}
	return f.run(r, text)
}

// run runs the command, and returns its failure with its exit code.
func (f *afterwards) run(r *run, stdin string) error {
	ctx, cancel := context.WithTimeout(r.ctx, f.timeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, f.argv[0], f.argv[1:]...) //nolint:gosec // The user names it.
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), r.con, r.con
	cmd.WaitDelay = 5 * time.Second
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return nil
	case r.ctx.Err() != nil:
		return context.Cause(r.ctx)
	case ctx.Err() != nil:
		return fmt.Errorf("--on-change: %s did not end within %v, and was ended", inert(f.argv[0]), f.timeout)
	case errors.As(err, &exit) && exit.ExitCode() > 0:
		return &exitError{exit.ExitCode(), fmt.Errorf("--on-change: %s: exit code %d; the copy itself went well", inert(f.argv[0]), exit.ExitCode())}
	}
	return fmt.Errorf("--on-change: %w", err)
}

// splitWords returns the words of a command as a shell has them, with quotes and
// backslashes, and with nothing replaced.
func splitWords(s string) (words []string, err error) {
	var word strings.Builder
	quote, inWord := rune(0), false
	runes := []rune(s)
	for i := 0; i < len(runes); i++ {
		c := runes[i]
		switch {
		case quote != 0 && c == quote:
			quote = 0
		case c == '\\' && quote != '\'' && (quote == 0 || i+1 < len(runes) && strings.ContainsRune(`"\`, runes[i+1])):
			if i++; i == len(runes) {
				return nil, errors.New(`nothing follows the last \`)
			}
			inWord = true
			word.WriteRune(runes[i])
		case quote == 0 && (c == '\'' || c == '"'):
			quote, inWord = c, true
		case quote == 0 && strings.ContainsRune(" \t\n", c):
			if inWord {
				words = append(words, word.String())
				word.Reset()
			}
			inWord = false
		default:
			inWord = true
			word.WriteRune(c)
		}
	}
	if quote != 0 {
		return nil, fmt.Errorf("the quote %c is not closed", quote)
	}
	if inWord {
		words = append(words, word.String())
	}
	return words, nil
}
