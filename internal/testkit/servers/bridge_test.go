package servers_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/s3fc/s3fc/internal/testkit/servers"
)

// TestBridge follows docs/bridge.md: rclone serve s3 in between, a tree is pushed,
// changed, retargeted and deleted in, and pulled back.
func TestBridge(t *testing.T) {
	chosen, _, err := servers.Chosen()
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(chosen, "rclone") {
		t.Skip("NOT RUN: rclone is not in $" + servers.Variable)
	}
	ctx, cancel := context.WithTimeout(t.Context(), tryTimeout)
	defer cancel()
	l := newLab(t, "rclone").at(t, ctx, "bridge")
	s := l.site()
	s.files()
	s.links()
	s.large("big")
	l.crosses("the first push", s)
	s.write("a.txt", "changed\n")
	s.write("new/dir/file", "new\n")
	s.link("latest", "docs/v1")
	l.crosses("a change", s)
	s.write("latest", "a file in place of a link")
	s.link("big", "a.txt")
	l.crosses("kinds that change", s)
	s.remove("docs")
	s.remove("latest")
	l.crosses("deletes", s)
	if left, err := os.ReadDir(filepath.Join(l.server.Data, l.bucket, "bridge", "docs")); err == nil {
		t.Errorf("the directory docs of rclone's remote still has %v", left)
	}
}

// crosses pushes s, pulls it back, and checks it. A second push has nothing to do.
func (l *lab) crosses(what string, s site) {
	l.t.Helper()
	if err := l.pushed(s); err != nil {
		l.t.Fatalf("%s: %v", what, err)
	}
	again, err := l.does("copy", string(s), l.url())
	if err != nil || again.Files+again.Links+again.Deletes != 0 {
		l.t.Fatalf("%s, pushed again: %d files, %d links, %d deletes, %v", what, again.Files, again.Links, again.Deletes, err)
	}
	if _, err := l.does("check", string(s), l.url()); err != nil {
		l.t.Fatalf("%s: %v", what, err)
	}
}
