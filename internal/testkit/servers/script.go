package servers

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"
)

// ports is how many ports in a row a script may use, from the one that it is
// given.
const ports = 20

// startTimeout is how long a script may take until the server answers. The
// longest compiles MinIO.
const startTimeout = 15 * time.Minute

// runScript starts a server by its script and returns the line that says how to
// reach it. The script ends with the test, and the server with its script.
func runScript(t testing.TB, name string) ([]byte, error) {
	root, err := moduleRoot()
	if err != nil {
		return nil, err
	}
	port, err := freePorts()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "s3fc-"+name+"-") // t.TempDir's name is too long for Ceph's sockets
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	cmd := exec.Command("bash", filepath.Join(root, "tools", "servers", name+".sh"), "start", dir, strconv.Itoa(port)) //nolint:gosec // Our own script.
	stderr := new(output)
	cmd.Stderr = stderr
	stdin, err := cmd.StdinPipe() // its end ends the server, also if this process is killed
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	t.Cleanup(func() {
		_ = stdin.Close()
		_ = cmd.Wait() // how a server ends is of no interest
	})
	line, err := firstLine(stdout)
	if err != nil {
		return nil, fmt.Errorf("%w\n%s", err, stderr)
	}
	return line, nil
}

// firstLine reads a line, for as long as a server may take to start.
func firstLine(r io.Reader) ([]byte, error) {
	type answer struct {
		line []byte
		err  error
	}
	c := make(chan answer, 1)
	go func() {
		line, err := bufio.NewReader(r).ReadBytes('\n')
		c <- answer{line, err}
	}()
	select {
	case a := <-c:
		if a.err != nil {
			return nil, fmt.Errorf("its script ended: %w", a.err)
		}
		return a.line, nil
	case <-time.After(startTimeout):
		return nil, fmt.Errorf("it did not answer in %s", startTimeout)
	}
}

// moduleRoot finds the directory that holds the scripts, at or above the
// working directory.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "tools", "servers", "lib.sh")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("no directory above has tools/servers")
		}
		dir = parent
	}
}

// freePorts returns the first of several ports in a row that are free on
// loopback, below those that systems give to clients.
func freePorts() (int, error) {
	for range 100 {
		if first := 12000 + rand.IntN(20000-ports); allFree(first) { //nolint:gosec // No secret.
			return first, nil
		}
	}
	return 0, fmt.Errorf("there are no %d free ports in a row", ports)
}

func allFree(first int) bool {
	for port := first; port < first+ports; port++ {
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			return false
		}
		_ = l.Close()
	}
	return true
}

// output collects a script's output. It is safe for concurrent use.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}
