package watch

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/s3fc/s3fc/internal/testkit/long"
)

// watched is a directory under watch.
type watched struct {
	*testing.T
	*Watcher
	dir     string
	changes chan struct{}
	mu      sync.Mutex
	remarks []string
}

func newWatched(t *testing.T, change func(*Watcher)) *watched {
	t.Helper()
	w := &watched{T: t, dir: t.TempDir(), changes: make(chan struct{}, 100)}
	var err error
	w.Watcher, err = Open(w.dir, func() { w.changes <- struct{}{} }, func(s string) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.remarks = append(w.remarks, s)
	})
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(w.Watcher)
	}
	ended := make(chan struct{})
	go func() {
		w.Watcher.Run(t.Context())
		close(ended)
	}()
	t.Cleanup(func() { <-ended })
	return w
}

func (w *watched) write(name, content string) {
	w.Helper()
	path := filepath.Join(w.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		w.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		w.Fatal(err)
	}
}

// want waits for a change.
func (w *watched) want(what string) {
	w.Helper()
	select {
	case <-w.changes:
	case <-time.After(20 * time.Second):
		w.Fatalf("%s: no change was told", what)
	}
}

func (w *watched) said(part string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return strings.Contains(strings.Join(w.remarks, "\n"), part)
}

func TestChangesAreTold(t *testing.T) {
	w := newWatched(t, nil)
	w.write("a", "1")
	w.want("a new file")
	w.write("a", "2")
	w.want("a changed file")
	w.write("x/y/z", "1")
	w.want("a file in new directories")
	w.write("x/y/z", "2")
	w.want("a changed file there")
	if err := os.Rename(filepath.Join(w.dir, "x"), filepath.Join(w.dir, "moved")); err != nil {
		t.Fatal(err)
	}
	w.want("a directory that was moved")
	w.write("moved/y/z", "3")
	w.want("a changed file in it")
	if err := os.RemoveAll(filepath.Join(w.dir, "moved")); err != nil {
		t.Fatal(err)
	}
	w.want("what was removed")
	if err := os.Symlink("a", filepath.Join(w.dir, "link")); err != nil {
		t.Fatal(err)
	}
	w.want("a new link")
}

// TestAnOverflowIsAFullLook checks that after events were lost, all directories
// are watched, and a change is told.
func TestAnOverflowIsAFullLook(t *testing.T) {
	w := newWatched(t, func(w *Watcher) {
		path := filepath.Join(w.dir, "unseen")
		if err := os.Mkdir(path, 0o750); err != nil {
			t.Fatal(err)
		}
		for range 10 { // lose the events of the directory
			select {
			case <-w.events.Events:
			case <-time.After(100 * time.Millisecond):
			}
		}
		go func() { w.events.Errors <- fsnotify.ErrEventOverflow }()
	})
	w.want("the overflow")
	w.write("unseen/file", "x")
	w.want("a file in a directory that nothing was told of")
}

// TestPolling checks that changes are told where the system does not.
func TestPolling(t *testing.T) {
	long.Only(t)
	w := newWatched(t, func(w *Watcher) {
		for _, path := range w.events.WatchList() {
			if err := w.events.Remove(path); err != nil {
				t.Fatal(err)
			}
		}
		w.poll(errors.New("no space left on device"))
	})
	if !w.said("max_user_watches") {
		t.Errorf("remarks %q; want the remedy", w.remarks)
	}
	w.write("x/y", "1")
	w.want("a new file")
	w.write("x/y", "longer")
	w.want("a changed file")
}

func TestADirectoryThatIsNotThere(t *testing.T) {
	if _, err := Open(filepath.Join(t.TempDir(), "none"), func() {}, func(string) {}); err == nil {
		t.Error("no error")
	}
}
