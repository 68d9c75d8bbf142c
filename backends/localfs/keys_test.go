package localfs

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/s3fc/s3fc/core/kit"
)

func TestKeysAreThoseOfTheListing(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a/1", "a-b", "a.txt", "a0", "b/c/d", "b/c.txt", kit.TempName("")} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("a", filepath.Join(dir, "l")); err != nil {
		t.Fatal(err)
	}
	tree, err := New(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	var want []string
	for e, err := range tree.List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, e.Key)
	}
	if got := slices.Collect(tree.Keys(t.Context())); !slices.Equal(got, want) {
		t.Errorf("keys %q; the listing has %q", got, want)
	}
	for key := range tree.Keys(t.Context()) {
		if key != want[0] {
			t.Errorf("the first is %q, want %q", key, want[0])
		}
		break
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got := slices.Collect(tree.Keys(ctx)); len(got) != 0 {
		t.Errorf("%d keys after the context ended, want none", len(got))
	}
}

func TestAMissingDirectoryHasNoKeys(t *testing.T) {
	tree, err := New(filepath.Join(t.TempDir(), "missing"), Options{Create: true})
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	if got := slices.Collect(tree.Keys(t.Context())); len(got) != 0 {
		t.Errorf("keys %q, want none", got)
	}
}
