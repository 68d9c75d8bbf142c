//go:build unix

package cmd

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/s3fc/s3fc/core/wrap"
)

// changedWorld has a program that writes its arguments and its stdin to a file.
type changedWorld struct {
	*world
	dir, log string
}

func newChangedWorld(t *testing.T) *changedWorld {
	w := &changedWorld{world: newWorld(t), dir: t.TempDir()}
	w.log = filepath.Join(w.dir, "log")
	w.program("record", "echo \"args: $*\" >>"+w.log+"; cat >>"+w.log)
	w.program("fails", "cat >/dev/null; exit 7")
	w.program("hangs", "exec sleep 60")
	t.Setenv("PATH", w.dir+":"+os.Getenv("PATH"))
	return w
}

func (w *changedWorld) program(name, script string) {
	w.t.Helper()
	if err := os.WriteFile(filepath.Join(w.dir, name), []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil { //nolint:gosec // It is run.
		w.t.Fatal(err)
	}
}

func (w *changedWorld) run(args ...string) (code int, stdout, stderr string) {
	w.t.Helper()
	var out, errs bytes.Buffer
	code = Program{Mux: &w.mux}.Run(context.Background(), args, strings.NewReader(""), &out, &errs)
	return code, out.String(), errs.String()
}

// logged returns what record was given, and forgets it.
func (w *changedWorld) logged() string {
	w.t.Helper()
	b, err := os.ReadFile(w.log)
	if err != nil {
		return ""
	}
	if err := os.Remove(w.log); err != nil {
		w.t.Fatal(err)
	}
	return string(b)
}

func TestTheCommandOfOnChangeGetsTheChangedPaths(t *testing.T) {
	w := newChangedWorld(t)
	w.tree("src", map[string]string{"docs/index.html": "new", "same": "x", "latest": "→docs"})
	w.tree("dst", map[string]string{"docs/index.html": "old one", "same": "x", "gone": "y"})
	file := filepath.Join(w.dir, "paths")
	copy := []string{"copy", "--changed", file, "--on-change", `record 'a  b' --paths`, "t://src", "t://dst"}
	code, _, stderr := w.run(copy...)
	want := "/docs/\n/docs/index.html\n/gone\n/latest\n"
	if got := w.logged(); code != 0 || got != "args: a  b --paths\n"+want {
		t.Errorf("exit %d, %q, %s", code, got, stderr)
	}
	if b, err := os.ReadFile(file); err != nil || string(b) != want {
		t.Errorf("the file has %q, %v", b, err)
	}
	code, _, _ = w.run(copy...)
	if b, err := os.ReadFile(file); code != 0 || w.logged() != "" || err != nil || len(b) > 0 {
		t.Errorf("nothing changed: exit %d, the file has %q, %v", code, b, err)
	}
}

func TestTheCommandOfOnChangeEndsTheRunWithItsCode(t *testing.T) {
	w := newChangedWorld(t)
	w.tree("src", map[string]string{"a": "x"})
	code, _, stderr := w.run("copy", "--on-change", "fails", "t://src", "t://one")
	if code != 7 || !strings.Contains(stderr, "--on-change: fails: exit code 7; the copy itself went well") {
		t.Errorf("exit %d, %s", code, stderr)
	}
	code, _, stderr = w.run("copy", "--on-change", "hangs", "--on-change-timeout", "50ms", "t://src", "t://two")
	if code != 1 || !strings.Contains(stderr, "did not end within 50ms") {
		t.Errorf("exit %d, %s", code, stderr)
	}
}

// TestAListThatCannotBeWrittenIsShown checks that the paths that changed are not lost.
func TestAListThatCannotBeWrittenIsShown(t *testing.T) {
	if info, err := os.Stat("/dev/full"); err != nil || info.Mode()&os.ModeDevice == 0 {
		t.Skip("NOT RUN: no /dev/full here")
	}
	w := newChangedWorld(t)
	w.tree("src", map[string]string{"a": "x"})
	code, _, stderr := w.run("copy", "--changed", "/dev/full", "t://src", "t://dst")
	if code != 1 || !strings.Contains(stderr, "--changed: ") || !strings.Contains(stderr, "these paths changed:\n/a\n") {
		t.Errorf("exit %d, %s", code, stderr)
	}
}

func TestTheCommandOfOnChangeDoesNotRunAfterAFailure(t *testing.T) {
	w := newChangedWorld(t)
	w.tree("src", map[string]string{"a": "x", "b": "y"})
	fail := wrap.InjectorFunc(func(s wrap.Step) error {
		if s.Kind == wrap.StepPut && s.Key == "b" {
			return fs.ErrPermission
		}
		return nil
	})
	w.trees["dst"] = wrap.Fault(w.tree("dst", nil), fail)
	code, stdout, stderr := w.run("copy", "-q", "--changed", "-", "--on-change", "record", "t://src", "t://dst")
	if code != 1 || w.logged() != "" || stdout != "/a\n" || !strings.Contains(stderr, "was not run") {
		t.Errorf("exit %d, %q, %s", code, stdout, stderr)
	}
}

func TestMistakesInTheFlagsOfChangedPaths(t *testing.T) {
	w := newChangedWorld(t)
	w.tree("src", map[string]string{"a": "x"})
	dst := w.tree("dst", nil)
	wrote := func() bool {
		_, err := dst.Stat(t.Context(), "a")
		return !errors.Is(err, fs.ErrNotExist)
	}
	for want, args := range map[string][]string{
		"expected no --changed":             {"--dry-run", "--changed", "f"},
		"expected --quiet":                  {"--changed", "-"},
		"the quote ' is not closed":         {"--on-change", "a 'b"},
		"expected a command":                {"--on-change", "  "},
		"--max-changed: expected 1 or more": {"--changed", "f", "--max-changed", "0"},
		"--changed: open ":                  {"--changed", filepath.Join(w.dir, "none", "f")},
		"--on-change: exec: ":               {"--on-change", "not-there-at-all"},
	} {
		code, _, stderr := w.run(slices.Concat([]string{"copy"}, args, []string{"t://src", "t://dst"})...)
		if code != 2 || !strings.Contains(stderr, want) || wrote() {
			t.Errorf("%q: exit %d, %s", args, code, stderr)
		}
	}
}

func TestWordsOfACommand(t *testing.T) {
	for in, want := range map[string]string{
		"a b": "a|b", ` a  "b c" 'd "e"' `: `a|b c|d "e"`, `a\ b "c\"d" '\n'`: `a b|c"d|\n`, `"" ''`: "|", `a"b"c`: "abc", `$X *`: "$X|*",
	} {
		got, err := splitWords(in)
		if err != nil || strings.Join(got, "|") != want {
			t.Errorf("%s: %q, %v", in, got, err)
		}
	}
}

// TestTheRecipeForCloudFront runs the command line of docs/deploy.md with an aws that
// records its arguments.
func TestTheRecipeForCloudFront(t *testing.T) {
	page, err := os.ReadFile("../docs/deploy.md")
	if err != nil {
		t.Fatal(err)
	}
	var recipe string
	for line := range strings.Lines(string(page)) {
		if strings.Contains(line, "aws cloudfront create-invalidation") && strings.HasPrefix(line, "    s3fc copy ") {
			recipe = strings.TrimSpace(line)
		}
	}
	words, err := splitWords(recipe)
	if err != nil || len(words) < 4 {
		t.Fatalf("docs/deploy.md has no recipe: %q, %v", recipe, err)
	}
	w := newChangedWorld(t)
	w.program("aws", "echo \"$*\" >>"+w.log)
	w.tree("src", map[string]string{"docs/index.html": "new", "a é'.css": "x"})
	words[len(words)-2], words[len(words)-1] = "t://src", "t://dst"
	code, _, stderr := w.run(words[1:]...)
	if got, want := w.logged(), "cloudfront create-invalidation --distribution-id E1234567890ABC --paths /a%20%C3%A9%27.css /docs/ /docs/index.html\n"; code != 0 || got != want {
		t.Errorf("exit %d: %s\ngot  %swant %s", code, stderr, got, want)
	}
	w.program("aws", "exit 3")
	w.tree("src", map[string]string{"b": "x"})
	if code, _, _ := w.run(words[1:]...); code == 0 {
		t.Error("a failed invalidation is a success")
	}
}
