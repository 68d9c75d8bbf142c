package cmd

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/s3fc/s3fc/internal/near"
)

// usageError returns an error that gives the expected command line.
func usageError(cmd *cobra.Command, format string, args ...any) error {
	msg := fmt.Sprintf(format, args...)
	help := fmt.Sprintf("usage: %s\nrun \"%s --help\" for more", cmd.UseLine(), cmd.CommandPath())
	return &exitError{exitUsage, errors.New(msg + "\n" + help)}
}

// flagError makes a usage error of pflag's error, and suggests a flag of a similar
// name.
func flagError(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return usageError(cmd, "%v", err)
	}
	name := unknown.GetSpecifiedName()
	if answer, ok := foreignFlags[name]; ok {
		return usageError(cmd, "%v: %s", err, answer)
	}
	if meant := near.Name(name, flagNames(cmd)); len(name) > 1 && meant != "" {
		return usageError(cmd, "%v; did you mean --%s?", err, meant)
	}
	if others := commandsWith(cmd, name); len(others) > 0 {
		return usageError(cmd, "%v: it is one of %s", err, strings.Join(others, ", "))
	}
	return usageError(cmd, "%v", err)
}

// commandsWith returns the names of the other commands that have a flag.
func commandsWith(cmd *cobra.Command, flag string) (names []string) {
	for _, c := range cmd.Root().Commands() {
		if c != cmd && len(flag) > 1 && c.Flags().Lookup(flag) != nil {
			names = append(names, c.Name())
		}
	}
	return names
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

// Type implements pflag.Value: the value's name in the help.
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
