package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
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
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
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
			if !strings.Contains(stderr.String(), "interrupted") || !strings.Contains(stdout.String(), "stopped: 1 file (1 B)") {
				t.Errorf("stdout %q, stderr %q; want what was done, and that it was interrupted", stdout, stderr)
			}
			again, stdout, stderr := program(t, server.URL, "copy", dir, "s3://test")
			if err := again.Run(); err != nil || !strings.Contains(stdout.String(), "3 files (3 B), 1 unchanged") {
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
