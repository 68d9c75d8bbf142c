package cmd

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// A flagGroup is a part of the flags in the help of a command.
type flagGroup struct {
	title string
	names []string // in the order of the help
}

// flagGroups are the groups of flags that several commands have. The flags of one
// command alone come before them.
var flagGroups = []flagGroup{
	{"What is copied", []string{"exclude", "include", "detect", "rules", "headers", "pages", "reuse"}},
	{"Links", []string{"links", "dir-links", "link-body"}},
	{"Safety", []string{"dry-run", "delete", "max-delete", "allow-empty-source", "delete-releases", "backup-dir", "strict"}},
	{"Output", []string{"json", "quiet", "verbose", "progress", "name-status", "stat", "log", "changed", "max-changed", "on-change", "on-change-timeout"}},
	{"Speed and cost", []string{"jobs", "bwlimit", "max-requests", "give-up", "no-cache", "prices"}},
}

// minUsageColumns is the width below which pflag breaks no line of the help on flags.
const minUsageColumns = 40

// writeFlags writes the flags of cmd in groups, no line wider than columns where that
// can be.
func writeFlags(b *strings.Builder, cmd *cobra.Command, columns int) {
	flags := cmd.LocalFlags()
	if !flags.HasAvailableFlags() {
		return
	}
	grouped := make([]pflag.FlagSet, len(flagGroups)+1) // the last one has the others
	flags.VisitAll(func(f *pflag.Flag) {
		i := slices.IndexFunc(flagGroups, func(g flagGroup) bool { return slices.Contains(g.names, f.Name) })
		if i < 0 || groupless(cmd) {
			i = len(flagGroups)
		}
		grouped[i].AddFlag(f)
	})
	columns = max(columns, minUsageColumns)
	if others := &grouped[len(flagGroups)]; others.HasAvailableFlags() {
		fmt.Fprintf(b, "\nFlags:\n%s", others.FlagUsagesWrapped(columns))
	}
	for i, g := range flagGroups {
		if set := sorted(&grouped[i], g.names); set.HasAvailableFlags() {
			fmt.Fprintf(b, "\n%s:\n%s", g.title, set.FlagUsagesWrapped(columns))
		}
	}
}

// groupless reports whether cmd has so few flags that groups would only be in the way.
func groupless(cmd *cobra.Command) bool {
	n := 0
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			n++
		}
	})
	return n <= 4
}

// sorted returns the flags of set in the order of names.
func sorted(set *pflag.FlagSet, names []string) *pflag.FlagSet {
	out := new(pflag.FlagSet)
	out.SortFlags = false
	for _, name := range names {
		if f := set.Lookup(name); f != nil {
			out.AddFlag(f)
		}
	}
	return out
}
