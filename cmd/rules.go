package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/s3fc/s3fc"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/precompressed"
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
func newRulesCommand(a *app, name, short, args string, n int, do func(*app, *ruledSite, []string) error) *cobra.Command {
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
			site, err := a.readRules(cmd, file, src)
			if err == nil {
				defer core.Close(site.src) //nolint:errcheck // It was only read.
				err = do(a, site, given)
			}
			return explained(cmd, err)
		},
	}
	cmd.Flags().StringVar(&file, "rules", "", "read the rules from this `FILE` instead")
	return cmd
}

// A ruledSite is a tree and its rules.
type ruledSite struct {
	ctx   context.Context //nolint:containedctx // It lives as long as one command.
	src   core.Tree
	rules *siterules.Rules
}

// readRules opens src, which the caller closes, and reads its rules.
func (a *app) readRules(cmd *cobra.Command, file, src string) (*ruledSite, error) {
	t, err := s3fc.OpenSource(cmd.Context(), a.mux, src, core.Env{})
	if err != nil {
		return nil, err
	}
	rules, err := siterules.Read(cmd.Context(), file, t)
	switch {
	case err != nil:
		err = &s3fc.SiteRulesError{Err: err}
	case rules == nil:
		err = errors.New("there is no " + siterules.FileName + " in " + src)
	default:
		return &ruledSite{cmd.Context(), t, rules}, nil
	}
	return nil, errors.Join(err, core.Close(t))
}

func printRules(a *app, s *ruledSite, _ []string) error {
	if s.rules.HasPrecompressed() {
		for e, err := range precompressed.Over(s.src, s.rules.Precompressed, "", nil).List(s.ctx, "") {
			if err == nil && e.Kind == core.Other && errors.Is(e.Problem, core.ErrConflict) {
				err = e.Problem
			}
			if err != nil {
				return err
			}
		}
	}
	a.con.print(plural(int64(s.rules.Len()), "rule") + ", no mistakes\n")
	return nil
}

func explainRules(a *app, s *ruledSite, args []string) error {
	given, err := s.explain(a, args[0])
	if err != nil {
		return err
	}
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
	return nil
}

// explain returns the headers of the file at key, or of the one that it is stored as.
// It says so if a compressed file is stored under another name.
func (s *ruledSite) explain(a *app, key string) ([]siterules.Given, error) {
	file, name := key, key
	if stored, _, ok := precompressed.Name(key, s.rules.Precompressed); ok {
		name = stored
	} else {
		from, err := precompressed.Of(s.ctx, s.src, s.rules.Precompressed, key)
		if err != nil {
			return nil, err
		}
		file = cmp.Or(from, key)
	}
	_, encoding, ok := precompressed.Name(file, s.rules.Precompressed)
	if !ok {
		return s.rules.Explain(key), nil
	}
	a.con.print(core.DisplayKey(file) + " is stored as " + core.DisplayKey(name) + "\n")
	return s.rules.ExplainCompressed(name, file, encoding), nil
}
