package reconcile_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"sync"
	"testing"

	"github.com/s3fc/s3fc/backends/memory"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/reconcile"
)

// refusing is a store of which some puts fail.
type refusing struct {
	core.Backend
	mu   sync.Mutex
	puts int
	fail func(key string, n int) error
}

func (r *refusing) Put(ctx context.Context, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
	r.mu.Lock()
	r.puts++
	err := r.fail(e.Key, r.puts)
	r.mu.Unlock()
	if err != nil {
		return e, &core.Error{Op: "put", Tree: "store", Key: e.Key, Err: err}
	}
	return r.Backend.Put(ctx, e, body, old)
}

// copyTo copies files of these names and returns the errors that were reported, the
// error of the run, and how many errors it counted.
func copyTo(t *testing.T, dst core.Backend, names ...string) (reported []string, counted int64, err error) {
	t.Helper()
	src := memory.New()
	for _, name := range names {
		content := "content of " + name
		e := core.Entry{Key: name, Kind: core.File, Size: int64(len(content)), MD5: core.SumMD5([]byte(content))}
		if _, err := src.Put(t.Context(), e, strings.NewReader(content), nil); err != nil {
			t.Fatal(err)
		}
	}
	r := &reconcile.Reconciler{Src: src, Dst: dst, Jobs: 2}
	plan, err := r.Prepare(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer plan.Close()
	sum, err := r.Apply(t.Context(), plan, func(a reconcile.Action) {
		if a.Op == reconcile.OpFail {
			reported = append(reported, a.Key)
		}
	})
	return reported, sum.Errors, err
}

func manyNames(format string, n int) []string {
	var names []string
	for i := range n {
		names = append(names, fmt.Sprintf(format, i))
	}
	return names
}

var errDenied = fmt.Errorf("AccessDenied: Access Denied: %w", fs.ErrPermission)

// TestEqualRefusalsOfEverythingEndTheRun checks that a store which takes nothing is not
// asked for each of many files, and that one error stands for all.
func TestEqualRefusalsOfEverythingEndTheRun(t *testing.T) {
	dst := &refusing{Backend: memory.New(), fail: func(string, int) error { return errDenied }}
	reported, counted, err := copyTo(t, dst, manyNames("d%d/a", 3000)...)
	if err == nil || !core.IsFinal(err) || !strings.Contains(err.Error(), "AccessDenied") || !strings.Contains(err.Error(), "3000") {
		t.Errorf("the run ended with %v; want one error that names the refusal and how many entries it stands for", err)
	}
	if len(reported) > 0 || counted == 0 || dst.puts > 20 {
		t.Errorf("%d errors reported, %d counted, %d puts; want none reported, and a few puts", len(reported), counted, dst.puts)
	}
}

// TestALargeFirstDirectoryDoesNotDelayTheEnd checks that after a few refusals in one
// directory the files of others are tried.
func TestALargeFirstDirectoryDoesNotDelayTheEnd(t *testing.T) {
	dst := &refusing{Backend: memory.New(), fail: func(string, int) error { return errDenied }}
	reported, _, err := copyTo(t, dst, append(manyNames("a/%d", 5000), manyNames("b/%d", 3000)...)...)
	if err == nil || !core.IsFinal(err) || len(reported) > 0 || dst.puts > 20 {
		t.Errorf("%v; %d errors reported, %d puts; want the end after a few", err, len(reported), dst.puts)
	}
}

// TestARefusedDirectoryIsTriedWholeInTheEnd checks that the files which waited for
// those of other directories are put, or reported, once each.
func TestARefusedDirectoryIsTriedWholeInTheEnd(t *testing.T) {
	for name, c := range map[string]struct {
		fail func(key string, n int) error
		want int // errors
	}{
		"for good": {func(key string, _ int) error {
			if strings.HasPrefix(key, "a/") {
				return errDenied
			}
			return nil
		}, 300},
		"at first": {func(_ string, n int) error {
			if n <= 8 {
				return errDenied
			}
			return nil
		}, 8},
	} {
		t.Run(name, func(t *testing.T) {
			names := append(manyNames("a/%d", 300), manyNames("b/%d", 30)...)
			dst := &refusing{Backend: memory.New(), fail: c.fail}
			reported, counted, err := copyTo(t, dst, names...)
			if err != nil || len(reported) != c.want || counted != int64(c.want) || dst.puts != len(names) {
				t.Errorf("%v; %d errors reported, %d counted, %d puts; want %d errors, and a put for each of %d", err, len(reported), counted, dst.puts, c.want, len(names))
			}
		})
	}
}

// TestRefusalsThatDifferOrAreOfOnePlaceEndNothing checks that a run goes on where
// something may go well, and that each refusal is reported then.
func TestRefusalsThatDifferOrAreOfOnePlaceEndNothing(t *testing.T) {
	for name, c := range map[string]struct {
		names []string
		fail  func(key string, n int) error
		want  int
	}{
		"one directory": {manyNames("secret/%d", 40), func(string, int) error { return errDenied }, 40},
		"a few of them go well": {manyNames("d%d/a", 40), func(_ string, n int) error {
			if n <= 4 {
				return nil
			}
			return errDenied
		}, 36},
		"different words": {manyNames("d%d/a", 40), func(key string, _ int) error { return fmt.Errorf("%s: %w", key, fs.ErrPermission) }, 40},
		"few":             {manyNames("d%d/a", 5), func(string, int) error { return errDenied }, 5},
		"of another kind": {manyNames("d%d/a", 40), func(string, int) error { return errors.New("InternalError") }, 40},
	} {
		t.Run(name, func(t *testing.T) {
			reported, counted, err := copyTo(t, &refusing{Backend: memory.New(), fail: c.fail}, c.names...)
			if err != nil || len(reported) != c.want || counted != int64(c.want) {
				t.Errorf("%d reported, %d counted, %v; want %d", len(reported), counted, err, c.want)
			}
		})
	}
}

// TestAFinalErrorEndsTheRunOnce checks that it is not reported for each entry.
func TestAFinalErrorEndsTheRunOnce(t *testing.T) {
	away := core.Final(errors.New("the store has given no answer for 60 seconds"))
	dst := &refusing{Backend: memory.New(), fail: func(_ string, n int) error {
		if n > 100 {
			return away
		}
		return nil
	}}
	reported, _, err := copyTo(t, dst, manyNames("d%d/a", 400)...)
	if !errors.Is(err, away) || !strings.Contains(err.Error(), "300 of 400 entries were not copied") {
		t.Errorf("%v; want the final error, and how many entries it stands for", err)
	}
	if len(reported) > 0 || dst.puts > 110 {
		t.Errorf("%d errors reported, %d puts; want none reported, and nothing put after it", len(reported), dst.puts)
	}
}
