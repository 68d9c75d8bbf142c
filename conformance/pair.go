package conformance

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/s3fc/s3fc/core"
)

// TestPair copies generated trees of entries that both backends can hold from a to
// b, and back into another a. Every entry must arrive unchanged, and a second copy
// must find nothing to do; so again after the tree has changed in every way, and
// after other programs have left files at b.
func TestPair(t *testing.T, a, b Open) {
	for seed, n := range []int{60, 12, 25} {
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		defer cancel()
		r := &tour{ctx: ctx, a: a(t), b: b(t), back: a(t)}
		if err := r.run(uint64(seed), n); err != nil {
			t.Errorf("tree %d: %v", seed, err)
		}
	}
}

// tour is a way from a to b and back.
type tour struct {
	ctx        context.Context //nolint:containedctx // It lives as long as one tour.
	a, b, back core.Backend
}

// run copies a tree of about n entries around, and then its later versions.
func (r *tour) run(seed uint64, n int) error {
	g := newGenerator(seed, r.a, r.b)
	first := g.tree(n)
	second := g.changed(first)
	mixed, swapped := swapped(r.a, r.b, false), swapped(r.a, r.b, true)
	return errors.Join(
		r.set("the first tree", nil, first),
		r.strangers(first, second),
		r.set("the changed tree", first, second),
		r.set("kinds before they change", second, mixed),
		r.set("kinds after they changed", mixed, swapped),
		r.set("kinds changed back", swapped, mixed),
		r.set("the empty tree", mixed, nil),
	)
}

// set makes the tree at a go from before to want, and copies it around.
func (r *tour) set(what string, before, want []specimen) error {
	p := &probe{ctx: r.ctx, b: r.a, features: r.a.Features()}
	for _, s := range before {
		p.remove(p.stat(s.entry.Key))
	}
	p.fill(want)
	if err := errors.Join(p.errs...); err != nil {
		return fmt.Errorf("%s cannot be put into the source: %w", what, err)
	}
	return errors.Join(
		r.carry(what+", there", r.a, r.b, want),
		r.carry(what+", and back", r.b, r.back, want),
	)
}

// carry copies, checks the entries that arrived, and copies again.
func (r *tour) carry(what string, src, dst core.Backend, want []specimen) error {
	var errs []error
	for _, again := range []bool{false, true} {
		o, err := copyTree(r.ctx, src, dst, 4)
		errs = append(errs, err, o.problems())
		if again && o.changes() != 0 {
			errs = append(errs, fmt.Errorf("a second copy has %d files, %d links and %d deletes to do; want none", o.totals.Files, o.totals.Links, o.totals.Deletes))
		}
	}
	errs = append(errs, Check(r.ctx, dst, entriesOf(want)))
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("%s:\n%w", what, err)
	}
	return nil
}

// strangers puts files at b that neither tree has, and overwrites some that both
// have.
func (r *tour) strangers(first, second []specimen) error {
	p := &probe{ctx: r.ctx, b: r.b, features: r.b.Features()}
	p.files("stranger", "stranger_d/deep/file")
	kept := map[string]bool{}
	for _, s := range first {
		kept[s.entry.Key] = true
	}
	n := 0
	for _, s := range second {
		if s.entry.Kind == core.File && kept[s.entry.Key] && n < 3 {
			p.file(s.entry.Key, "a stranger's")
			n++
		}
	}
	if err := errors.Join(p.errs...); err != nil {
		return fmt.Errorf("a stranger cannot write to the destination: %w", err)
	}
	return nil
}

// swapped returns a tree with each of file, link and directory, or, if after, with
// each of them turned into each of the others.
func swapped(a, b core.Tree, after bool) []specimen {
	kinds := []string{"file", "dir"}
	if a.Features().Links && b.Features().Links {
		kinds = append(kinds, "link")
	}
	var made []specimen
	for _, from := range kinds {
		for _, to := range kinds {
			kind := from
			if after {
				kind = to
			}
			made = append(made, oneOf(from+"-"+to, kind)...)
		}
	}
	return made
}

// oneOf returns a file, link or directory of this name.
func oneOf(key, kind string) []specimen {
	switch kind {
	case "file":
		return []specimen{{fileOf(key, "a file"), "a file"}}
	case "link":
		return []specimen{{linkOf(key, core.Target{Key: "file-file", Dir: core.NotDir}), ""}}
	}
	return []specimen{{fileOf(key+"/x", "below"), "below"}, {fileOf(key+"/y/z", "deep"), "deep"}}
}
