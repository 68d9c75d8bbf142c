package mutants

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden file")

// TestGenerate compares the mutants of a small package, and its rewritten code, with
// a golden file.
func TestGenerate(t *testing.T) {
	p, err := Generate(t.Context(), "./testdata/sample")
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, m := range p.Mutants {
		fmt.Fprintf(&b, "%d %s\n", m.ID, m.Name)
	}
	for name, content := range p.Files {
		fmt.Fprintf(&b, "\n-- %s --\n%s", filepath.Base(name), content)
	}
	golden := filepath.Join("testdata", "sample.golden")
	if *update {
		if err := os.WriteFile(golden, []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got := b.String(); got != string(want) {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

// TestNamesAreTheirs checks that each mutant has a name of its own, by which it is
// listed.
func TestNamesAreTheirs(t *testing.T) {
	for _, target := range targets {
		p, err := Generate(t.Context(), target.path)
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for i, m := range p.Mutants {
			if m.ID != i || seen[m.Name] || strings.Contains(m.Name, "\n") {
				t.Errorf("mutant %d: %d %q", i, m.ID, m.Name)
			}
			seen[m.Name] = true
		}
		if len(seen) < 100 {
			t.Errorf("%s has %d mutants", target.name, len(seen))
		}
	}
}

func TestReadSurvivors(t *testing.T) {
	name := filepath.Join(t.TempDir(), "list")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("# a list\n\n== same: it is slower only\na b: c\n\n== gap: no case asks\nd e: f #2\ng h*\n")
	got, err := ReadSurvivors(name)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]Survivor{
		"a b: c": {Same: true, Reason: "it is slower only"}, "d e: f #2": {Reason: "no case asks"}, "g h: i": {Reason: "no case asks"}, "d e: f": {},
	} {
		if is, ok := got.Find(name); is != want || ok != (want.Reason != "") {
			t.Errorf("%s: got %v, %t", name, is, ok)
		}
	}
	if unused := got.Unused([]Mutant{{Name: "a b: c"}}); len(unused) != 2 {
		t.Errorf("not used: %q", unused)
	}
	for _, bad := range []string{"a b: c\n", "== perhaps: slower\na b: c\n"} {
		write(bad)
		if _, err := ReadSurvivors(name); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}
