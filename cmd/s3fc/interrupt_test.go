package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/s3fc/s3fc/internal/s3server"
)

// asProgram, in the environment, makes the test binary the program itself.
const asProgram = "S3FC_TEST_AS_PROGRAM"

// program returns the command s3fc args, against the S3 at url.
func program(t *testing.T, url string, args ...string) (cmd *exec.Cmd, stdout, stderr *bytes.Buffer) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	cmd = exec.CommandContext(ctx, os.Args[0], args...)
	cmd.Env = append(os.Environ(), asProgram+"=1", "AWS_ENDPOINT_URL="+url, "AWS_REGION=us-east-1",
		"AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_CONFIG_FILE="+os.DevNull, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull)
	stdout, stderr = new(bytes.Buffer), new(bytes.Buffer)
	cmd.Stdout, cmd.Stderr = stdout, stderr
	return cmd, stdout, stderr
}

func exitCode(err error) int {
	var e *exec.ExitError
	if errors.As(err, &e) {
		return e.ExitCode()
	}
	return 0
}

// slowPuts lets the first put through. The second it holds until the client
// gives up, and tells began; all others go through.
func slowPuts(began chan<- struct{}) s3server.Option {
	var puts atomic.Int64
	return s3server.Wrap(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPut && puts.Add(1) == 2 {
				close(began)
				_, _ = io.Copy(io.Discard, r.Body) // so that the server sees the client go
				<-r.Context().Done()
				return
			}
			next.ServeHTTP(w, r)
		})
	})
}

func site(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"a", "b", "c", "d"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestASignalEndsARunInGoodOrder(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("NOT RUN: no signals on Windows")
	}
	// A test that runs under nohup ignores SIGHUP, and a program that it starts would
	// too: a signal that is caught here is at its default there.
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, syscall.SIGHUP)
	defer signal.Stop(caught)
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		t.Run(sig.String(), func(t *testing.T) {
			began := make(chan struct{})
			server := s3server.New(t, slowPuts(began))
			dir := site(t)
			cmd, stdout, stderr := program(t, server.URL, "copy", "-j1", dir, "s3://test")
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			<-began
			if err := cmd.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
			if got, want := exitCode(cmd.Wait()), 128+int(sig); got != want {
				t.Errorf("exit code %d, want %d; %s", got, want, stderr)
			}
			if strings.Contains(stderr.String(), "interrupted") || !strings.HasPrefix(stdout.String(), "interrupted: 1 new (1 B), 1 given up in ") {
				t.Errorf("stdout %q, stderr %q; want one line with the counts done and given up", stdout, stderr)
			}
			again, stdout, stderr := program(t, server.URL, "copy", dir, "s3://test")
			if err := again.Run(); err != nil || !strings.Contains(stdout.String(), "3 new (3 B), 1 unchanged") {
				t.Errorf("the run after: %v; %s%s", err, stdout, stderr)
			}
		})
	}
}

func TestASecondSignalEndsTheProgramAtOnce(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("NOT RUN: no signals on Windows")
	}
	cmd, _, _ := program(t, "", "ls", "stuck://")
	stderr := new(waitFor)
	cmd.Stderr = stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"listing", "interrupted"} {
		stderr.text(t, text)
		if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
			t.Fatal(err)
		}
	}
	if got := exitCode(cmd.Wait()); got != 130 {
		t.Errorf("exit code %d, want 130; %s", got, stderr)
	}
}

func TestARunUnderNohupOutlivesItsTerminal(t *testing.T) {
	nohup, err := exec.LookPath("nohup")
	if err != nil {
		t.Skip("NOT RUN: there is no nohup here")
	}
	began, dir := make(chan struct{}), site(t)
	server := s3server.New(t, slowOnce(began))
	cmd, stdout, stderr := program(t, server.URL, "copy", "-j1", dir, "s3://test")
	cmd.Path, cmd.Args = nohup, append([]string{nohup}, cmd.Args...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	<-began
	if err := cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil || !strings.Contains(stdout.String(), "4 new") {
		t.Errorf("%v; %s%s", err, stdout, stderr)
	}
}

// slowOnce delays the second put a little, and tells began.
func slowOnce(began chan<- struct{}) s3server.Option {
	var puts atomic.Int64
	return s3server.Wrap(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPut && puts.Add(1) == 2 {
				close(began)
				time.Sleep(200 * time.Millisecond)
			}
			next.ServeHTTP(w, r)
		})
	})
}

// slowGetsUntil lets ten objects through, and the others only once read is closed.
func slowGetsUntil(read <-chan struct{}) s3server.Option {
	var gets atomic.Int64
	return s3server.Wrap(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet && !strings.Contains(r.URL.RawQuery, "list-type") && gets.Add(1) > 10 {
				<-read
				time.Sleep(20 * time.Millisecond)
			}
			next.ServeHTTP(w, r)
		})
	})
}

// TestAReaderThatGoesAwayEndsTheRunInGoodOrder closes the pipe after one line, as
// head -1 does: the run ends as after a signal, and leaves no temporary file.
func TestAReaderThatGoesAwayEndsTheRunInGoodOrder(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("NOT RUN: no signals on Windows")
	}
	read := make(chan struct{})
	server := s3server.New(t, slowGetsUntil(read))
	src, dst := t.TempDir(), filepath.Join(t.TempDir(), "dst")
	for i := range 300 {
		if err := os.WriteFile(filepath.Join(src, fmt.Sprint(i)), make([]byte, 10_000), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	push, stdout, stderr := program(t, server.URL, "copy", src, "s3://test")
	if err := push.Run(); err != nil {
		t.Fatalf("%v; %s%s", err, stdout, stderr)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	pull, _, stderr := program(t, server.URL, "copy", "--json", "-j2", "s3://test", dst)
	pull.Stdout = w
	if err := errors.Join(pull.Start(), w.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(r).ReadString('\n'); err != nil {
		t.Error(err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	close(read)
	if got := exitCode(pull.Wait()); got != 128+13 {
		t.Errorf("exit code %d, want 141; %s", got, stderr)
	}
	list, err := os.ReadDir(dst)
	if err != nil || len(list) == 0 || len(list) == 300 {
		t.Errorf("%d files, %v; want that the run ended before its end", len(list), err)
	}
	for _, e := range list {
		if strings.HasPrefix(e.Name(), ".") {
			t.Errorf("the temporary file %s is left", e.Name())
		}
	}
}
