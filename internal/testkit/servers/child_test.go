package servers_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/s3fc/s3fc/backends/memory"
	s3backend "github.com/s3fc/s3fc/backends/s3"
	"github.com/s3fc/s3fc/conformance"
	"github.com/s3fc/s3fc/core"
)

// childVariable leads this program, run once more, to a server: the conformance
// suite fails the test that calls it, and a known failure must not.
const childVariable = "S3FC_TEST_SERVERS_CHILD"

// child is a bucket to run the conformance suite on.
type child struct {
	URL string
}

// opener opens trees at the prefixes of a bucket, each new. It returns false
// where this program is not a child.
func opener(t *testing.T) (conformance.Open, bool) {
	v := os.Getenv(childVariable)
	if v == "" {
		return nil, false
	}
	var c child
	if err := json.Unmarshal([]byte(v), &c); err != nil {
		t.Fatal(err)
	}
	bucket, err := url.Parse(c.URL)
	if err != nil {
		t.Fatal(err)
	}
	o, err := s3backend.ParseURL(bucket, core.Env{})
	if err != nil {
		t.Fatal(err)
	}
	o.StateDir, o.MaxBackoff = "", 100*time.Millisecond
	var n atomic.Int64
	return func(t testing.TB) core.Backend {
		o := o
		o.Prefix = fmt.Sprintf("%s-%d-%d", t.Name(), os.Getpid(), n.Add(1))
		tree, err := s3backend.New(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := tree.Close(); err != nil {
				t.Error(err)
			}
		})
		return tree
	}, true
}

// TestChildConformance is run by TestServers in a process of its own.
func TestChildConformance(t *testing.T) {
	if open, ok := opener(t); ok {
		conformance.Test(t, open)
	}
}

// TestChildPair is run by TestServers in a process of its own.
func TestChildPair(t *testing.T) {
	if open, ok := opener(t); ok {
		conformance.TestPair(t, func(testing.TB) core.Backend { return memory.New() }, open)
	}
}

// suite runs the conformance suite on a server.
func (r *results) suite(t *testing.T, l *lab) {
	cases := l.child(t, "TestChildConformance")
	delete(cases, "")
	failed := map[string][]string{} // cases, by the reason
	n := 0
	if name := deadly[r.name]; name != "" {
		cases[name] = errors.New("not run: it ends the server")
	}
	for _, name := range slices.Sorted(maps.Keys(cases)) {
		err := cases[name]
		t.Run("conformance/"+name, func(t *testing.T) {
			c, _ := checkKnown(t, r.name, "case "+name, yes, err)
			if c.word != yes.word {
				failed[c.why] = append(failed[c.why], name)
				n++
			}
			r.explained = r.explained && !t.Failed()
		})
	}
	c := yes
	if n > 0 {
		var whys []string
		for why, names := range failed {
			whys = append(whys, strings.Join(names, ", ")+": "+why)
		}
		slices.Sort(whys)
		c = cell{fmt.Sprintf("%d of %d", len(cases)-n, len(cases)), strings.Join(whys, "; ")}
	}
	r.cells[suiteCases] = c
	t.Run("pair", func(t *testing.T) {
		pair := l.child(t, "TestChildPair")
		r.cells[suitePair], _ = checkKnown(t, r.name, suitePair, yes, pair[""])
		r.explained = r.explained && !t.Failed()
	})
}

// The columns of the conformance suite.
const suiteCases, suitePair = "conformance", "pair"

var (
	begins = regexp.MustCompile(`^=== (?:RUN|NAME|CONT) +[^/]+/?(.*)$`)
	ends   = regexp.MustCompile(`^ *--- (PASS|FAIL|SKIP): [^/ ]+/?([^ ]*) \(`)
)

// child runs one test in another process, and returns the outcome of each subtest
// that did not skip; the test itself has no name.
func (l *lab) child(t *testing.T, test string) map[string]error {
	t.Helper()
	spec, err := json.Marshal(child{URL: l.server.DeclaredURL(l.bucket)})
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"-test.v", "-test.run=^" + test + "$", "-test.timeout=20m"}
	if name := deadly[l.server.Name]; name != "" {
		args = append(args, "-test.skip=^"+test+"$/^"+name+"$")
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...) //nolint:gosec // This program.
	cmd.Env = append(os.Environ(), childVariable+"="+string(spec))
	out, err := cmd.CombinedOutput()
	got := map[string]error{}
	said := map[string]string{}
	name := ""
	for line := range strings.Lines(string(out)) {
		line = strings.TrimRight(line, "\n")
		if m := begins.FindStringSubmatch(line); m != nil {
			name = m[1]
		} else if m := ends.FindStringSubmatch(line); m == nil {
			said[name] += line + "\n"
		} else if m[1] == "PASS" {
			got[m[2]] = nil
		} else if m[1] == "FAIL" {
			got[m[2]] = fmt.Errorf("%s", said[m[2]]) //nolint:err113 // The text is another process's.
		}
	}
	if _, ok := got[""]; !ok || (err != nil) != (got[""] != nil) {
		t.Fatalf("%s: %v\n%s", test, err, out)
	}
	return got
}
