//go:build unix

package localfs

import (
	"slices"
	"strings"
	"testing"

	"github.com/s3fc/s3fc/core"
)

// TestHiddenDirectoriesAreNotWalked checks that a directory hidden as a whole is
// not opened, and that everything else is listed, also single hidden entries.
func TestHiddenDirectoriesAreNotWalked(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "a/x", "cache-1/x", "cache/deep/x", "cache/y", "cache0", "z")
	var opened []string
	tr := open(t, dir, Options{Hidden: func(key string) bool { return strings.HasPrefix(key, "cache/") || key == "z" }})
	tr.dirs.hooks.window = func(before, key string) {
		if before == "enter" {
			opened = append(opened, key)
		}
	}
	want := []string{"a/x", "cache-1/x", "cache0", "z"}
	var got []string
	for e, err := range tr.List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, e.Key)
	}
	if !slices.Equal(got, want) {
		t.Errorf("listed %q; want %q", got, want)
	}
	k, _ := core.As[core.KeyLister](tr)
	if keys := slices.Collect(k.Keys(t.Context())); !slices.Equal(keys, want) {
		t.Errorf("keys %q; want %q", keys, want)
	}
	if want := []string{"a", "cache-1", "a", "cache-1"}; !slices.Equal(opened, want) {
		t.Errorf("opened %q; want %q", opened, want)
	}
}
