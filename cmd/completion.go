package cmd

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/s3fc/s3fc"
)

const completionHelp = `Print a script that completes $0's commands and flags in your shell.

bash        source <($0 completion bash)
zsh         $0 completion zsh > "${fpath[1]}/_$0"
fish        $0 completion fish > ~/.config/fish/completions/$0.fish
powershell  $0 completion powershell | Out-String | Invoke-Expression`

var shells = []string{"bash", "zsh", "fish", "powershell"}

func newCompletion() *cobra.Command {
	return &cobra.Command{
		Use:                   "completion SHELL",
		Short:                 "print a completion script for bash, zsh, fish or powershell",
		Long:                  completionHelp,
		Example:               "  source <($0 completion bash)",
		DisableFlagsInUseLine: true,
		Args:                  expectArgs("a shell (" + oneOf(shells) + ")"),
		ValidArgsFunction:     cobra.FixedCompletions(shells, cobra.ShellCompDirectiveNoFileComp),
		RunE: func(cmd *cobra.Command, args []string) error {
			root, out := cmd.Root(), cmd.OutOrStdout()
			switch args[0] {
			case "bash":
				return root.GenBashCompletionV2(out, true)
			case "zsh":
				return root.GenZshCompletion(out)
			case "fish":
				return root.GenFishCompletion(out, true)
			case "powershell":
				return root.GenPowerShellCompletionWithDesc(out)
			}
			return usageError(cmd, "unknown shell %q: expected %s", args[0], oneOf(shells))
		},
	}
}

// completionTime is how long the completion of a word may take; a store that gives no
// answer by then is passed over in silence.
const completionTime = 2 * time.Second

// completeTrees completes up to n tree arguments: a scheme whose begin is
// certain, then buckets, directories and parameters, else files, which the shell knows.
func (a *app) completeTrees(n int) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) >= n {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		if scheme, _, isURL := strings.Cut(begun, "://"); isURL {
			if s, known := a.mux.Scheme(scheme); known && s.FromPath == nil {
				return a.completeURL(cmd, begun), cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveNoFileComp
			}
		}
		var out []cobra.Completion
		for _, s := range a.mux.Schemes() {
			if len(begun) >= 2 && strings.HasPrefix(s.Name+"://", begun) {
				out = append(out, cobra.CompletionWithDesc(s.Name+"://", s.About))
			}
		}
		if len(out) == 0 {
			return nil, cobra.ShellCompDirectiveDefault
		}
		return out, cobra.ShellCompDirectiveNoSpace
	}
}

func (a *app) completeURL(cmd *cobra.Command, begun string) []cobra.Completion {
	ctx := cmd.Context()
	if ctx == nil {
		ctx = context.Background()
	}
	ctx, cancel := context.WithTimeout(ctx, completionTime)
	defer cancel()
	return s3fc.CompleteURL(ctx, a.mux, begun)
}
