package cmd

import (
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// TestEachSharedFlagHasItsGroup checks that a flag of more than one command stands in
// one group of the help, and that each name of a group is one of a flag.
func TestEachSharedFlagHasItsGroup(t *testing.T) {
	w := newWorld(t)
	grouped := make(map[string]int)
	for _, g := range flagGroups {
		for _, name := range g.names {
			grouped[name]++
		}
	}
	copyFlags := command(t, "copy").Flags()
	copyFlags.VisitAll(func(f *pflag.Flag) {
		if f.Name != "help" && grouped[f.Name] != 1 {
			t.Errorf("copy's --%s is in %d groups of the help, want 1", f.Name, grouped[f.Name])
		}
	})
	out := w.run("copy", "--help").out
	for i, g := range flagGroups {
		at := strings.Index(out, "\n"+g.title+":\n")
		if at < 0 || i > 0 && at < strings.Index(out, "\n"+flagGroups[i-1].title+":\n") {
			t.Errorf("the help of copy has the group %q at %d:\n%s", g.title, at, out)
		}
	}
	for name := range grouped {
		found := slices.ContainsFunc(newRoot(&app{mux: &w.mux, con: newConsole(nil, nil)}).Commands(), func(c *cobra.Command) bool { return c.Flags().Lookup(name) != nil })
		if !found {
			t.Errorf("a group has --%s, and no command has such a flag", name)
		}
	}
}

// TestHelpLosesNoFlag checks that the help of each command has each of its flags, in
// narrow lines, too.
func TestHelpLosesNoFlag(t *testing.T) {
	w := newWorld(t)
	for _, c := range newRoot(&app{mux: &w.mux, con: newConsole(nil, nil)}).Commands() {
		for _, columns := range []int{40, 80, 120} {
			var b strings.Builder
			writeHelp(&b, c, columns)
			c.LocalFlags().VisitAll(func(f *pflag.Flag) {
				if !f.Hidden && strings.Count(b.String(), "--"+f.Name+" ")+strings.Count(b.String(), "--"+f.Name+"\n") == 0 {
					t.Errorf("%s, %d columns: no --%s in\n%s", c.Name(), columns, f.Name, b.String())
				}
			})
		}
	}
}

func TestTopics(t *testing.T) {
	w := newWorld(t)
	help := w.run("--help").out
	for _, topic := range topics {
		if !strings.Contains(help, "  "+topic.name+" ") {
			t.Errorf("the first screen does not name the topic %s:\n%s", topic.name, help)
		}
		got := w.run("help", topic.name)
		if got.code != 0 || len(got.out) < 200 || got.err != "" || strings.Contains(got.out, "$0") {
			t.Errorf("help %s: %+v", topic.name, got)
		}
		a := &app{name: "s3fc", mux: &w.mux, con: newConsole(nil, nil)}
		for _, columns := range []int{40, 80} {
			for line := range strings.SplitSeq(fitted(topic.text(a), columns), "\n") {
				if shownWidth(line) > columns && strings.Contains(strings.TrimSpace(line), " ") {
					t.Errorf("help %s, %d columns: %q", topic.name, columns, line)
				}
			}
		}
	}
	urls, env := w.run("help", "urls").out, w.run("help", "environment").out
	for _, s := range w.mux.Schemes() {
		if !strings.Contains(urls, s.Name+"://") {
			t.Errorf("help urls has no %s", s.Name)
		}
		for _, o := range s.Options {
			if !strings.Contains(urls, o.Name+"=") {
				t.Errorf("help urls has no %s of %s", o.Name, s.Name)
			}
		}
	}
	for _, v := range ownVariables() {
		if !strings.Contains(env, v.Name) {
			t.Errorf("help environment has no %s", v.Name)
		}
	}
	w.run("help", "environmen").want(t, 2, "", `did you mean "environment"?`)
	w.run("help", "envir").want(t, 2, "", `did you mean "environment"?`)
	w.run("websi").want(t, 2, "", `did you mean "website"?`)
	w.run("r").want(t, 2, "", `expected one of`)
	w.run("help", "coppy").want(t, 2, "", `did you mean "copy"?`)
	w.run("copy", "--dryrun", "a", "b").want(t, 2, "", "use --dry-run")
	w.run("copy", "--max-delte", "1", "a", "b").want(t, 2, "", "did you mean --max-delete?")
	w.run("copy", "--name-status", "a", "b").want(t, 2, "", "it is one of diff, plan")
	if completed := w.run("__complete", "help", ""); !strings.Contains(completed.out, "exit-codes\t") || !strings.Contains(completed.out, "copy\t") {
		t.Errorf("help completes to %q", completed.out)
	}
}

// TestParagraphsOfHelpHaveNoIndent checks that a paragraph is filled anew for a narrow
// terminal, and that lists stay as they are.
func TestParagraphsOfHelpHaveNoIndent(t *testing.T) {
	text := "One line of a paragraph,\nand one more.\n\n  --exclude   a list\nbash        a table"
	want := "One line of a\nparagraph, and one\nmore.\n\n  --exclude   a list\nbash        a table"
	if got := fitted(text, 20); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := fitted(text, usualColumns); got != text {
		t.Errorf("%q, want it unchanged", got)
	}
}
