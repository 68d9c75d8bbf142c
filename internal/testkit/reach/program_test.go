package reach

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/s3fc/s3fc/backends/localfs"
	"github.com/s3fc/s3fc/backends/s3"
	"github.com/s3fc/s3fc/cmd"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/s3server"
)

// asProgram, in the environment, makes the test binary s3fc itself: net/http reads the
// proxies of the environment once in a process.
const asProgram = "S3FC_REACH_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		os.Exit(cmd.Program{Mux: core.NewMux(s3.Scheme, localfs.Scheme)}.Main(os.Args[1:]))
	}
	os.Exit(m.Run())
}

// soon is the longest time until an error that the store's absence causes: the program
// promises 10 s, and the process has to start on a busy machine.
const soon = 25 * time.Second

// outcome is the end of a run of the program, with its output.
type outcome struct {
	code   int
	stdout string
	stderr string
	took   time.Duration
}

// run runs the program with env alone in its environment, and the variables of a program
// that remembers nothing.
func run(t *testing.T, env []string, args ...string) outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, os.Args[0], args...) //nolint:gosec // This test.
	c.Env = append([]string{
		asProgram + "=1", "HOME=" + t.TempDir(), "S3FC_NO_CACHE=1", "S3FC_STATE_DIR=" + t.TempDir(), "PATH=" + os.Getenv("PATH"),
	}, env...)
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	began := time.Now()
	err := c.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) || ctx.Err() != nil {
		t.Fatalf("%v: %v after %v\n%s", args, err, time.Since(began), stderr.String())
	}
	return outcome{c.ProcessState.ExitCode(), stdout.String(), stderr.String(), time.Since(began)}
}

// keys are the credentials that the project's server accepts.
func keys() []string {
	return []string{"AWS_ACCESS_KEY_ID=" + s3server.AccessKey, "AWS_SECRET_ACCESS_KEY=" + s3server.SecretKey, "AWS_REGION=us-east-1"}
}

// bucket is the URL of the server's bucket behind an endpoint.
func bucket(endpoint string) string { return "s3://test/site?endpoint=" + url.QueryEscape(endpoint) }

// madeSite is a directory with a file, a link and a large file.
func madeSite(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{"a b.txt": "content", "d/é+%.html": "<p>", "large": strings.Repeat("0123456789abcdef", 17<<16)} {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(content), 0o644)); err != nil { //nolint:gosec // A site.
			t.Fatal(err)
		}
	}
	if err := os.Symlink("d", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	return dir
}

// roundTrip pushes a site, checks that a second push does nothing, checks the content,
// and pulls it back.
func roundTrip(t *testing.T, env []string, store string) {
	t.Helper()
	dir, back := madeSite(t), t.TempDir()
	for _, args := range [][]string{{"copy", dir, store}, {"copy", "--json", dir, store}, {"check", dir, store}, {"copy", store, back}, {"check", back, store}} {
		got := run(t, env, args...)
		if got.code != 0 {
			t.Fatalf("%v: exit code %d\n%s%s", args, got.code, got.stdout, got.stderr)
		}
		if args[1] != "--json" {
			continue
		}
		lines := strings.Split(strings.TrimSpace(got.stdout), "\n")
		var sum struct{ Files, Links, Deletes int }
		if err := json.Unmarshal([]byte(lines[len(lines)-1]), &sum); err != nil || sum.Files+sum.Links+sum.Deletes != 0 {
			t.Errorf("a second push: %v, %+v; want nothing to do", err, sum)
		}
	}
	if text, err := os.Readlink(filepath.Join(back, "link")); err != nil || text != "d" {
		t.Errorf("the link came back as %q, %v", text, err)
	}
}

// frontOf is a handler that passes requests on to a server, with their Host.
func frontOf(t *testing.T, server string) http.Handler {
	t.Helper()
	to, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	return &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.Out.URL.Scheme, r.Out.URL.Host = to.Scheme, to.Host
		r.Out.Host = r.In.Host
	}}
}

// quiet returns a server without its log.
func quiet(s *httptest.Server) *httptest.Server {
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	return s
}

// join copies between two connections until one ends.
func join(a, b io.ReadWriteCloser) {
	go func() {
		_, _ = io.Copy(a, b)
		_ = a.Close()
	}()
	_, _ = io.Copy(b, a)
	_ = b.Close()
}
