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

	"github.com/s3fc/s3fc/internal/testkit/mutants/active"
)

// A Binary is the test program of a package with all its mutants in it.
type Binary struct {
	path, dir string
}

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

// Run runs the tests that match pattern with mutant id, or with none if id is
// negative, and reports whether one failed. A mutant that does not end within limit
// is caught too. The output is that of the tests.
func (b *Binary) Run(ctx context.Context, id int, pattern string, short bool, limit time.Duration) (caught bool, output string, err error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, b.path, "-test.run", pattern, "-test.failfast", "-test.short="+strconv.FormatBool(short))
	cmd.Dir = b.dir
	cmd.Env = append(os.Environ(), active.Variable+"="+strconv.Itoa(id))
	cmd.WaitDelay = 5 * time.Second
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err = cmd.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return false, out.String(), nil
	case ctx.Err() != nil, errors.As(err, &exit), errors.Is(err, exec.ErrWaitDelay):
		return true, out.String(), nil
	}
	return false, out.String(), err
}
