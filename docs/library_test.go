package docs

import (
	"os"
	"strings"
	"testing"
)

// TestLibraryCodeIsCompiled: each piece of code on the page stands in a file that
// is compiled and tested.
func TestLibraryCodeIsCompiled(t *testing.T) {
	var code strings.Builder
	for _, name := range []string{"../example_test.go", "../examples/embed/main.go", "../cmd/example_test.go"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		code.Write(text)
	}
	page, err := os.ReadFile("library.md")
	if err != nil {
		t.Fatal(err)
	}
	pieces := strings.Split(string(page), "```go\n")[1:]
	if len(pieces) < 4 {
		t.Errorf("%d pieces of code, want at least 4", len(pieces))
	}
	for _, p := range pieces {
		p, _, _ = strings.Cut(p, "```")
		if !strings.Contains(code.String(), p) {
			t.Errorf("no compiled file has this piece:\n%s", p)
		}
	}
}
