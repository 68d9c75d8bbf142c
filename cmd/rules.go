package cmd

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/s3fc/s3fc"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/siterules"
)

const rulesHelp = `Check or explain the rules of a site: s3fc.toml at the root of SRC, which gives
files their headers by pattern.

  [[rule]]
  match = "*.html"
  cache-control = "max-age=0, must-revalidate"

The keys are match (patterns of .gitignore), content-type, cache-control,
content-encoding, content-disposition, content-language, storage-class,
server-side-encryption, acl, precompressed, and a table [rule.metadata]. For each
header by itself, the last rule that matches counts.

Exit code: 0 done; 1 something failed; 2 usage, or rules with mistakes.`

func newRules(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "rules COMMAND", Short: "check or explain the headers that a site's rules give", Long: rulesHelp,
		Example:               "  $0 rules check ./site\n  $0 rules explain docs/index.html ./site",
		DisableFlagsInUseLine: true, Args: knownCommand, RunE: noCommand,
	}
	cmd.AddCommand(newRulesCommand(a, "check", "find mistakes in the rules", "[SRC]", 0, printRules),
		newRulesCommand(a, "explain", "say which rule gives a file which header", "KEY [SRC]", 1, explainRules))
	return cmd
}

// newRulesCommand is a subcommand that takes n arguments and the source, which is the
// working directory unless told.
func newRulesCommand(a *app, name, short, args string, n int, do func(*app, *siterules.Rules, []string)) *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use: name + " [flags] " + args, Short: short, DisableFlagsInUseLine: true,
		Example: "  $0 rules " + name + strings.Repeat(" docs/index.html", n) + " ./site",
		Args: func(cmd *cobra.Command, given []string) error {
			if len(given) == n || len(given) == n+1 {
				return nil
			}
			return usageError(cmd, "expected %s, got %d arguments", args, len(given))
		},
		RunE: func(cmd *cobra.Command, given []string) error {
			src := "."
			if len(given) > n {
				src = given[n]
			}
			rules, err := a.readRules(cmd, file, src)
			if err != nil {
				return explained(cmd, err)
			}
			do(a, rules, given)
			return nil
		},
	}
	cmd.Flags().StringVar(&file, "rules", "", "read the rules from this `FILE` instead")
	return cmd
}

func (a *app) readRules(cmd *cobra.Command, file, src string) (*siterules.Rules, error) {
	t, err := s3fc.OpenSource(cmd.Context(), a.mux, src, core.Env{})
	if err != nil {
		return nil, err
	}
	defer core.Close(t) //nolint:errcheck // It was only read.
	rules, err := siterules.Read(cmd.Context(), file, t)
	switch {
	case err != nil:
		return nil, &s3fc.SiteRulesError{Err: err}
	case rules == nil:
		return nil, errors.New("there is no " + siterules.FileName + " in " + src)
	}
	return rules, nil
}

func printRules(a *app, rules *siterules.Rules, _ []string) {
	a.con.print(plural(int64(rules.Len()), "rule") + ", no mistakes\n")
}

func explainRules(a *app, rules *siterules.Rules, args []string) {
	given := rules.Explain(args[0])
	if len(given) == 0 {
		a.con.print("no rule matches " + core.DisplayKey(args[0]) + "\n")
	}
	for _, g := range given {
		quoted := make([]string, len(g.Match))
		for i, m := range g.Match {
			quoted[i] = strconv.Quote(m)
		}
		a.con.print(fmt.Sprintf("%s: %s  (line %d: %s)\n", g.Header, g.Value, g.Line, strings.Join(quoted, ", ")))
	}
}
