package cmd

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// usageError says what was expected on the command line.
func usageError(cmd *cobra.Command, format string, args ...any) error {
	msg := fmt.Sprintf(format, args...)
	help := fmt.Sprintf("usage: %s\nrun \"%s --help\" for more", cmd.UseLine(), cmd.CommandPath())
	return &exitError{exitUsage, errors.New(msg + "\n" + help)}
}

// flagError makes a usage error of pflag's error, and suggests a flag of a similar
// name.
func flagError(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) || len(unknown.GetSpecifiedName()) < 2 {
		return usageError(cmd, "%v", err)
	}
	if near := nearest(unknown.GetSpecifiedName(), flagNames(cmd)); near != "" {
		return usageError(cmd, "%v; did you mean --%s?", err, near)
	}
	return usageError(cmd, "%v", err)
}

func flagNames(cmd *cobra.Command) (names []string) {
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	return names
}

// expectArgs checks that there is one argument for each name.
func expectArgs(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == len(names) {
			return nil
		}
		want := "no arguments"
		if len(names) > 0 {
			want = strings.Join(names, " and ")
		}
		return usageError(cmd, "expected %s, got %s", want, arguments(args))
	}
}

func arguments(args []string) string {
	switch len(args) {
	case 0:
		return "no arguments"
	case 1:
		return fmt.Sprintf("one argument: %q", args)
	}
	return fmt.Sprintf("%d arguments: %q", len(args), args)
}

// nearest returns the one of names that is the fewest edits away from name, or
// empty if none is near.
func nearest(name string, names []string) string {
	best, limit := "", 1+len(name)/3
	for _, n := range names {
		if d := edits(name, n); d <= limit {
			best, limit = n, d-1
		}
	}
	return best
}

// edits is how many bytes must be inserted, removed or replaced to make b of a.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}

// enum is a flag that takes one of some words.
type enum struct {
	value *string
	words []string
}

func (e enum) String() string {
	if e.value == nil {
		return ""
	}
	return *e.value
}

func (e enum) Set(s string) error {
	if !slices.Contains(e.words, s) {
		return fmt.Errorf("expected %s", oneOf(e.words))
	}
	*e.value = s
	return nil
}

// Type implements pflag.Value: what the help shows for the value.
func (e enum) Type() string { return strings.Join(e.words, "|") }

func oneOf(words []string) string {
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// addEnum defines a flag that takes one of words, the first by default, and
// completes them.
func addEnum(cmd *cobra.Command, value *string, name, about string, words ...string) {
	*value = words[0]
	cmd.Flags().Var(enum{value, words}, name, about)
	_ = cmd.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)) // fails only for a flag that is not there
}
