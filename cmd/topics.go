package cmd

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/cache"
	"github.com/s3fc/s3fc/internal/shard"
	"github.com/s3fc/s3fc/internal/state"
)

// A topic is a page of help that is of no command.
type topic struct {
	name, short string
	text        func(a *app) string
}

// topics are the pages of help on more than one command.
var topics = []topic{
	{"urls", "how trees are named, and the parameters of their URLs", (*app).urlsText},
	{"filters", "which entries are left alone", plainText(filtersText)},
	{"exit-codes", "the exit codes of all commands", plainText(exitCodesText)},
	{"environment", "the variables that are read", (*app).environmentText},
	{"json", "the lines of --json", plainText(jsonText)},
}

func plainText(text string) func(*app) string {
	return func(a *app) string { return strings.ReplaceAll(text, "$0", a.name) }
}

const filtersText = `Everything in SRC is copied, names that begin with a dot too, except:

  .DS_Store and ._*      unless included
  --exclude PATTERN      leaves matching entries alone, on both sides
  --include PATTERN      is an exception to --exclude; of all these, the last one that
                         matches decides
  .s3fcignore            a file with a pattern a line, in any directory of a tree of
                         directories: it is for entries below that directory, and the
                         nearest one comes first; --exclude and --include come before it

Patterns are those of .gitignore:

  *.tmp          entries of such a name, in any directory
  /drafts/       the directory drafts at the root, and everything below it
  docs/*.bak     files in docs at the root
  !keep.tmp      an exception, in a file .s3fcignore

An excluded entry is neither copied, nor compared, nor deleted; a copy of it that is at
the destination stays. What lies in an excluded directory cannot be included again.
Rules that are there and cannot be read stop the run before its first write.

  $0 copy --exclude /.git/ --exclude '*.tmp' ./site s3://bucket`

const exitCodesText = `0     done; of copy --dry-run: the plan was printed
1     something failed, or could not be made equal; of diff: the trees differ; of check:
      the contents differ; of --strict: an entry could not be copied
2     the command line is wrong
3     a guard stopped the run before its first write: an empty source, too many deletes
      or requests, a link that would dangle
75    of shard: the task's turn has not come, or its run is another; nothing was written
130   interrupted by Ctrl-C (SIGINT); 143 by SIGTERM, 129 by SIGHUP, 141 by SIGPIPE

Output that cannot be written is 1. Entries that cannot be copied are warnings: --strict
makes them 1.`

const jsonText = `With --json, a command prints one JSON object a line on standard output. The event of a
line says which it is:

  start                 first: the trees, the command, the version of these lines
  put, link, delete     the work, with key, reason, size or target, old_size, old_target
  rmdir                 an empty directory that was removed
  keep                  an unchanged entry, with --verbose
  refuse                an entry that cannot be copied, with the error
  conflict, error       an entry that was left alone, with the error
  same, differ, remark, repair
                        the findings of check
  entry                 an entry of ls
  summary               last: counts, bytes, requests, cost_usd, stopped

Ignore events and fields that you do not know. docs/json.md describes every one, and
docs/schema/events.schema.json is a JSON Schema of them.

  $0 copy --json ./site s3://bucket | jq -r 'select(.event == "put") | .key'`

// urlsText describes the trees that the program can open.
func (a *app) urlsText() string {
	var b strings.Builder
	b.WriteString("A tree is a path, or a URL. The parameters of a URL stand behind a ?, with & between\nthem: quote them, since a shell has its own use for both. A key with %, ? or # must be\npercent-encoded in a URL. A URL holds no password.\n")
	for _, s := range a.mux.Schemes() {
		fmt.Fprintf(&b, "\n%s://  %s\n  %s\n", s.Name, s.About, s.Example)
		for _, o := range s.Options {
			about := o.About
			if len(o.Values) > 1 {
				about += " (" + o.Expected() + ")"
			}
			fmt.Fprintf(&b, "  %s\n      %s\n", o.Name+"=", about)
		}
	}
	return strings.TrimRight(b.String(), "\n")
}

// ownVariables are the variables that commands read, but those of flags.
func ownVariables() []core.Variable {
	vars := []core.Variable{
		{Name: envNoCache, About: "1: neither read nor write the cache, as --no-cache"},
		{Name: cache.DirVariable, About: "the directory of the cache; else s3fc in the user's cache directory"},
		{Name: state.DirVariable, About: "the directory of unfinished uploads; else s3fc in $XDG_STATE_HOME or ~/.local/state"},
		{Name: envCPUProfile, About: "a file for a profile of the run's CPU time"},
		{Name: envMemProfile, About: "a file for a profile of the run's memory"},
		{Name: "NO_COLOR", About: "not empty: print no colours"},
		{Name: "TERM", About: "dumb: print no colours, and no bar"},
	}
	for _, name := range shard.IndexVariables {
		vars = append(vars, core.Variable{Name: name, About: "the index of a shard's task, for shard"})
	}
	return vars
}

func (a *app) environmentText() string {
	var b strings.Builder
	b.WriteString("S3FC_ and the name of a flag stand for the flag: S3FC_JOBS=8 is --jobs 8, S3FC_DIR_LINKS\nis --dir-links, S3FC_JSON=true is --json. The command line comes first. Flags that decide\nwhat a run may write or delete are read from the command line alone, and their\nvariables are an error:\n\n")
	for _, f := range notFromEnvironment {
		fmt.Fprintf(&b, "  --%s\n", f)
	}
	b.WriteString("\nOther variables:\n\n")
	writeVariables(&b, ownVariables())
	for _, s := range a.mux.Schemes() {
		if len(s.Variables) > 0 {
			fmt.Fprintf(&b, "\nOf %s://\n\n", s.Name)
			writeVariables(&b, s.Variables)
		}
	}
	return strings.TrimRight(b.String(), "\n")
}

func writeVariables(b *strings.Builder, vars []core.Variable) {
	for _, v := range vars {
		fmt.Fprintf(b, "  %s\n      %s\n", v.Name, v.About)
	}
}

func newHelp(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "help [COMMAND | TOPIC]",
		Short:   "help on a command or a topic",
		Example: "  $0 help copy\n  $0 help urls",
		ValidArgsFunction: func(cmd *cobra.Command, args []string, _ string) (names []cobra.Completion, _ cobra.ShellCompDirective) {
			if len(args) == 0 {
				for _, c := range cmd.Root().Commands() {
					names = append(names, cobra.CompletionWithDesc(c.Name(), c.Short))
				}
				for _, t := range topics {
					names = append(names, cobra.CompletionWithDesc(t.name, t.short))
				}
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error { return a.help(cmd, args) },
	}
}

// help prints the help on a command or a topic.
func (a *app) help(cmd *cobra.Command, args []string) error {
	if len(args) == 1 {
		if i := slices.IndexFunc(topics, func(t topic) bool { return t.name == args[0] }); i >= 0 {
			a.con.print(fitted(topics[i].text(a), a.helpColumns()) + "\n")
			return nil
		}
	}
	about, _, err := cmd.Root().Find(args)
	if err == nil && (about != cmd.Root() || len(args) == 0) {
		return about.Help()
	}
	var names []string
	for _, t := range topics {
		names = append(names, t.name)
	}
	if meant := meantName(args[0], names); meant != "" {
		return usageError(cmd, "no help on %q; did you mean %q?", args[0], meant)
	}
	return unknownCommand(cmd.Root(), args[0])
}

// usualColumns is the width of help that goes to no terminal.
const usualColumns = 100

// helpColumns is the width of the help's lines.
func (a *app) helpColumns() int {
	if a.con.outTTY {
		return min(a.con.outColumns(), usualColumns)
	}
	return usualColumns
}

// fitted breaks the lines of text that are wider than columns. The lines of a paragraph
// are joined before, but those that are indented.
func fitted(text string, columns int) string {
	var out []string
	for line := range strings.SplitSeq(text, "\n") {
		last := len(out) - 1
		if last >= 0 && joins(out[last]) && joins(line) && columns < usualColumns {
			out[last] += " " + line
			continue
		}
		out = append(out, line)
	}
	for i, line := range out {
		if out[i] = wrapped(line, columns); joins(line) {
			out[i] = strings.ReplaceAll(out[i], "\n"+indent, "\n")
		}
	}
	return strings.Join(out, "\n")
}

// joins reports whether a line is of a paragraph.
func joins(line string) bool {
	return line != "" && line[0] != ' ' && !strings.Contains(line, "   ")
}
