package mutants

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Test is a test of a Binary that has no tests below it: a case of the suite, on one
// variant of a backend.
type Test struct {
	Name string // as "TestConformance/a_variant/Case"
	// CPU and Wall are how long it takes without a mutant, with the start of the
	// program.
	CPU, Wall time.Duration
	// Reached are the mutants that the test reaches.
	Reached map[int]bool
}

// Tests runs every test that matches pattern by itself, with no mutant, and returns
// those that ran and passed. It returns an error if one fails.
func (b *Binary) Tests(ctx context.Context, pattern string) ([]Test, error) {
	r, err := b.Run(ctx, -1, pattern, NoLimits, "-test.v")
	if err != nil || r.Caught {
		return nil, errors.Join(err, fmt.Errorf("the tests %s without a mutant fail or do not end:\n%s", pattern, r.Output))
	}
	var tests []Test
	for _, name := range passed(r.Output) {
		t, err := b.test(ctx, name)
		if err != nil {
			return nil, err
		}
		tests = append(tests, t)
	}
	slices.SortStableFunc(tests, func(a, b Test) int { return cmp.Compare(a.Wall, b.Wall) })
	return tests, nil
}

// test runs the test called name.
func (b *Binary) test(ctx context.Context, name string) (Test, error) {
	notes := filepath.Join(filepath.Dir(b.path), "reached")
	if err := os.RemoveAll(notes); err != nil {
		return Test{}, err
	}
	t := Test{Name: name}
	start := time.Now()
	r, err := b.noting(notes).Run(ctx, -1, Pattern([]Test{t}), NoLimits)
	if err != nil || r.Caught {
		return t, errors.Join(err, fmt.Errorf("%s by itself, without a mutant, fails:\n%s", name, r.Output))
	}
	t.CPU, t.Wall = r.CPU, time.Since(start)
	t.Reached, err = readNotes(notes)
	return t, err
}

// readNotes reads the numbers that the program noted. No file means that the test
// reaches no mutant.
func readNotes(name string) (map[int]bool, error) {
	reached := map[int]bool{}
	text, err := os.ReadFile(name) //nolint:gosec // A file of this run.
	if errors.Is(err, os.ErrNotExist) {
		return reached, nil
	}
	for line := range strings.Lines(string(text)) {
		id, convErr := strconv.Atoi(strings.TrimSpace(line))
		err = errors.Join(err, convErr)
		reached[id] = true
	}
	return reached, err
}

var (
	passLine = regexp.MustCompile(`^ *--- PASS: (\S+) \(`)
	failLine = regexp.MustCompile(`^ *--- FAIL: (\S+) \(`)
)

// passed returns the tests of a verbose output that passed and have no tests below
// them.
func passed(output string) []string { return leaves(output, passLine) }

// failed is the same for tests that failed.
func failed(output string) []string { return leaves(output, failLine) }

// leaves returns the tests of the lines of output that match, without those that
// have others below them.
func leaves(output string, line *regexp.Regexp) []string {
	var names []string
	parents := map[string]bool{}
	for l := range strings.Lines(output) {
		m := line.FindStringSubmatch(l)
		if m == nil {
			continue
		}
		names = append(names, m[1])
		for i, c := range m[1] {
			if c == '/' {
				parents[m[1][:i]] = true
			}
		}
	}
	return slices.DeleteFunc(names, func(name string) bool { return parents[name] })
}

// Pattern returns the -test.run pattern that matches these tests and no others.
func Pattern(tests []Test) string {
	below := map[string][]string{}
	var parents []string
	for _, t := range tests {
		parent, name := "", t.Name
		if i := strings.LastIndexByte(t.Name, '/'); i >= 0 {
			parent, name = t.Name[:i], t.Name[i+1:]
		}
		if below[parent] == nil {
			parents = append(parents, parent)
		}
		below[parent] = append(below[parent], regexp.QuoteMeta(name))
	}
	var all []string
	for _, parent := range parents {
		var p strings.Builder
		for part := range strings.SplitSeq(parent, "/") {
			if part != "" {
				p.WriteString("^" + regexp.QuoteMeta(part) + "$/")
			}
		}
		all = append(all, p.String()+"^("+strings.Join(below[parent], "|")+")$")
	}
	return strings.Join(all, "|")
}
