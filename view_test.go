package s3fc_test

import (
	"context"
	"errors"
	"testing"

	"github.com/s3fc/s3fc"
	"github.com/s3fc/s3fc/backends/localfs"
	"github.com/s3fc/s3fc/core"
)

func TestView(t *testing.T) {
	contents := map[string]string{"index.html": "x", ".DS_Store": "x", ".s3fcignore": "*.tmp\n", "a.tmp": "x", "drafts/x": "x"}
	dir, err := localfs.New(t.TempDir(), localfs.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for key, text := range contents {
		put(t, dir, key, text)
	}
	view, err := s3fc.View(t.Context(), dir, "dir", []string{"/drafts/"})
	if err != nil {
		t.Fatal(err)
	}
	for key, hidden := range map[string]bool{"index.html": false, ".DS_Store": true, "a.tmp": true, "drafts/x": true} {
		if e, err := view.Stat(t.Context(), key); err != nil || (e.Kind == core.Other) != hidden {
			t.Errorf("%s: %v, %v; want it hidden: %v", key, e.Kind, err, hidden)
		}
	}
	flat := tree(t, contents)
	if view, err := s3fc.View(t.Context(), flat, "flat", nil); err != nil || keys(t, view) != keys(t, flat) && flat.Features().Flat {
		t.Errorf("a store without directories: %s, %v; want all of it", keys(t, view), err)
	}
	var option *s3fc.OptionError
	if _, err := s3fc.View(context.Background(), dir, "dir", []string{"["}); !errors.As(err, &option) {
		t.Errorf("a pattern that is none: %v; want an OptionError", err)
	}
}
