package directories

import (
	"os"
	"strings"
	"testing"
)

// TestPageIsThisPackage checks that the page shows the files of this package, cut into
// sections, and no other code: code that is copied from it is compiled and tested.
func TestPageIsThisPackage(t *testing.T) {
	page := read(t, "../../docs/backend-directories.md")
	var shown strings.Builder
	for i, section := range strings.Split(page, "```go\n") {
		code, _, closed := strings.Cut(section, "```\n")
		if i > 0 && closed {
			shown.WriteString(code)
		}
	}
	want := squeeze(read(t, "plaindir.go") + read(t, "plaindir_test.go"))
	if got := squeeze(shown.String()); got != want {
		t.Errorf("docs/backend-directories.md shows other code than plaindir.go and plaindir_test.go.\nshown:\n%s\nwant:\n%s", got, want)
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// squeeze drops blank lines, of which the page has others.
func squeeze(s string) string {
	var out strings.Builder
	for line := range strings.Lines(s) {
		if strings.TrimSpace(line) != "" {
			out.WriteString(line)
		}
	}
	return out.String()
}
