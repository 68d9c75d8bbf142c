package cmd

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func newVersion(a *app) *cobra.Command {
	return &cobra.Command{
		Use:                   "version",
		Short:                 "print the version",
		Example:               "  $0 version",
		DisableFlagsInUseLine: true,
		Args:                  expectArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(cmd.OutOrStdout(), a.versionText())
			return err
		},
	}
}

// versionText describes this program: name, version, commit and system.
func (a *app) versionText() string {
	info, _ := debug.ReadBuildInfo()
	return versionText(a.name, info)
}

// versionText describes a program of this name; info may be nil.
func versionText(name string, info *debug.BuildInfo) string {
	version, commit := "(unknown)", ""
	if info != nil {
		version = info.Main.Version
		for _, s := range info.Settings {
			switch {
			case s.Key == "vcs.revision":
				commit = ", commit " + s.Value[:min(12, len(s.Value))]
			case s.Key == "vcs.modified" && s.Value == "true":
				commit += " with changes"
			}
		}
	}
	return fmt.Sprintf("%s %s%s, %s, %s/%s", name, version, commit, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
