package faults

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/s3fc/s3fc/backends/localfs"
	"github.com/s3fc/s3fc/backends/s3"
	"github.com/s3fc/s3fc/backends/sftp"
	"github.com/s3fc/s3fc/cmd"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/testkit/model"
)

// asProgram, in the environment, makes the test binary s3fc itself; asChild
// makes it run one of children.
const (
	asProgram = "S3FC_FAULTS_AS_PROGRAM"
	asChild   = "S3FC_FAULTS_AS_CHILD"
)

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		os.Exit(cmd.Program{Mux: schemes()}.Main(os.Args[1:]))
	}
	if name := os.Getenv(asChild); name != "" {
		if err := children[name](os.Args[1]); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// noCache, in the environment, stands for --no-cache.
const noCache = "S3FC_NO_CACHE=1"

func schemes() *core.Mux {
	mux := new(core.Mux)
	directories := localfs.Scheme
	directories.Open = openSoonSettled
	mux.Handle(directories)
	mux.Handle(s3.Scheme)
	overSSH := sftp.Scheme
	overSSH.Open = openOverPipe
	mux.Handle(overSSH)
	return mux
}

// openSoonSettled is [localfs.Open] of a directory whose files are soon settled.
func openSoonSettled(_ context.Context, u *url.URL, env core.Env) (core.Backend, error) {
	t, err := localfs.New(filepath.FromSlash(u.Path), localfs.Options{Create: env.Create, SettleTime: settleTime})
	if err != nil {
		return nil, err
	}
	return t, nil
}

// A program is s3fc in a process of its own.
type program struct {
	*exec.Cmd
	out bytes.Buffer
}

// A user runs programs: they have their own state and S3 server.
type user struct {
	url, key, secret string
	home             string
	way              way
}

func newUser(t testing.TB, url string, w way) *user {
	return &user{url: url, key: "AK", secret: "SK", home: t.TempDir(), way: w}
}

// s3fc returns the command, which is not started yet.
func (u *user) s3fc(t testing.TB, args ...string) *program {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	p := &program{Cmd: exec.CommandContext(ctx, os.Args[0], args...)} //nolint:gosec // This test.
	p.Env = append(os.Environ(), asProgram+"=1", "AWS_ENDPOINT_URL="+u.url, "AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID="+u.key, "AWS_SECRET_ACCESS_KEY="+u.secret,
		"AWS_CONFIG_FILE="+os.DevNull, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull, "GORACE=atexit_sleep_ms=0",
		"S3FC_STATE_DIR="+filepath.Join(u.home, "state"), "S3FC_CACHE_DIR="+filepath.Join(u.home, "cache"))
	if !u.way.on {
		p.Env = append(p.Env, noCache)
	}
	p.Stdout, p.Stderr = &p.out, &p.out
	return p
}

// code runs the program, or waits for it, and returns its exit code; -1 if it
// was killed.
func (p *program) code(t testing.TB, wait func() error) int {
	t.Helper()
	err := wait()
	var e *exec.ExitError
	if err != nil && !errors.As(err, &e) {
		t.Fatalf("%v\n%s", err, &p.out)
	}
	return p.ProcessState.ExitCode()
}

// write makes dir a directory of exactly the entries of s.
func write(t testing.TB, dir string, s model.State) {
	t.Helper()
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := writeInto(dir, s); err != nil {
		t.Fatal(err)
	}
}

func writeInto(dir string, s model.State) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for key := range s {
		name := filepath.Join(dir, filepath.FromSlash(key))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		e, body := s.Entry(key)
		var err error
		if e.Kind == core.Link {
			err = os.Symlink(core.Rel(key, e.Target.Key), name)
		} else {
			err = os.WriteFile(name, body, 0o644)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
