package cmd

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/s3fc/s3fc"
	"github.com/s3fc/s3fc/core"
)

func command(t *testing.T, name string) *cobra.Command {
	t.Helper()
	cmd, _, err := newRoot(&app{mux: new(core.Mux), con: newConsole(nil, nil)}).Find([]string{name})
	if err != nil {
		t.Fatal(err)
	}
	return cmd
}

// TestEachOptionOfAPlanHasItsFlag checks the one table to the options that are
// saved: an option without a row could not be set, and a row without an option
// would not be saved.
func TestEachOptionOfAPlanHasItsFlag(t *testing.T) {
	var options []string
	plan, cp := command(t, "plan"), command(t, "copy")
	for _, f := range planFlags {
		options = append(options, f.option)
		if plan.Flags().Lookup(f.name) == nil || cp.Flags().Lookup(f.name) == nil {
			t.Errorf("plan or copy has no flag --%s", f.name)
		}
	}
	slices.Sort(options)
	want := slices.Sorted(slices.Values(s3fc.OptionNames()))
	if got := slices.Compact(options); !slices.Equal(got, want) {
		t.Errorf("the flags set %q, want %q", got, want)
	}
}

// notSaved are the flags of plan that decide nothing in it.
var notSaved = []string{"jobs", "max-requests", "give-up", "prices", "no-cache", "json", "quiet", "verbose", "progress", "log", "output", "help", "name-status", "stat"}

func TestEachFlagOfPlanIsSavedOrDecidesNothing(t *testing.T) {
	rows := func(name string) bool {
		return slices.ContainsFunc(planFlags, func(f planFlag) bool { return f.name == name })
	}
	for _, name := range flagNames(command(t, "plan")) {
		if rows(name) == slices.Contains(notSaved, name) {
			t.Errorf("--%s is in planFlags: %v, in notSaved: %v; want one of the two", name, rows(name), slices.Contains(notSaved, name))
		}
	}
}

// TestNoStoreIsKnownHere reads the source: no import of a backend, and none of
// their names or variables as a string.
func TestNoStoreIsKnownHere(t *testing.T) {
	names, err := filepath.Glob("*.go")
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, text, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			lit, ok := n.(*ast.BasicLit)
			if !ok || lit.Kind != token.STRING {
				return true
			}
			s, err := strconv.Unquote(lit.Value)
			if err != nil {
				t.Fatal(err)
			}
			known := []string{"file://", "s3", "mem", "embedded", "sftp", "gs", "azblob"}
			if slices.Contains(known, s) || strings.HasPrefix(s, "AWS_") || strings.HasPrefix(s, "github.com/s3fc/s3fc/backends") {
				t.Errorf("%s knows a store: %q", name, s)
			}
			return true
		})
	}
}

func TestTheProgramsNameIsThatOfItsCaller(t *testing.T) {
	w := newWorld(t)
	w.tree("a", map[string]string{"x": "1"})
	program := Program{Name: "minesync", Mux: &w.mux}
	for _, args := range [][]string{
		{"--help"}, {"copy", "--help"}, {"plan", "--help"}, {"apply", "--help"}, {"check", "--help"}, {"completion", "--help"}, {"cache", "--help"},
		{"ls", "--help"}, {"backends", "--help"}, {"diff", "--help"}, {"copy"}, {"frobnicate"}, {"copy", "t://a", "t://a"}, {"version"}, {"ls", "t://none"},
		{"plan", "t://a", "t://b", "-o", filepath.Join(t.TempDir(), "p")},
		{"copy", "--backup-dir", t.TempDir(), "t://a", w.directory(map[string]string{"x": "old"})},
	} {
		var out, errs strings.Builder
		program.Run(t.Context(), args, strings.NewReader(""), &out, &errs)
		text := out.String() + errs.String()
		for _, word := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" \n\"'():,", r) }) {
			if word == "s3fc" && !strings.Contains(text, "or s3fc in the user's cache directory") || strings.Contains(word, "$0") {
				t.Errorf("%q says %q: %s", args, word, text)
			}
		}
		if !strings.Contains(text, "minesync") && args[0] != "backends" {
			t.Errorf("%q does not say the program's name: %s", args, text)
		}
	}
}
