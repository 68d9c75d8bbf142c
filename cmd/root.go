package cmd

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

const rootHelp = `$0 makes one tree of files and links equal to another, in one direction.

A tree is a path, or a URL such as s3://bucket/prefix. Symbolic links become
redirects in a bucket, and symbolic links again on the way back.

copy deletes: entries that the source does not have are deleted from the
destination, after everything else is done. --delete=never keeps them, and
--dry-run shows the plan.`

func newRoot(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   "$0 COMMAND",
		Short: "make one tree of files and links equal to another",
		Long:  rootHelp,
		Example: `  $0 copy ./site s3://bucket       push a directory
  $0 copy s3://bucket ./site       pull it back
  $0 diff ./site s3://bucket       show what a push would do
  $0 copy ./site embedded://demo   try it without an account`,
		SilenceErrors:         true,
		SilenceUsage:          true,
		DisableFlagsInUseLine: true,
		Args:                  knownCommand,
		RunE:                  noCommand,
	}
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error {
		return cmp.Or(checkEmpty(cmd), setFromEnvironment(cmd))
	}
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetHelpCommand(newHelp(a))
	root.SetFlagErrorFunc(flagError)
	root.SetHelpFunc(func(cmd *cobra.Command, _ []string) { writeHelp(cmd.OutOrStdout(), cmd, a.helpColumns()) })
	root.SetUsageFunc(func(cmd *cobra.Command) error {
		writeHelp(cmd.ErrOrStderr(), cmd, usualColumns)
		return nil
	})
	root.Flags().Bool("version", false, "print the version")
	root.AddCommand(newCopy(a), newDiff(a), newCheck(a), newPlan(a), newApply(a), newLs(a), newServe(a), newWebsite(a), newDoctor(a), newLink(a), newRelease(a), newReleases(a), newRollback(a), newShard(a), newRules(a), newBackends(a), newCache(a), newCompletion(), newVersion(a))
	root.InitDefaultHelpCmd()
	return root
}

// nameIn puts the program's name into the texts of a command and of those below
// it, where $0 stands for it.
func (a *app) nameIn(cmd *cobra.Command) {
	for _, text := range []*string{&cmd.Use, &cmd.Short, &cmd.Long, &cmd.Example} {
		*text = strings.ReplaceAll(*text, "$0", a.name)
	}
	cmd.Flags().VisitAll(func(f *pflag.Flag) { f.Usage = strings.ReplaceAll(f.Usage, "$0", a.name) })
	for _, c := range cmd.Commands() {
		a.nameIn(c)
	}
}

func knownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return unknownCommand(cmd, args[0])
}

func noCommand(cmd *cobra.Command, _ []string) error {
	if v, err := cmd.Flags().GetBool("version"); err == nil && v {
		version, _, err := cmd.Find([]string{"version"})
		if err != nil {
			return err
		}
		return version.RunE(version, nil)
	}
	writeHelp(cmd.ErrOrStderr(), cmd, usualColumns)
	return &exitError{code: exitUsage}
}

// writeHelp writes the help of cmd. It stands in for cobra's own, whose
// templates would double the size of the program.
func writeHelp(w io.Writer, cmd *cobra.Command, columns int) {
	var b strings.Builder
	about := cmd.Long
	if about == "" {
		about = strings.ToUpper(cmd.Short[:1]) + cmd.Short[1:] + "."
	}
	fmt.Fprintf(&b, "%s\n\nUsage:\n  %s\n", fitted(about, columns), cmd.UseLine())
	writeCommands(&b, cmd, columns)
	writeFlags(&b, cmd, columns)
	if cmd.HasExample() {
		fmt.Fprintf(&b, "\nExamples:\n%s\n", cmd.Example)
	}
	_, _ = io.WriteString(w, b.String()) // stdout remembers its error
}

func writeCommands(b *strings.Builder, cmd *cobra.Command, columns int) {
	if !cmd.HasAvailableSubCommands() {
		return
	}
	b.WriteString("\nCommands:\n")
	list := slices.Clone(cmd.Commands())
	slices.SortStableFunc(list, func(x, y *cobra.Command) int { return rank(x) - rank(y) })
	for _, c := range list {
		if c.IsAvailableCommand() || c.Name() == "help" {
			writeName(b, c.Name(), c.Short, columns)
		}
	}
	if cmd == cmd.Root() {
		fmt.Fprintf(b, "\nTopics of %s help:\n", cmd.Name())
		for _, t := range topics {
			writeName(b, t.name, t.short, columns)
		}
	}
}

// writeName writes a line of a list of commands or topics.
func writeName(b *strings.Builder, name, short string, columns int) {
	const indent = 15
	lines := strings.Split(wrapped(short, max(columns-indent, indent)), "\n")
	fmt.Fprintf(b, "  %-*s%s\n", indent-2, name, lines[0])
	for _, l := range lines[1:] {
		fmt.Fprintf(b, "%*s%s\n", indent, "", strings.TrimSpace(l))
	}
}

// rank puts the main commands first, and those about the program itself last.
func rank(cmd *cobra.Command) int {
	order := []string{"copy", "diff", "check", "ls", "plan", "apply", "serve", "website", "doctor", "link", "release", "releases", "rollback", "shard", "", "backends", "cache", "completion", "help", "version"}
	if i := slices.Index(order, cmd.Name()); i >= 0 {
		return i
	}
	return slices.Index(order, "")
}
