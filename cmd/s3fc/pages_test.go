package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/s3fc/s3fc/cmd"
)

// TestThePageOfTheEnvironmentIsWhole compares docs/environment.md with help environment: each
// variable stands in it, in the same words, and no other.
func TestThePageOfTheEnvironmentIsWhole(t *testing.T) {
	var out, errs bytes.Buffer
	if code := (cmd.Program{Mux: stores()}).Run(t.Context(), []string{"help", "environment"}, strings.NewReader(""), &out, &errs); code != 0 {
		t.Fatal(errs.String())
	}
	page := read(t, "../../docs/environment.md")
	var rows []string
	lines := strings.Split(out.String(), "\n")
	for i, line := range lines {
		switch name := strings.TrimSpace(line); {
		case strings.HasPrefix(name, "--"):
			rows = append(rows, "- `"+name+"`")
		case strings.HasPrefix(line, "      "):
			rows = append(rows, fmt.Sprintf("| `%s` | %s |", strings.TrimSpace(lines[i-1]), name))
		}
	}
	if len(rows) < 20 {
		t.Errorf("help environment has %d rows", len(rows))
	}
	for _, row := range rows {
		if !strings.Contains(page, "\n"+row+"\n") {
			t.Errorf("docs/environment.md lacks %s", row)
		}
	}
	for line := range strings.Lines(page) {
		line = strings.TrimSuffix(line, "\n")
		if (strings.HasPrefix(line, "- `") || strings.HasPrefix(line, "| `")) && !slices.Contains(rows, line) {
			t.Errorf("docs/environment.md has %s, and help environment does not", line)
		}
	}
	variables := regexp.MustCompile(`"((?:S3FC|AWS)_[A-Z0-9_]+)"`)
	for _, m := range variables.FindAllStringSubmatch(source(t), -1) {
		if !strings.Contains(page, "`"+m[1]+"`") && !strings.HasPrefix(m[1], "S3FC_TEST_") && !strings.HasPrefix(m[1], "AWS_CONTAINER_") {
			t.Errorf("the program reads %s, and docs/environment.md lacks it", m[1])
		}
	}
}

// TestThePageOfURLsHasEachScheme compares docs/urls.md with the parameters of each scheme.
func TestThePageOfURLsHasEachScheme(t *testing.T) {
	page := read(t, "../../docs/urls.md")
	for _, s := range stores().Schemes() {
		if !strings.Contains(page, s.Name+"://") {
			t.Errorf("docs/urls.md lacks %s://", s.Name)
		}
		var table strings.Builder
		for _, o := range s.Options {
			about := o.About
			if len(o.Values) > 0 {
				about += ": " + strings.Join(o.Values, ", ")
			}
			fmt.Fprintf(&table, "| `%s` | %s |\n", o.Name, about)
		}
		if !strings.Contains(page, "|---|---|\n"+table.String()) {
			t.Errorf("docs/urls.md lacks this table of %s://, or has more rows:\n%s", s.Name, table.String())
		}
	}
}

var quoted = regexp.MustCompile("(?m)^\\| `([^`]+)` \\|")

// TestTroubleshootingQuotesTheProgram checks that each message of the page stands in the
// program: each part between ellipses.
func TestTroubleshootingQuotesTheProgram(t *testing.T) {
	messages := quoted.FindAllStringSubmatch(read(t, "../../docs/troubleshooting.md"), -1)
	if len(messages) < 25 {
		t.Errorf("%d messages were found", len(messages))
	}
	code := source(t)
	for _, m := range messages {
		checked := 0
		for part := range strings.SplitSeq(m[1], "…") {
			part = strings.TrimSpace(part)
			if len(part) < 4 {
				continue
			}
			checked++
			if !strings.Contains(code, part) {
				t.Errorf("%q: the program does not say %q", m[1], part)
			}
		}
		if checked == 0 {
			t.Errorf("%q has nothing to look for", m[1])
		}
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// source returns the program's source, without tests, and without the comments that are
// lines by themselves.
func source(t *testing.T) string {
	var b strings.Builder
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		skip := []string{"testkit", "conformance", "tools", "examples", ".git", "s3server", "docs"}
		switch {
		case err != nil:
			return err
		case d.IsDir() && slices.Contains(skip, d.Name()):
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		for line := range strings.Lines(read(t, path)) {
			if !strings.HasPrefix(strings.TrimSpace(line), "//") {
				b.WriteString(line)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}
