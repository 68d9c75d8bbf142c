package cmd

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/s3fc/s3fc"
)

// planFlag is a flag for an option that is saved with a plan.
type planFlag struct {
	name   string
	option string // as for s3fc.Options.Set
	usage  string
	guard  bool     // it lifts a guard
	typ    string   // of the value, where it is not one of some words
	words  []string // that it takes; nil for those of the option
}

// planFlags are all flags for options that are saved with a plan: the one list
// by which they are bound. A test compares it with s3fc.OptionNames.
var planFlags = []planFlag{
	{name: "delete", option: "delete", usage: "entries that SRC lacks: delete them at the end, never, or also those that SRC cannot hold"},
	{name: "detect", option: "detect", usage: "how to find unchanged files: by md5, by md5 with a request for each object, or by size and time (misses changes that keep both)"},
	{name: "links", option: "links", usage: "symbolic links of a directory: keep them, follow them, or skip them"},
	{name: "dir-links", option: "dir-links", usage: "a link to a directory, in a bucket: one redirect, also one for each file below, or also one routing rule"},
	{name: "link-body", option: "link-body", usage: "the content of a link's object: a small page that redirects, or none"},
	{name: "exclude", option: "rules", usage: "leave matching entries alone, on both sides (gitignore syntax; may be repeated, later ones win)", typ: "PATTERN"},
	{name: "include", option: "rules", usage: "an exception to --exclude", typ: "PATTERN"},
	{name: "pages", option: "pages", usage: "files that are put after all others, in place of *.html (gitignore syntax; may be repeated)", typ: "PATTERN"},
	{name: "rules", option: "site-rules", usage: "the headers of files by pattern (default: s3fc.toml in SRC; none: no rules)", typ: "FILE"},
	{name: "headers", option: "headers", usage: "headers of objects: put those right that are known, keep those that no rule names on an overwrite, or ask for those of each object"},
	{name: "strict", option: "strict", usage: "exit 1 if an entry cannot be copied", typ: "bool"},
	{name: "max-delete", option: "max-delete", usage: "delete nothing if more would be deleted (default: all of DST, or more than 10 and half of it, renamed files not counted)", guard: true, typ: "N|P%"},
	{name: "allow-empty-source", option: "allow-empty-source", usage: "empty DST if SRC is empty", guard: true, typ: "bool"},
	{name: "delete-releases", option: "delete-releases", usage: "delete entries of releases, too, that $0 release has made", guard: true, typ: "bool"},
}

// bindPlanFlags defines the flags for which want is true.
func bindPlanFlags(cmd *cobra.Command, o *s3fc.Options, want func(planFlag) bool) {
	for _, f := range planFlags {
		if want(f) {
			bindPlanFlag(cmd, o, f)
		}
	}
}

func bindPlanFlag(cmd *cobra.Command, o *s3fc.Options, f planFlag) {
	if f.words == nil {
		f.words = s3fc.OptionValues(f.option)
	}
	cmd.Flags().Var(&optionValue{f, o}, f.name, f.usage)
	if f.typ == "bool" {
		cmd.Flags().Lookup(f.name).NoOptDefVal = "true"
	}
	if f.words != nil {
		completeWords(cmd, f.name, f.words)
	}
}

// optionValue is the value of a planFlag.
type optionValue struct {
	planFlag
	o *s3fc.Options
}

// Set implements pflag.Value.
func (v *optionValue) Set(s string) error {
	switch {
	case s == "":
		return errEmpty
	case v.words != nil && !slices.Contains(v.words, s):
		return fmt.Errorf("expected %s", oneOf(v.words))
	case v.name != "include":
		return v.o.Set(v.option, s)
	case strings.HasPrefix(s, "!"):
		return errors.New(`the pattern begins with "!", and --include is an exception already (write \! for a name that begins so)`)
	}
	return v.o.Set(v.option, "!"+s)
}

// String implements pflag.Value.
func (v *optionValue) String() string {
	if v.o == nil || v.option == "rules" || v.option == "pages" {
		return ""
	}
	return strings.Join(v.o.Get(v.option), "")
}

// Type implements pflag.Value: the help shows it for the value.
func (v *optionValue) Type() string {
	if v.words != nil {
		return strings.Join(v.words, "|")
	}
	return v.typ
}

func completeWords(cmd *cobra.Command, flag string, words []string) {
	_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)) // fails only for a flag that is not there
}
