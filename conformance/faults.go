package conformance

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"testing"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/wrap"
)

// TestFaults copies a small tree from a to b over an older version of it, and
// makes another operation fail each time, on either side, in one of several ways.
// After each failure, every key of the destination has its old or its new entry
// whole, nothing was deleted unless all else succeeded, and a run without faults
// makes the trees equal. A listing that repeats an entry, or is out of order, makes
// no difference.
//
// With S3FC_TEST_THOROUGH in the environment every operation fails in every way;
// else at most 10 a side (6 with -short) fail in one way each.
func TestFaults(t *testing.T, a, b Open) {
	most := 10
	switch {
	case thorough():
		most = 1 << 30
	case testing.Short():
		most = 6
	}
	ctx, cancel := context.WithTimeout(t.Context(), 4*limit)
	defer cancel()
	src := a(t)
	scene := newScene(src, b(t))
	(&probe{ctx: ctx, b: src, features: src.Features()}).fill(scene.after)
	for _, side := range []string{"source", "destination"} {
		ops := scene.operations(ctx, t, src, b(t), side)
		step := max(1, (ops+most-1)/most)
		for n := 1; n <= ops; n += step {
			for _, class := range classesFor(n / step) {
				f := fault{side: side, n: n, class: class}
				if err := scene.play(ctx, src, b(t), f); err != nil {
					t.Errorf("operation %d of %d on the %s fails, %s:\n%v", n, ops, side, f.class.name, err)
				}
			}
		}
		for _, how := range mislistings {
			if err := scene.mislist(ctx, src, b(t), side, how); err != nil {
				t.Errorf("the listing of the %s %s:\n%v", side, how.name, err)
			}
		}
	}
}

func thorough() bool { return os.Getenv("S3FC_TEST_THOROUGH") != "" }

// classesFor returns the ways in which the ith of the tried operations fails.
func classesFor(i int) []faultClass {
	if thorough() {
		return faultClasses
	}
	return faultClasses[i%len(faultClasses):][:1]
}

type faultClass struct {
	name string
	err  error
}

var errInjected = errors.New("injected")

var faultClasses = []faultClass{
	{"for good", errInjected},
	{"and may succeed later", core.Transient(errInjected)},
	{"for want of permission", fmt.Errorf("%w: %w", errInjected, fs.ErrPermission)},
	{"because time is up", core.Transient(fmt.Errorf("%w: %w", errInjected, os.ErrDeadlineExceeded))},
	{"or ends before its time", wrap.ErrEnd},
}

// fault is one operation that fails.
type fault struct {
	side  string
	n     int
	class faultClass
}

// scene is a tree before and after a copy, of entries that two backends can hold.
type scene struct {
	a, b          core.Tree
	before, after []specimen
}

func newScene(a, b core.Tree) *scene {
	s := &scene{a: a, b: b}
	large := bytesOf("large", 150_000)
	s.file("same", "the same", "the same")
	s.file("d/changed", "old content", "new content")
	s.file("d/grown", "short", large)
	s.file("d/new", "", large[1:])
	s.file("emptied", "full", "")
	s.link(&s.after, "links/new", "same")
	s.link(&s.before, "links/retargeted", "same")
	s.link(&s.after, "links/retargeted", "d/new")
	s.link(&s.after, "became-link", "same")
	s.file("became-link", "was a file", "")
	s.link(&s.before, "became-file", "same")
	s.file("became-file", "", "is a file")
	s.file("extra", "to be deleted", "")
	s.file("d/extra", "to be deleted", "")
	s.file("z/y/extra", "to be deleted", "")
	s.link(&s.before, "z/extra-link", "gone")
	return s
}

// file adds a file with its contents before and after. An empty content means that
// the file is absent, except for the file that is emptied.
func (s *scene) file(key, before, after string) {
	if before != "" {
		s.before = append(s.before, specimen{fileOf(key, before), before})
	}
	if after != "" || key == "emptied" {
		s.after = append(s.after, specimen{fileOf(key, after), after})
	}
}

func (s *scene) link(to *[]specimen, key, target string) {
	e := linkOf(key, core.Target{Key: target})
	if core.CheckPut(s.a, e) == nil && core.CheckPut(s.b, e) == nil {
		*to = append(*to, specimen{e, ""})
	}
}

// set puts the older version into b.
func (s *scene) set(ctx context.Context, b core.Backend) error {
	p := &probe{ctx: ctx, b: b, features: b.Features()}
	p.fill(s.before)
	return errors.Join(p.errs...)
}

// operations counts the operations on one side when none fails.
func (s *scene) operations(ctx context.Context, t *testing.T, src, dst core.Backend, side string) int {
	t.Helper()
	if err := s.set(ctx, dst); err != nil {
		t.Fatalf("the older version cannot be put into the destination: %v", err)
	}
	count := new(wrap.StepCounter)
	o, err := s.run(ctx, src, dst, side, count)
	if err := errors.Join(err, o.problems(), Check(ctx, dst, entriesOf(s.after))); err != nil {
		t.Fatalf("with no fault: %v", err)
	}
	return count.Count()
}

func (s *scene) run(ctx context.Context, src, dst core.Backend, side string, inj wrap.Injector) (outcome, error) {
	fail := func(b core.Backend) core.Backend { return wrap.Fault(b, inj) }
	if side == "source" {
		src = broken(src, fail)
	} else {
		dst = broken(dst, fail)
	}
	return copyTree(ctx, src, dst, 1)
}

// play copies with one fault and then without.
func (s *scene) play(ctx context.Context, src, dst core.Backend, f fault) error {
	if err := s.set(ctx, dst); err != nil {
		return fmt.Errorf("the older version cannot be put into the destination: %w", err)
	}
	var hit wrap.Step
	nth := wrap.OnIndex(f.n, f.class.err)
	o, runErr := s.run(ctx, src, dst, f.side, wrap.InjectorFunc(func(op wrap.Step) error {
		err := nth.Inject(op)
		if err != nil {
			hit = op
		}
		return err
	}))
	failed := runErr != nil || o.sum.Errors > 0
	return errors.Join(
		s.told(ctx, dst, hit, failed),
		s.whole(ctx, dst),
		s.notDeleted(ctx, dst, hit, failed),
		s.converges(ctx, src, dst),
	)
}

// whole checks that each key has its old or new entry, and that there are no others.
func (s *scene) whole(ctx context.Context, dst core.Backend) error {
	states := map[string][]specimen{}
	for _, sp := range append(append([]specimen{}, s.before...), s.after...) {
		states[sp.entry.Key] = append(states[sp.entry.Key], sp)
	}
	var errs []error
	for e, err := range dst.List(ctx, "") {
		if err != nil {
			errs = append(errs, err)
		} else if states[e.Key] == nil {
			errs = append(errs, fmt.Errorf("%s is in neither version", core.DisplayKey(e.Key)))
		}
	}
	for key, allowed := range states {
		content, e, err := read(ctx, dst, key)
		switch {
		case errors.Is(err, fs.ErrNotExist) && len(allowed) == 1: // not yet, or no more
		case err != nil:
			errs = append(errs, fmt.Errorf("reading %s: %w", key, err))
		case !oneOfThese(e, content, allowed):
			errs = append(errs, fmt.Errorf("%s holds neither the old nor the new: %s, %d bytes", key, show(e), len(content)))
		}
	}
	return errors.Join(errs...)
}

func oneOfThese(e core.Entry, content []byte, allowed []specimen) bool {
	for _, s := range allowed {
		if e.Kind == s.entry.Kind && string(content) == s.content && e.Target.Same(s.entry.Target) {
			return true
		}
	}
	return false
}

// notDeleted checks that every entry of the old version alone is still there if an
// operation before the deletes failed.
func (s *scene) notDeleted(ctx context.Context, dst core.Backend, hit wrap.Step, failed bool) error {
	switch hit.Kind {
	case wrap.StepDelete, wrap.StepGone, wrap.StepBatch, wrap.StepRemoveDir, wrap.StepFinish:
		return nil
	}
	if !failed {
		return nil
	}
	after := map[string]bool{}
	for _, sp := range s.after {
		after[sp.entry.Key] = true
	}
	var errs []error
	for _, sp := range s.before {
		if _, err := dst.Stat(ctx, sp.entry.Key); !after[sp.entry.Key] && err != nil {
			errs = append(errs, fmt.Errorf("%s of %q failed, and yet %s was deleted: %w", hit.Kind, hit.Key, sp.entry.Key, err))
		}
	}
	return errors.Join(errs...)
}

// converges checks that a run without faults completes the copy.
func (s *scene) converges(ctx context.Context, src, dst core.Backend) error {
	for _, again := range []bool{false, true} {
		o, err := copyTree(ctx, src, dst, 4)
		if err := errors.Join(err, o.problems()); err != nil {
			return fmt.Errorf("a run without faults after that: %w", err)
		}
		if again && o.changes() != 0 {
			return fmt.Errorf("a second run without faults has %d files, %d links, %d deletes to do", o.totals.Files, o.totals.Links, o.totals.Deletes)
		}
	}
	if err := Check(ctx, dst, entriesOf(s.after)); err != nil {
		return fmt.Errorf("after a run without faults: %w", err)
	}
	return nil
}

// told checks that a run without errors made the trees equal.
func (s *scene) told(ctx context.Context, dst core.Backend, hit wrap.Step, failed bool) error {
	if failed {
		return nil
	}
	if err := Check(ctx, dst, entriesOf(s.after)); err != nil {
		return fmt.Errorf("%s of %q failed, the run reported no error, and the trees differ: %w", hit.Kind, hit.Key, err)
	}
	return nil
}
