//go:build unix

package cmd

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestAPlanIsWrittenToAPipe checks that a named pipe is written to, and stays.
func TestAPlanIsWrittenToAPipe(t *testing.T) {
	w := newWorld(t)
	w.tree("a", map[string]string{"x": "1"})
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skipf("NOT RUN: no named pipes here: %v", err)
	}
	read := make(chan string, 1)
	go func() {
		f, err := os.Open(pipe)
		if err != nil {
			read <- err.Error()
			return
		}
		defer f.Close()
		text, err := io.ReadAll(f)
		if err != nil {
			read <- err.Error()
			return
		}
		read <- string(text)
	}()
	w.run("plan", "-o", pipe, "t://a", "t://b").want(t, 0, "", "the plan is in ")
	if text := <-read; !strings.HasPrefix(text, `{"s3fc_plan":1`) {
		t.Errorf("the pipe gave %q, want a plan", text)
	}
	if info, err := os.Lstat(pipe); err != nil || info.Mode()&os.ModeNamedPipe == 0 {
		t.Errorf("the pipe became %v, %v", info, err)
	}
}
