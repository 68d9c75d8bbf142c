// Package docs holds the documentation, and the test that its links lead
// somewhere.
package docs

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var link = regexp.MustCompile(`\]\(([^)#]+)\)`)

func TestLinks(t *testing.T) {
	var pages []string
	for _, pattern := range []string{"../*.md", "*.md", "adr/*.md"} {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: no pages (%v)", pattern, err)
		}
		pages = append(pages, found...)
	}
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), m[1])); err != nil {
				t.Errorf("%s links to %s: %v", page, m[1], err)
			}
		}
	}
}

// Each decision stands in the list, under its own title.
func TestDecisionsAreListed(t *testing.T) {
	index, err := os.ReadFile("adr/README.md")
	if err != nil {
		t.Fatal(err)
	}
	decisions, err := filepath.Glob("adr/[0-9]*.md")
	if err != nil || len(decisions) == 0 {
		t.Fatalf("no decisions (%v)", err)
	}
	for _, d := range decisions {
		text, err := os.ReadFile(d)
		if err != nil {
			t.Fatal(err)
		}
		first, _, _ := strings.Cut(string(text), "\n")
		number, title, _ := strings.Cut(strings.TrimPrefix(first, "# "), ". ")
		want := "- [" + number + "](" + filepath.Base(d) + ") " + title + "\n"
		if !strings.HasPrefix(filepath.Base(d), number+"-") || !strings.Contains(string(index), want) {
			t.Errorf("adr/README.md does not list %s as %q", d, want)
		}
	}
}

var required = regexp.MustCompile(`(?m)^\t([^ \t]+) v[^ ]+$`)

// Each module that go.mod asks for by name has its reason.
func TestDependenciesHaveReasons(t *testing.T) {
	mod, err := os.ReadFile("../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("dependencies.md")
	if err != nil {
		t.Fatal(err)
	}
	modules := required.FindAllStringSubmatch(string(mod), -1)
	if len(modules) == 0 {
		t.Fatal("go.mod asks for no module")
	}
	for _, m := range modules {
		short := "`..." + strings.TrimPrefix(m[1], "github.com/aws/aws-sdk-go-v2") + "`"
		if !strings.Contains(string(page), "`"+m[1]+"`") && !strings.Contains(string(page), short) {
			t.Errorf("dependencies.md has no reason for %s", m[1])
		}
	}
}

// TestTheRecordingIsOfTheReadmesCommands checks that the picture is well-formed, shows
// the README's first command and its output, and has colours for the dark.
func TestTheRecordingIsOfTheReadmesCommands(t *testing.T) {
	text, err := os.ReadFile("run.svg")
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	shown := new(strings.Builder)
	for d := xml.NewDecoder(bytes.NewReader(text)); ; {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if c, ok := tok.(xml.CharData); ok {
			shown.Write(c)
		}
	}
	for _, want := range []string{"s3fc copy examples/site embedded://demo", "note: embedded://demo did not exist; it was made", "21 new (6.8 KiB) in ", "requests: 1 LIST, 1 HEAD, 1 GET, 21 PUT"} {
		if !strings.Contains(shown.String(), want) || !strings.Contains(string(readme), strings.TrimPrefix(want, "s3fc ")) {
			t.Errorf("%q is not in both the recording and the README: go run ./docs/recording > docs/run.svg", want)
		}
	}
	if !strings.Contains(shown.String(), "prefers-color-scheme:dark") || !strings.Contains(string(readme), "](docs/run.svg)") {
		t.Error("the recording has no colours for the dark, or is not in the README")
	}
}
