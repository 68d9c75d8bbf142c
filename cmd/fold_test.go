package cmd

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/s3fc/s3fc/core/reconcile"
)

// listed returns the output of a list of changes.
func listed(form listForm, verbose bool, acts []reconcile.Action) string {
	var out bytes.Buffer
	t := &textReport{con: newConsole(&out, nil), output: &output{verbose: verbose}, all: true}
	t.list = form.list(t)
	for _, a := range acts {
		t.action(a)
	}
	if t.list != nil {
		t.list.end()
	}
	return out.String()
}

// tree returns changes in the order of their keys: many in a/b, three in a/c, one
// beside them and 25 in the root.
func manyChanges() (acts []reconcile.Action) {
	for i := range 30 {
		acts = append(acts, reconcile.Action{Op: reconcile.OpPut, Key: fmt.Sprintf("a/b/%02d", i), Reason: reconcile.ReasonNew, Src: file("", 100)})
	}
	acts = append(acts,
		reconcile.Action{Op: reconcile.OpDelete, Key: "a/b/x", Reason: reconcile.ReasonExtraneous, Dst: file("", 1)},
		reconcile.Action{Op: reconcile.OpPut, Key: "a/c/1", Reason: reconcile.ReasonMD5, Src: file("", 1), Dst: file("", 1)},
		reconcile.Action{Op: reconcile.OpPut, Key: "a/c/l", Reason: reconcile.ReasonTarget, Src: link("", "x", 0), Dst: link("", "y", 0)},
		reconcile.Action{Op: reconcile.OpPut, Key: "a/z", Reason: reconcile.ReasonNew, Src: link("", "x", 0)})
	for i := range 25 {
		acts = append(acts, reconcile.Action{Op: reconcile.OpDelete, Key: fmt.Sprintf("r%02d", i), Reason: reconcile.ReasonExtraneous, Dst: file("", 1)})
	}
	return acts
}

func TestLargeDirectoriesAreFolded(t *testing.T) {
	var root strings.Builder
	for i := range foldAbove {
		fmt.Fprintf(&root, "D    r%02d\n", i)
	}
	want := "AD   a/b/  (30 new, 1 deleted, 2.9 KiB)\n" +
		"M    a/c/1  (1 B, content differs)\n" +
		"L    a/c/l → x  (was → y)\n" +
		"A    a/z → x\n" +
		root.String() +
		"D    ./…  (the rest: 5 deleted; --verbose lists them)\n"
	if got := listed(listForm{}, false, manyChanges()); got != want {
		t.Errorf("printed:\n%s\nwant:\n%s", got, want)
	}
	if got := listed(listForm{}, true, manyChanges()); strings.Count(got, "\n") != len(manyChanges()) {
		t.Errorf("with --verbose %d lines, want one each of %d", strings.Count(got, "\n"), len(manyChanges()))
	}
}

// TestADirectoryOfManyDirectoriesIsOneLine checks that folding bounds the output where
// no directory alone is large.
func TestADirectoryOfManyDirectoriesIsOneLine(t *testing.T) {
	var acts []reconcile.Action
	for i := range 1000 {
		acts = append(acts, reconcile.Action{Op: reconcile.OpPut, Key: fmt.Sprintf("top/d%04d/f", i), Reason: reconcile.ReasonNew, Src: file("", 1)})
	}
	if got, want := listed(listForm{}, false, acts), "A    top/  (1,000 new, 1000 B)\n"; got != want {
		t.Errorf("printed %q, want %q", got, want)
	}
}

func TestNameStatusAndStat(t *testing.T) {
	got := listed(listForm{nameStatus: true}, false, append(manyChanges()[29:34], reconcile.Action{Op: reconcile.OpKeep, Key: "kept"}))
	if want := "A\ta/b/29\nD\ta/b/x\nM\ta/c/1\nL\ta/c/l\nA\ta/z\n"; got != want {
		t.Errorf("--name-status prints %q, want %q", got, want)
	}
	got = listed(listForm{stat: true}, false, manyChanges())
	if want := "  31 A  1 M  1 L   1 D  2.9 KiB  a/\n                  25 D      0 B  ./\n"; got != want {
		t.Errorf("--stat prints %q, want %q", got, want)
	}
}

func TestNameStatusIsAllThatStdoutGets(t *testing.T) {
	w := newWorld(t)
	w.tree("a", map[string]string{"x": "1", "y": "2", "l": "→x"})
	w.tree("b", map[string]string{"x": "1", "z": "3", "l": "→y"})
	for _, verb := range []string{"diff", "plan"} {
		code := map[string]int{"diff": 1}[verb]
		got := w.run(verb, "--name-status", "--max-delete=9", "t://a", "t://b")
		if verb == "diff" {
			got = w.run(verb, "--name-status", "t://a", "t://b")
		}
		if got.code != code || got.out != "L\tl\nA\ty\nD\tz\n" {
			t.Errorf("%s: exit code %d, stdout %q; want the changes alone", verb, got.code, got.out)
		}
		w.run(verb, "--name-status", "--stat", "t://a", "t://b").want(t, 2, "", "not both")
		w.run(verb, "--json", "--stat", "t://a", "t://b").want(t, 2, "", "--json prints each change")
	}
}
