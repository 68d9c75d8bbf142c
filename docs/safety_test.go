package docs

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var named = regexp.MustCompile("`([a-z0-9]+)[.:]([A-Za-z0-9]+)`")

// Each promise of the table names tests, and each of them exists.
func TestEachPromiseOfSafetyHasItsTests(t *testing.T) {
	text, err := os.ReadFile("safety.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, ok := strings.Cut(string(text), "## Promises and their tests")
	rows := 0
	for line := range strings.Lines(table) {
		cells := strings.Split(line, " | ")
		if len(cells) != 3 || strings.HasPrefix(line, "| promise") {
			continue
		}
		rows++
		tests := named.FindAllStringSubmatch(cells[2], -1)
		if len(tests) == 0 {
			t.Errorf("no test is named: %s", line)
		}
		for _, m := range tests {
			if !exists(t, m[1], m[2]) {
				t.Errorf("there is no %s", m[0])
			}
		}
	}
	if !ok || rows < 30 {
		t.Errorf("the table has %d rows", rows)
	}
}

// Each case of the other table names tests that exist, or says how else it is known.
func TestEachCaseOfSafetyIsKnownBySomething(t *testing.T) {
	text, err := os.ReadFile("safety.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, ok := strings.Cut(string(text), "## Other settings, networks and file systems")
	table, _, _ = strings.Cut(table, "\n## ")
	rows := 0
	for line := range strings.Lines(table) {
		cells := strings.Split(line, " | ")
		if len(cells) != 3 || strings.HasPrefix(line, "| case") {
			continue
		}
		rows++
		tests := named.FindAllStringSubmatch(cells[2], -1)
		if len(tests) == 0 && !strings.HasPrefix(cells[2], "by hand: ") && !strings.HasPrefix(cells[2], "documented: ") {
			t.Errorf("nothing says how this is known: %s", line)
		}
		for _, m := range tests {
			if !exists(t, m[1], m[2]) {
				t.Errorf("there is no %s", m[0])
			}
		}
	}
	if !ok || rows < 15 {
		t.Errorf("the table has %d rows", rows)
	}
}

// exists reports whether there is a test of that name in a package, a script,
// or a case of the conformance suite.
func exists(t *testing.T, where, name string) bool {
	t.Helper()
	switch where {
	case "script":
		_, err := os.Stat("../cmd/s3fc/testdata/script/" + name + ".txtar")
		return err == nil
	case "case":
		return holds(t, "../conformance/*.go", `Name: "`+name+`"`)
	}
	if where == "s3fc" && holds(t, "../*_test.go", "\nfunc "+name+"(t *testing.T)") {
		return true
	}
	for _, pattern := range []string{"../%s", "../*/%s", "../*/*/%s", "../*/*/*/%s"} {
		if holds(t, fmt.Sprintf(pattern, where)+"/*_test.go", "\nfunc "+name+"(t *testing.T)") {
			return true
		}
	}
	return false
}

// holds reports whether one of the files has text in it.
func holds(t *testing.T, pattern, text string) bool {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if b, err := os.ReadFile(f); err != nil {
			t.Fatal(err)
		} else if strings.Contains(string(b), text) {
			return true
		}
	}
	return false
}
