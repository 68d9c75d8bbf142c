package spool_test

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/s3fc/s3fc/internal/spool"
)

// TestAFileHasNoNameWhileItIsUsed checks that nothing of a killed process would stay,
// and that nothing stays of a closed file.
func TestAFileHasNoNameWhileItIsUsed(t *testing.T) {
	dir := t.TempDir()
	f, err := spool.NewFile(dir, "x-*")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString("content"); err != nil {
		t.Error(err)
	}
	if names, _ := filepath.Glob(filepath.Join(dir, "*")); len(names) != 0 && runtime.GOOS != "windows" {
		t.Errorf("there are %v while it is open", names)
	}
	b := make([]byte, 7)
	if _, err := f.ReadAt(b, 0); err != nil || string(b) != "content" {
		t.Errorf("read %q, %v", b, err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
		t.Errorf("there are %v, %v after Close", entries, err)
	}
}
