//go:build unix

package sftp

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	"go.uber.org/goleak"

	"github.com/s3fc/s3fc/core"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serverPaths are where systems have OpenSSH's SFTP server.
var serverPaths = []string{"/usr/lib/openssh/sftp-server", "/usr/libexec/openssh/sftp-server", "/usr/libexec/sftp-server", "/usr/lib/ssh/sftp-server"}

// serverPath returns the path of OpenSSH's SFTP server; without one the test does
// not run.
func serverPath(t testing.TB) string {
	t.Helper()
	for _, p := range serverPaths {
		if _, err := os.Stat(p); err == nil {
			return p
		}
	}
	if mustRun("sftp-server") {
		t.Fatal("OpenSSH's sftp-server is needed (Debian: openssh-sftp-server)")
	}
	t.Skip("NOT RUN: there is no sftp-server (Debian: openssh-sftp-server)")
	return ""
}

// A server runs OpenSSH's SFTP server over a pipe, once for each connection.
type server struct {
	path string

	mu    sync.Mutex
	conns []*Conn
	all   int // connections so far
}

func newServer(t testing.TB) *server { return &server{path: serverPath(t)} }

// connect is for New. The server runs as nobody if the test is root, so that modes
// concern it.
func (s *server) connect(context.Context) (*Conn, error) {
	cmd := exec.Command(s.path)
	if os.Getuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	cmd.Dir = "/"
	w, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	r, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	var once sync.Once
	c := &Conn{Read: r, Write: w, Close: func() error {
		once.Do(func() {
			_ = w.Close()
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		})
		return nil
	}}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns, s.all = append(s.conns, c), s.all+1
	return c, nil
}

// drop ends all connections, as a network does.
func (s *server) drop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.conns {
		_ = c.Close()
	}
	s.conns = nil
}

const nobody = 65534

// dirFor returns a new directory that the server may write to.
func dirFor(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	own(t, dir)
	return dir
}

// own gives dir, and the way to it, to the user that the server runs as.
func own(t testing.TB, dir string) {
	t.Helper()
	if os.Getuid() != 0 {
		return
	}
	if err := os.Chown(dir, nobody, nobody); err != nil {
		t.Fatal(err)
	}
	for d := dir; len(d) > len(os.TempDir()); d = filepath.Dir(d) {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

// open returns the tree in dir.
func (s *server) open(t testing.TB, dir string, o Options) (*Tree, error) {
	tree, err := New(context.Background(), dir, s.connect, o)
	if err == nil {
		t.Cleanup(func() { _ = tree.Close() })
	}
	return tree, err
}

// newTree returns the tree in a new directory, and the directory.
func newTree(t testing.TB) (*server, *Tree, string) {
	t.Helper()
	s, dir := newServer(t), dirFor(t)
	tree, err := s.open(t, dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s, tree, dir
}

func inNewDir(t testing.TB) core.Backend {
	_, tree, _ := newTree(t)
	return tree
}

// all returns the entries of tree.
func all(t testing.TB, tree core.Tree) (entries []core.Entry) {
	t.Helper()
	var errs []error
	for e, err := range tree.List(t.Context(), "") {
		errs = append(errs, err)
		if err == nil {
			entries = append(entries, e)
		}
	}
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	return entries
}
