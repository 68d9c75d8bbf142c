package cmd

import (
	"errors"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// notFromEnvironment are flags that the environment does not set, because they decide
// what a run may delete or write, which has to be meant in each run. Their variables
// are an error: a run without dry-run is not what they ask for.
var notFromEnvironment = []string{"max-delete", "allow-empty-source", "delete-releases", "delete", "max-requests", "dangling", "replace", "keep", "repair-metadata", "dry-run"}

// ignoredNames are flags whose variables belong to other programs, if they are set.
var ignoredNames = []string{"on", "help", "version", "output"}

// envName is the variable that sets a flag: S3FC_JOBS for --jobs.
func envName(flag string) string {
	return "S3FC_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// setFromEnvironment sets the flags of a command that the command line has not, and
// whose variable is set.
func setFromEnvironment(cmd *cobra.Command) (err error) {
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		value, set := os.LookupEnv(envName(f.Name))
		switch {
		case err != nil, f.Changed, !set, value == "", f.Name == "no-cache", slices.Contains(ignoredNames, f.Name):
			return // --no-cache reads its variable itself
		case slices.Contains(notFromEnvironment, f.Name):
			err = usageError(cmd, "%s is not read from the environment: give --%s on the command line, or unset it", envName(f.Name), f.Name)
			return
		}
		if bad := f.Value.Set(value); bad != nil {
			err = usageError(cmd, "%s=%s: %v", envName(f.Name), value, bad)
		}
	})
	return err
}

var errEmpty = errors.New("expected a value, got an empty one")

// checkEmpty returns an error for a flag that was given with an empty value, as an
// unset variable of a script gives it: it would be as if the flag were not there.
func checkEmpty(cmd *cobra.Command) (err error) {
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if err == nil && f.Value.Type() == "string" && f.Value.String() == "" {
			err = usageError(cmd, "--%s: %v", f.Name, errEmpty)
		}
	})
	return err
}
