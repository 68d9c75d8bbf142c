package conformance

import (
	"context"
	"testing"

	"github.com/s3fc/s3fc/core"
)

// TestPair copies generated trees of all that both backends can hold from a
// to b and back into another a: what arrives is what was there, a second copy
// of each has nothing to do, and so again after the tree has changed in every
// way, and strangers have left something at b.
func TestPair(t *testing.T, a, b Open) {
	for seed := range uint64(3) {
		n := []int{60, 12, 25}[seed]
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		defer cancel()
		tour := &tour{ctx: ctx, t: t, a: a(t), b: b(t), back: a(t)}
		g := newGenerator(seed, tour.a, tour.b)
		first := g.tree(n)
		tour.set("the first tree", nil, first)
		second := g.changed(first)
		tour.strangers(first, second)
		tour.set("the changed tree", first, second)
		tour.set("kinds before they change", second, swapped(tour.a, tour.b, false))
		tour.set("kinds after they changed", swapped(tour.a, tour.b, false), swapped(tour.a, tour.b, true))
		tour.set("kinds changed back", swapped(tour.a, tour.b, true), swapped(tour.a, tour.b, false))
		tour.set("the empty tree", swapped(tour.a, tour.b, false), nil)
	}
}

// tour is a way from a to b and back.
type tour struct {
	ctx        context.Context
	t          *testing.T
	a, b, back core.Backend
}

// set makes the tree at a go from before to want, and copies it around.
func (r *tour) set(what string, before, want []specimen) {
	r.t.Helper()
	p := &probe{ctx: r.ctx, b: r.a, features: r.a.Features()}
	for _, s := range before {
		p.remove(p.stat(s.entry.Key))
	}
	p.fill(want)
	for _, err := range p.errs {
		r.t.Fatalf("%s cannot be put into the source: %v", what, err)
	}
	r.carry(what+", there", r.a, r.b, want)
	r.carry(what+", and back", r.b, r.back, want)
}

// carry copies, checks what arrived, and copies again.
func (r *tour) carry(what string, src, dst core.Backend, want []specimen) {
	r.t.Helper()
	for _, again := range []bool{false, true} {
		o, err := copyTree(r.ctx, src, dst, 4)
		if err != nil {
			r.t.Fatalf("%s: %v", what, err)
		}
		if err := o.problems(); err != nil {
			r.t.Errorf("%s:\n%v", what, err)
		}
		if again && o.changes() != 0 {
			r.t.Errorf("%s: a second copy has %d files, %d links and %d deletes to do; want none", what, o.totals.Files, o.totals.Links, o.totals.Deletes)
		}
	}
	if err := Check(r.ctx, dst, entriesOf(want)); err != nil {
		r.t.Errorf("%s:\n%v", what, err)
	}
}

// strangers leaves at b what neither tree has, and overwrites what both have.
func (r *tour) strangers(first, second []specimen) {
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
	for _, err := range p.errs {
		r.t.Fatalf("a stranger cannot write to the destination: %v", err)
	}
}

// swapped is a tree in which each of file, link and directory has, after,
// become each of the others.
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

// oneOf is a file, link or directory of this name.
func oneOf(key, kind string) []specimen {
	switch kind {
	case "file":
		return []specimen{{fileOf(key, "a file"), "a file"}}
	case "link":
		return []specimen{{linkOf(key, core.Target{Key: "file-file", Dir: core.NotDir}), ""}}
	}
	return []specimen{{fileOf(key+"/x", "below"), "below"}, {fileOf(key+"/y/z", "deep"), "deep"}}
}
