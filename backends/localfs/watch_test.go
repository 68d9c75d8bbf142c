package localfs

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestWatch checks that a change is told, also where the tree's directory was named
// by a link.
func TestWatch(t *testing.T) {
	dir := t.TempDir()
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{dir, link} {
		tree, err := New(name, Options{})
		if err != nil {
			t.Fatal(err)
		}
		changes := make(chan struct{}, 100)
		if err := tree.Watch(t.Context(), func() { changes <- struct{}{} }, func(s string) { t.Log(s) }); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "file"), []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
		select {
		case <-changes:
		case <-time.After(20 * time.Second):
			t.Fatalf("%s: no change was told", name)
		}
		if err := tree.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
