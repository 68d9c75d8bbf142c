package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/s3fc/s3fc/backends/embedded"
)

func TestPublish(t *testing.T) {
	t.Setenv(embedded.DirVariable, t.TempDir())
	dir := t.TempDir()
	for name, text := range map[string]string{"index.html": "<p>", "about.html": "<p>", "new.draft.html": "<p>"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var out strings.Builder
	if err := publish(t.Context(), &out, dir, "embedded://demo"); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"put index.html\n", "put about.html\n", "2 files, 0 links, 0 deleted; requests: 2 PUT\n"} {
		if !strings.Contains(out.String(), line) {
			t.Errorf("%q does not have the line %q", out.String(), line)
		}
	}
	if err := os.Remove(filepath.Join(dir, "about.html")); err != nil {
		t.Fatal(err)
	}
	if err := publish(t.Context(), &out, dir, "embedded://demo"); err == nil || !strings.Contains(err.Error(), "1 of 2 entries") {
		t.Errorf("half of the site would be deleted: %v, want that it stops", err)
	}
}
