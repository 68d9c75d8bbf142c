package cmd

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestProfilesAreWrittenWhereTheEnvironmentSays(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{envCPUProfile, envMemProfile} {
		t.Setenv(name, filepath.Join(dir, name))
	}
	var stderr bytes.Buffer
	if got := profiled(&stderr, func() int { return 7 }); got != 7 {
		t.Errorf("exit code %d, want the run's own, 7", got)
	}
	for _, name := range []string{envCPUProfile, envMemProfile} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || !bytes.HasPrefix(b, []byte{0x1f, 0x8b}) { // pprof's files are gzip
			t.Errorf("%s: %d bytes, error %v; want a profile", name, len(b), err)
		}
	}
	if stderr.Len() > 0 {
		t.Errorf("said %q, want nothing", &stderr)
	}
}

func TestAProfileThatCannotBeWrittenChangesNothingElse(t *testing.T) {
	t.Setenv(envCPUProfile, filepath.Join(t.TempDir(), "missing", "cpu"))
	t.Setenv(envMemProfile, filepath.Join(t.TempDir(), "missing", "mem"))
	var stderr bytes.Buffer
	if got := profiled(&stderr, func() int { return 3 }); got != 3 {
		t.Errorf("exit code %d, want the run's own, 3", got)
	}
	if n := strings.Count(stderr.String(), "no such file"); n != 2 {
		t.Errorf("said %q, want both files named", &stderr)
	}
}
