package cmd

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// brokenWriter fails after some bytes, as a full disk or a closed pipe does.
type brokenWriter struct {
	left int
	err  error
}

func (b *brokenWriter) Write(p []byte) (int, error) {
	if len(p) > b.left {
		n := b.left
		b.left = 0
		return n, b.err
	}
	b.left -= len(p)
	return len(p), nil
}

func TestOutputThatCannotBeWrittenIsAnError(t *testing.T) {
	w := newWorld(t)
	w.tree("a", map[string]string{"x": "1", "y": "2", "z": "3"})
	w.tree("like", map[string]string{"x": "1", "y": "2", "z": "3"})
	for _, args := range [][]string{
		{"ls", "t://a"}, {"ls", "--json", "t://a"}, {"ls", "--links", "t://a", "--json"}, {"copy", "--json", "t://a", "t://b"}, {"plan", "t://a", "t://c"},
		{"plan", "-o", "-", "t://a", "t://c"}, {"check", "t://a", "t://like"}, {"diff", "t://a", "t://c"}, {"copy", "-n", "t://a", "t://c"},
		{"version"}, {"help"}, {"copy", "--help"}, {"backends"}, {"backends", "--json"}, {"completion", "bash"}, {"cache"},
	} {
		if args[0] == "ls" && len(args) == 4 {
			w.tree("a", map[string]string{"x": "1", "l": "→x"})
		}
		for _, tt := range []struct {
			err  error
			code int
			says string
		}{
			{syscall.ENOSPC, 1, "no space left on device"},
			{syscall.EBADF, 1, "bad file descriptor"},
			{syscall.EPIPE, 128 + 13, ""},
		} {
			var errs strings.Builder
			out := &brokenWriter{4, &os.PathError{Op: "write", Path: "/dev/stdout", Err: tt.err}}
			code := Program{Mux: &w.mux}.Run(t.Context(), args, strings.NewReader(""), out, &errs)
			if code != tt.code && !(args[0] == "diff" && code == 1 && tt.code == 1) {
				t.Errorf("%q with %v: exit code %d, want %d; %s", args, tt.err, code, tt.code, errs.String())
			}
			if n := strings.Count(errs.String(), tt.says); tt.says != "" && n != 1 || tt.says == "" && strings.Contains(errs.String(), "pipe") {
				t.Errorf("%q with %v says %q, want it said once, and of a pipe that nobody reads not at all", args, tt.err, errs.String())
			}
		}
	}
}

func TestAPlanReplacesRegularFilesOnly(t *testing.T) {
	w := newWorld(t)
	w.tree("a", map[string]string{"x": "1"})
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	save := func(name string) said { return w.run("plan", "-o", at(name), "t://a", "t://b") }
	if err := errors.Join(os.WriteFile(at("old"), []byte("old"), 0o640), os.Mkdir(at("d"), 0o755), os.WriteFile(at("new.part"), []byte("mine"), 0o644)); err != nil {
		t.Fatal(err)
	}
	isPlan := func(name string) bool {
		b, err := os.ReadFile(at(name))
		return err == nil && strings.HasPrefix(string(b), `{"s3fc_plan":1`)
	}
	save("new").want(t, 0, "", "the plan is in ")
	save("old").want(t, 0, "", "the plan is in ")
	if info, err := os.Stat(at("old")); err != nil || info.Mode().Perm() != 0o640 || !isPlan("old") || !isPlan("new") {
		t.Errorf("old: %v, %v; want a plan with the mode of the file that it replaces", info, err)
	}
	if b, err := os.ReadFile(at("new.part")); err != nil || string(b) != "mine" {
		t.Errorf("a file of somebody else became %q, %v", b, err)
	}
	save("d").want(t, 1, "", "is a directory")
	if err := errors.Join(os.Symlink("old", at("link")), os.Symlink("none", at("dangling"))); err != nil {
		t.Skipf("NOT RUN: no symbolic links here: %v", err)
	}
	save("link").want(t, 0, "", "the plan is in ")
	if to, err := os.Readlink(at("link")); err != nil || to != "old" {
		t.Errorf("the link became %q, %v", to, err)
	}
	save("dangling").want(t, 1, "", "is a link to no file")
	list, err := os.ReadDir(dir)
	if err != nil || len(list) != 6 {
		t.Errorf("%v, %v; want no temporary file left", list, err)
	}
	if info, err := os.Stat(os.DevNull); err == nil && info.Mode()&os.ModeDevice != 0 {
		w.run("plan", "-o", os.DevNull, "t://a", "t://b").want(t, 0, "", "")
		if info, err := os.Stat(os.DevNull); err != nil || info.Mode()&os.ModeDevice == 0 {
			t.Errorf("%s is no device any more: %v, %v", os.DevNull, info, err)
		}
	}
}
