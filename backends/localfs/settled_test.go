//go:build unix

package localfs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestSettled checks git's rule for racily clean files: both times of a file
// have to be older than any clock ticks.
func TestSettled(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "f")
	if err := os.WriteFile(name, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	tr := open(t, dir, Options{})
	settled := func(now time.Time) bool {
		info, err := tr.dirs.root.dir.lstat("f")
		if err != nil {
			t.Fatal(err)
		}
		return tr.entries.settled(&info, now)
	}
	info, err := tr.dirs.root.dir.lstat("f")
	if err != nil {
		t.Fatal(err)
	}
	written := info.mtime
	for after, want := range map[time.Duration]bool{-time.Hour: false, 0: false, 2 * time.Second: false, 4 * time.Second: true} {
		if got := settled(written.Add(after)); got != want {
			t.Errorf("%s after the write: settled %v, want %v", after, got, want)
		}
	}
	// The modification time was set back: the change time still tells.
	old := written.Add(-time.Hour)
	if err := os.Chtimes(name, old, old); err != nil {
		t.Fatal(err)
	}
	if settled(written.Add(time.Second)) {
		t.Error("a file whose modification time was just set back is settled")
	}
	// The modification time is in the future, as on a disk of another machine.
	future := written.Add(time.Hour)
	if err := os.Chtimes(name, future, future); err != nil {
		t.Fatal(err)
	}
	if settled(written.Add(time.Minute)) {
		t.Error("a file of the future is settled")
	}
}

// TestSettledAsWritten checks that a file just written is settled if it got an
// old modification time, which nobody's write leaves as it is.
func TestSettledAsWritten(t *testing.T) {
	tr, _ := newTree(t)
	for name, c := range map[string]struct {
		mod  time.Time
		want bool
	}{"old": {time.Unix(1e9, 5e8), true}, "new": {time.Now(), false}, "none": {time.Time{}, false}} {
		e := file(name, "content")
		e.ModTime = c.mod
		stored, err := tr.Put(t.Context(), e, strings.NewReader("content"), nil)
		if err != nil {
			t.Fatal(err)
		}
		if stored.Settled != c.want {
			t.Errorf("%s: settled %v, want %v", name, stored.Settled, c.want)
		}
		if st := stat(t, tr, name); st.Settled {
			t.Errorf("%s: Stat says that a file just written is settled", name)
		}
	}
}

// TestWrittenAsWellAsSettled checks that a write to a file that was settled as
// written changes its token, however soon it comes.
func TestWrittenAsWellAsSettled(t *testing.T) {
	tr, dir := newTree(t)
	for range 200 {
		e := file("f", "content")
		e.ModTime = time.Unix(1e9, 5e8)
		stored, err := tr.Put(t.Context(), e, strings.NewReader("content"), nil)
		if err != nil {
			t.Fatal(err)
		}
		f, err := os.OpenFile(filepath.Join(dir, "f"), os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteString("CONTENT"); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		now := stat(t, tr, "f")
		if now.Token == stored.Token {
			t.Fatal("the file was written to, and its token is the same")
		}
		if err := tr.Delete(t.Context(), now); err != nil {
			t.Fatal(err)
		}
	}
}

// TestIdentity checks that a directory has one identity, whatever link leads to
// it.
func TestIdentity(t *testing.T) {
	tr, dir := newTree(t)
	alias := filepath.Join(t.TempDir(), "alias")
	if err := os.Symlink(dir, alias); err != nil {
		t.Fatal(err)
	}
	if got, want := open(t, alias, Options{}).Identity(), tr.Identity(); got != want {
		t.Errorf("identity by a link: %q, want %q", got, want)
	}
	missing := open(t, filepath.Join(dir, "none"), Options{Create: true})
	if got := missing.Identity(); got == tr.Identity() || got == "" {
		t.Errorf("identity of a directory to be made: %q", got)
	}
}
