package versitygw

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestMustRun(t *testing.T) {
	for _, c := range []struct {
		ci, must string
		want     bool
	}{{"", "", false}, {"true", "", true}, {"false", "", false}, {"", "versitygw", true}, {"", "other, versitygw", true}, {"", "versitygw2", false}} {
		t.Setenv("CI", c.ci)
		t.Setenv("S3FC_MUST_RUN", c.must)
		if got := mustRun(); got != c.want {
			t.Errorf("CI=%q S3FC_MUST_RUN=%q: got %t, want %t", c.ci, c.must, got, c.want)
		}
	}
}

func TestBinaryIsFoundAndNeverBuilt(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "versitygw")
	t.Setenv("S3FC_VERSITYGW", "")
	t.Setenv("PATH", dir)
	if got, err := binary(); !errors.Is(err, exec.ErrNotFound) || !strings.Contains(err.Error(), BuildCommand) {
		t.Errorf("nowhere: got %q, %v, want an error with the command that builds it", got, err)
	}
	if err := os.WriteFile(path, nil, 0o700); err != nil { //nolint:gosec // A program has to be executable.
		t.Fatal(err)
	}
	if got, err := binary(); err != nil || got != path {
		t.Errorf("in $PATH: got %q, %v", got, err)
	}
	t.Setenv("S3FC_VERSITYGW", path+"-2")
	if got, err := binary(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a name of no file: got %q, %v", got, err)
	}
}
