package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/s3fc/s3fc/cmd"
	"github.com/s3fc/s3fc/internal/s3server"
	"github.com/s3fc/s3fc/internal/testkit/long"
)

// inSite changes to an empty directory with a site, and lets commands reach server.
func inSite(t *testing.T, server *s3server.Server) {
	t.Helper()
	t.Chdir(t.TempDir())
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": server.URL, "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
	} {
		t.Setenv(name, value)
	}
	err := errors.Join(os.Mkdir("site", 0o755), os.WriteFile("site/index.html", []byte("<p><a href=missing>hello</a>"), 0o644), os.Symlink("index.html", "site/home"),
		os.WriteFile("site/s3fc.toml", []byte("[[rule]]\nmatch = \"*.html\"\ncache-control = \"no-cache\"\n"), 0o644))
	if err != nil {
		t.Fatal(err)
	}
}

// runTo runs a command with stdout, and returns its exit code and stderr.
func runTo(t *testing.T, stdout io.Writer, args ...string) (int, string) {
	t.Helper()
	var stderr bytes.Buffer
	code := cmd.Program{Mux: stores()}.Run(t.Context(), args, strings.NewReader(""), stdout, &stderr)
	return code, stderr.String()
}

// commandsBelow returns all commands below one, as the completion of the shell has
// them.
func commandsBelow(t *testing.T, path ...string) (all [][]string) {
	t.Helper()
	var out bytes.Buffer
	if code, errs := runTo(t, &out, append(append([]string{"__complete"}, path...), "")...); code != 0 {
		t.Fatalf("completion below %q: %s", path, errs)
	}
	for line := range strings.Lines(out.String()) {
		name, about, isCommand := strings.Cut(strings.TrimSpace(line), "\t")
		if !isCommand || about == "" {
			continue
		}
		at := append(slices.Clone(path), name)
		if below := commandsBelow(t, at...); len(below) > 0 {
			all = append(all, below...)
		} else {
			all = append(all, at)
		}
	}
	return all
}

// fullDisk takes nothing.
type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) {
	return 0, &os.PathError{Op: "write", Path: "/dev/stdout", Err: syscall.ENOSPC}
}

// printing has a command line of each command that prints something to stdout, by the
// command. Each is run in turn, so that a later one finds the trees of those before.
var printing = []struct {
	command string
	args    []string
}{
	{"copy", []string{"site", "s3://test/site"}},
	{"diff", []string{"site", "s3://test"}},
	{"check", []string{"site", "s3://test"}},
	{"plan", []string{"site", "s3://test/new"}},
	{"apply", []string{"../site.plan"}},
	{"ls", []string{"site"}},
	{"link", []string{"s3://test/site", "other", "index.html"}},
	{"release", []string{"--id", "1", "site", "s3://test/live"}},
	{"releases", []string{"s3://test/live"}},
	{"rollback", []string{"-n", "s3://test/live", "1"}},
	{"serve", []string{"--check", "site"}},
	{"website", []string{"s3://test"}},
	{"doctor", []string{"s3://test"}},
	{"shard plan", []string{"--shards", "1", "-o", "state", "site", "s3://test/shards"}},
	{"shard list", []string{"--index", "0", "state"}},
	{"shard check", []string{"state"}},
	{"shard apply", []string{"--index", "0", "--phase", "files", "state"}},
	{"shard gate", []string{"pages", "state"}},
	{"shard apply", []string{"--index", "0", "--phase", "pages", "state"}},
	{"shard gate", []string{"links", "state"}},
	{"shard apply", []string{"--index", "0", "--phase", "links", "state"}},
	{"shard gate", []string{"deletes", "state"}},
	{"shard apply", []string{"--index", "0", "--phase", "deletes", "state"}},
	{"shard report", []string{"state"}},
	{"rules check", []string{"site"}},
	{"rules explain", []string{"index.html", "site"}},
	{"backends", nil},
	{"cache", nil},
	{"completion", []string{"bash"}},
	{"help", nil},
	{"version", nil},
}

// TestEveryCommandSaysThatItsOutputIsLost runs each command with a full disk as its
// standard output.
func TestEveryCommandSaysThatItsOutputIsLost(t *testing.T) {
	server := s3server.New(t)
	inSite(t, server)
	if code, errs := runTo(t, io.Discard, "plan", "-o", "../site.plan", "site", "s3://test/planned"); code != 0 {
		t.Fatal(errs)
	}
	var covered []string
	for _, p := range printing {
		covered = append(covered, p.command)
		code, errs := runTo(t, fullDisk{}, append(strings.Fields(p.command), p.args...)...)
		if code != 1 || strings.Count(errs, "no space left on device") != 1 {
			t.Errorf("%s %q: exit code %d, stderr %q; want 1, and that there is no space", p.command, p.args, code, errs)
		}
	}
	for _, path := range commandsBelow(t) {
		if name := strings.Join(path, " "); !slices.Contains(covered, name) && path[0] != "help" {
			t.Errorf("%s is not tried; add a command line to printing", name)
		}
	}
}

// TestTheLogHasTriesAndWaits checks that the file of --log has lines of JSON which name each
// wait, and that are added to those of earlier runs.
func TestTheLogHasTriesAndWaits(t *testing.T) {
	long.Only(t)
	server := s3server.New(t)
	inSite(t, server)
	file := filepath.Join(t.TempDir(), "log")
	for n := 1; n <= 2; n++ {
		server.Throttle(2)
		var out bytes.Buffer
		if code, errs := runTo(t, &out, "copy", "--log", file, "site", "s3://test"); code != 0 || strings.Contains(errs, "WARN") {
			t.Fatalf("exit code %d, stderr %q; want no line of a log on stderr", code, errs)
		}
		if got := loggedWaits(t, file); len(got) < n || got[0].For != strings.TrimPrefix(server.URL, "http://") || got[0].Cause != "SlowDown" || got[0].Try != 2 || got[0].Of < 2 {
			t.Errorf("after run %d the log has the waits %+v; want at least one of each run, for the server, with cause and tries", n, got)
		}
	}
}

// loggedWait is a wait in a log.
type loggedWait struct {
	Time, Level, Msg, For, Cause string
	Try, Of                      int
	Next                         string
}

// loggedWaits reads a log, of which every line must be JSON with a time, a level and a
// message, and returns the waits.
func loggedWaits(t *testing.T, file string) (waits []loggedWait) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(text) {
		var w loggedWait
		if err := json.Unmarshal(line, &w); err != nil || w.Time == "" || w.Level == "" || w.Msg == "" {
			t.Errorf("no line of a log: %q, %v", line, err)
		}
		if w.Msg != "waiting to try again" {
			continue
		}
		if d, err := time.ParseDuration(w.Next); err != nil || d <= 0 {
			t.Errorf("the wait has the length %q, %v", w.Next, err)
		}
		waits = append(waits, w)
	}
	return waits
}

// TestALogThatCannotBeWrittenIsAnError checks that a log which is cut is not taken for
// whole.
func TestALogThatCannotBeWrittenIsAnError(t *testing.T) {
	long.Only(t)
	if info, err := os.Stat("/dev/full"); err != nil || info.Mode()&os.ModeDevice == 0 {
		t.Skip("NOT RUN: no /dev/full here")
	}
	server := s3server.New(t)
	inSite(t, server)
	server.Throttle(1)
	code, errs := runTo(t, io.Discard, "copy", "--log", "/dev/full", "site", "s3://test")
	if code != 1 || strings.Count(errs, "the file of --log cannot be written: ") != 1 {
		t.Errorf("exit code %d, stderr %q; want 1, and that the log cannot be written", code, errs)
	}
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	if code, errs := runTo(t, full, "ls", "s3://test"); code != 1 || !strings.Contains(errs, "the output cannot be written: ") {
		t.Errorf("ls: exit code %d, stderr %q", code, errs)
	}
	if code, errs := runTo(t, io.Discard, "copy", "--log", "none/log", "site", "s3://test"); code != 2 || !strings.Contains(errs, "--log: ") {
		t.Errorf("no directory: exit code %d, stderr %q", code, errs)
	}
}
