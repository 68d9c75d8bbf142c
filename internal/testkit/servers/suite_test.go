package servers_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/s3fc/s3fc/internal/testkit/long"
	"github.com/s3fc/s3fc/internal/testkit/servers"
)

var update = flag.Bool("update", false, "write what the servers that run do into docs/stores.md")

// An ability is something that is tried on each server.
type ability struct {
	name, about string
	// try returns an error if s3fc breaks a promise.
	try func(*lab) (cell, error)
}

// A cell is the outcome of one ability on one server: a word, and the reason if
// it is not yes.
type cell struct{ word, why string }

// results are the cells of one server, by ability.
type results struct {
	name, version string
	params, lacks string // of a bucket's URL
	cells         map[string]cell
	explained     bool // each failure is known, and each known failure failed
}

// TestServers does the main job of s3fc on each server, runs the conformance suite
// there, and compares docs/stores.md with the results.
func TestServers(t *testing.T) {
	if os.Getenv(servers.Variable) == "" {
		long.Only(t)
	}
	chosen, left, err := servers.Chosen()
	if err != nil {
		t.Fatal(err)
	}
	var all []results
	for _, name := range chosen {
		t.Run(name, func(t *testing.T) {
			all = append(all, tryAll(t, newLab(t, name)))
		})
	}
	for _, name := range left {
		t.Run(name, func(t *testing.T) {
			t.Skipf("NOT RUN: %s is not in $%s", name, servers.Variable)
		})
	}
	t.Run("page", func(t *testing.T) { checkPage(t, all) })
}

// tryAll tries every ability of a server.
func tryAll(t *testing.T, l *lab) results {
	r := results{name: l.server.Name, version: l.server.Version, params: l.server.Params, lacks: l.server.Lacks, cells: map[string]cell{}, explained: true}
	for i, a := range slices.Concat(jobs, special, stores, headers) {
		t.Run(a.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), tryTimeout)
			defer cancel()
			c, err := try(a, l.at(t, ctx, fmt.Sprintf("a%d", i)))
			if c, ok := checkKnown(t, r.name, a.name, c, err); ok {
				r.cells[a.name] = c
			}
			r.explained = r.explained && !t.Failed()
		})
	}
	r.suite(t, l)
	return r
}

// try returns a panic of the machine's failures as an error, too.
func try(a ability, l *lab) (c cell, err error) {
	defer func() {
		if p, ok := recover().(error); ok {
			err = errors.Join(err, p)
		}
	}()
	return a.try(l)
}

// checkKnown fails the test at an unknown failure, and at a known one that works by
// now.
func checkKnown(t *testing.T, server, name string, c cell, err error) (cell, bool) {
	t.Helper()
	f, isKnown := known[server][name]
	switch {
	case isKnown && f.sometimes:
		t.Logf("known: %s\n%v", f.why, err)
		return cell{"varies", f.why}, true
	case err == nil && (c.word == "lost" || c.word == "wrong") && reasons[server][name] == "":
		t.Errorf("%s is %q: %s; give the reason a link", name, c.word, c.why)
		return c, false
	case err == nil && isKnown:
		t.Errorf("works now: take %s out of the failures known on %s", name, server)
		return c, false
	case err == nil:
		if link := reasons[server][name]; link != "" && c.why != "" {
			c.why += " (" + link + ")"
		}
		return c, true
	case isKnown && strings.Contains(err.Error(), f.says):
		t.Logf("known: %s\n%v", f.why, err)
		return cell{"fails", f.why}, true
	case isKnown:
		t.Errorf("fails in another way than known (%q): %v", f.says, err)
	default:
		t.Error(err)
	}
	return c, false
}
