package mutants

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/s3fc/s3fc/internal/testkit/long"
	"github.com/s3fc/s3fc/internal/testkit/mutants/active"
)

// A Binary is the test program of a package with all its mutants in it.
type Binary struct {
	path, dir string
	notes     string // the file for the mutants that are reached; none if empty
}

// noting returns b, whose runs note the mutants that they reach in the file name.
func (b *Binary) noting(name string) *Binary { return &Binary{path: b.path, dir: b.dir, notes: name} }

// Build makes the test program of p in the directory dir.
func Build(ctx context.Context, p *Package, dir string) (*Binary, error) {
	overlay := struct{ Replace map[string]string }{map[string]string{}}
	n := 0
	at := ""
	for original, content := range p.Files {
		n++
		replaced := filepath.Join(dir, fmt.Sprintf("%d.go", n))
		if err := os.WriteFile(replaced, content, 0o600); err != nil {
			return nil, err
		}
		overlay.Replace[original] = replaced
		at = filepath.Dir(original)
	}
	b, err := json.Marshal(overlay)
	if err != nil {
		return nil, err
	}
	file := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(file, b, 0o600); err != nil {
		return nil, err
	}
	binary := &Binary{path: filepath.Join(dir, "mutants.test"), dir: at}
	out, err := exec.CommandContext(ctx, "go", "test", "-c", "-vet=off", "-overlay", file, "-o", binary.path, p.Path).CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("building the mutants of %s: %w\n%s", p.Path, err, out)
	}
	return binary, nil
}

// Result is the end of a run.
type Result struct {
	// Caught says that a test failed, or that the run took more than its limits.
	Caught bool
	Output string
	// CPU is the processor time that the run took.
	CPU time.Duration
}

// Limits are how long a run may take.
type Limits struct {
	CPU, Wall time.Duration
}

// NoLimits is more than any run takes that ends.
var NoLimits = Limits{CPU: time.Hour, Wall: time.Hour}

// LimitsOf returns the limits of a run of these tests: much more than they take
// without a mutant, on a busy machine too.
func LimitsOf(tests []Test) Limits {
	l := Limits{CPU: 4 * time.Second, Wall: 20 * time.Second}
	for _, t := range tests {
		l.CPU += 4 * t.CPU
		l.Wall += 5 * t.Wall
	}
	return l
}

// memory is the address space that a run may have, in KiB: a mutant can collect
// entries without end.
const memory = "2621440"

// Run runs the tests that match pattern with mutant id, or with none if id is
// negative, until one fails. A run that exceeds the limits ends, so that a mutant
// which never ends is caught.
func (b *Binary) Run(ctx context.Context, id int, pattern string, limits Limits, flags ...string) (Result, error) {
	ctx, cancel := context.WithTimeout(ctx, limits.Wall)
	defer cancel()
	args := []string{"-c", `ulimit -c 0; ulimit -v ` + memory + `; ulimit -t "$0"; exec "$@"`, strconv.Itoa(int(limits.CPU.Seconds()) + 1), b.path, "-test.run", pattern, "-test.failfast"}
	cmd := exec.CommandContext(ctx, "sh", append(args, flags...)...) //nolint:gosec // Of this run.
	cmd.Dir = b.dir
	cmd.Env = append(os.Environ(), active.Variable+"="+strconv.Itoa(id), active.ReachedVariable+"="+b.notes, long.Variable+"=1")
	cmd.WaitDelay = 5 * time.Second
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	r := Result{Output: out.String()}
	if s := cmd.ProcessState; s != nil {
		r.CPU = s.UserTime() + s.SystemTime()
	}
	var exit *exec.ExitError
	switch {
	case err == nil:
		return r, nil
	case errors.As(err, &exit), errors.Is(err, exec.ErrWaitDelay), errors.Is(ctx.Err(), context.DeadlineExceeded):
		r.Caught = true
		return r, nil
	}
	return r, err
}
