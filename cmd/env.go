package cmd

import (
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// notFromEnvironment are flags that the environment does not set: those that loosen
// a guard, which has to be meant in each run, and those that make no sense there.
var notFromEnvironment = []string{"max-delete", "allow-empty-source", "delete-releases", "delete", "max-requests", "dangling", "replace", "keep", "repair-metadata", "on", "help", "version", "output", "dry-run"}

// envName is the variable that sets a flag: S3FC_JOBS for --jobs.
func envName(flag string) string {
	return "S3FC_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// setFromEnvironment sets the flags of a command that the command line has not, and
// whose variable is set.
func setFromEnvironment(cmd *cobra.Command) (err error) {
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		value, set := os.LookupEnv(envName(f.Name))
		if err != nil || f.Changed || !set || value == "" || f.Name == "no-cache" || slices.Contains(notFromEnvironment, f.Name) {
			return // --no-cache reads its variable itself
		}
		if bad := f.Value.Set(value); bad != nil {
			err = usageError(cmd, "%s=%s: %v", envName(f.Name), value, bad)
		}
	})
	return err
}
