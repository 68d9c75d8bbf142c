package reconcile_test

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"path"
	"strings"
	"testing"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/reconcile"
	"github.com/s3fc/s3fc/internal/testkit/long"
	"github.com/s3fc/s3fc/internal/testkit/model"
)

// numbered is n files whose keys are made with format.
func numbered(format string, from, to int) state {
	s := state{}
	for i := from; i < to; i++ {
		s[fmt.Sprintf(format, i)] = fmt.Sprint(i)
	}
	return s
}

func union(states ...state) state {
	all := state{}
	for _, s := range states {
		maps.Copy(all, s)
	}
	return all
}

// TestTheDefaultGuardTellsTurnoverFromLoss checks which runs go, and which stop before
// their first write.
func TestTheDefaultGuardTellsTurnoverFromLoss(t *testing.T) {
	index := state{"index.html": "new"}
	site := union(state{"index.html": "home", "about.html": "about"}, numbered("posts/%02d.html", 0, 20), numbered("assets/app-%04x.js", 0, 8))
	blog := union(state{"index.html": "home"}, numbered("posts/%02d.html", 0, 20))
	other := union(state{"README": "x"}, numbered("manual/%03d.html", 0, 40))
	links := state{"latest": "-> releases/2"}
	for key := range numbered("releases/%d/x", 0, 43) {
		links[key] = "y"
	}
	for _, c := range []struct {
		name     string
		src, dst state
		stops    bool
		net      int64 // deletes
	}{
		{name: "15 of 16 hashed assets renamed beside an index page", src: union(index, numbered("app-%04x.js", 100, 115), numbered("app-%04x.js", 0, 1)),
			dst: union(state{"index.html": "old"}, numbered("app-%04x.js", 0, 16))},
		{name: "all assets of a site renamed", src: union(site, numbered("assets/app-%04x.js", 100, 108)), dst: site},
		{name: "a blog's archive rebuilt by month", src: union(blog, numbered("archive/2024-%02d.html", 1, 13)), dst: union(blog, numbered("archive/page-%d.html", 1, 19)), net: 6},
		{name: "a blog's archive rebuilt in directories", src: union(blog, numbered("archive/2024/%02d/index.html", 1, 13)), dst: union(blog, numbered("archive/page/%d/index.html", 1, 13)), net: 12},
		{name: "a post is renamed", src: union(blog, state{"posts/new.html": "1"}), dst: union(blog, state{"posts/old.html": "1"})},
		{name: "half of many goes", src: numbered("%02d", 0, 20), dst: numbered("%02d", 0, 40), net: 20},
		{name: "ten of twelve go", src: numbered("%02d", 0, 2), dst: numbered("%02d", 0, 12), net: 10},
		{name: "a single asset is renamed", src: state{"app-2.js": "x"}, dst: state{"app-1.js": "x"}},

		{name: "2 files onto 100 others", src: numbered("new%d", 0, 2), dst: numbered("old%d", 0, 100), stops: true, net: 98},
		{name: "2 files onto 100 in directories", src: numbered("new%d", 0, 2), dst: numbered("d%d/old", 0, 100), stops: true, net: 100},
		{name: "a tree of one link onto 43 entries", src: state{"latest": "-> releases/2"}, dst: links, stops: true, net: 43},
		{name: "a mistyped prefix that holds another tree", src: other, dst: site, stops: true, net: 29},
		{name: "a mistyped prefix that holds another tree of files without a directory", src: numbered("a%02d", 0, 40), dst: numbered("b%02d", 0, 40), stops: true},
		{name: "source and destination swapped, before the first push", src: index, dst: site, stops: true, net: 29},
		{name: "more than half goes", src: numbered("%02d", 0, 19), dst: numbered("%02d", 0, 40), stops: true, net: 21},
		{name: "all of a few", src: state{"d/new": "x"}, dst: state{"a": "x", "b": "x"}, stops: true, net: 2},
	} {
		for _, flat := range []bool{true, false} {
			src, dst := trees(t, c.src, c.dst, flat)
			r := &reconcile.Reconciler{Src: src, Dst: dst, TempDir: t.TempDir()}
			p, err := r.Prepare(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			err = r.Guard(p)
			var guard *reconcile.GuardError
			if c.stops != errors.Is(err, core.ErrTooManyDeletes) || err != nil && !errors.As(err, &guard) {
				t.Errorf("%s, flat %v: %v, %+v", c.name, flat, err, p.Totals())
			}
			if got := p.Totals().NetDeletes; got != c.net {
				t.Errorf("%s, flat %v: %d net deletes, want %d", c.name, flat, got, c.net)
			}
			if guard != nil && (guard.Deletes != p.Totals().Deletes || guard.NetDeletes != c.net || guard.Entries != int64(len(c.dst))) {
				t.Errorf("%s: the error has %+v", c.name, guard)
			}
			// The saved plan is guarded in the same way.
			_, read, err := reconcile.ReadPlan(bytes.NewReader(written(t, reconcile.PlanHeader{}, p)), "")
			if err != nil {
				t.Fatal(err)
			}
			if err := r.Guard(read); c.stops != errors.Is(err, core.ErrTooManyDeletes) {
				t.Errorf("%s, saved: %v", c.name, err)
			}
			_ = errors.Join(p.Close(), read.Close())
		}
	}
}

// TestAPlanOfBeforeIsGuardedAsBefore checks that a plan without the count of net
// deletes is not stopped by a limit that its maker did not know.
func TestAPlanOfBeforeIsGuardedAsBefore(t *testing.T) {
	src, dst := trees(t, numbered("%02d", 0, 10), numbered("%02d", 0, 40), true)
	r, p := prepared(t, src, dst)
	if err := r.Guard(p); err == nil {
		t.Fatal("30 of 40 may go")
	}
	lines := strings.SplitAfter(string(written(t, reconcile.PlanHeader{}, p)), "\n")
	header := strings.Replace(lines[0], `"net_deletes":30,`, "", 1)
	_, old, err := reconcile.ReadPlan(strings.NewReader(sign(append([]string{header}, lines[1:len(lines)-2]...), 30)), "")
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	if err := r.Guard(old); err != nil || header == lines[0] {
		t.Error(err)
	}
}

// TestNetDeletesOfRandomTrees checks the count that a plan makes on the way against one
// over the finished plan.
func TestNetDeletesOfRandomTrees(t *testing.T) {
	long.Only(t)
	rnd := rand.New(rand.NewPCG(5, 12))
	for i := range rounds(20_000) {
		flat, srcFlat := i&1 != 0, i&2 != 0
		s, d := model.Random(rnd, srcFlat, true), model.Random(rnd, flat, true)
		src, dst := newTree(srcFlat, false), newTree(flat, false)
		plant(t, src, s)
		plant(t, dst, d)
		r := &reconcile.Reconciler{Src: src, Dst: dst, TempDir: t.TempDir()}
		p, err := r.Prepare(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		net := map[string]int64{}
		for act, err := range p.All() {
			if err != nil {
				t.Fatal(err)
			}
			switch {
			case act.Op == reconcile.OpDelete:
				net[path.Dir(act.Key)]++
			case act.Op == reconcile.OpPut && act.Dst == nil:
				net[path.Dir(act.Key)]--
			}
		}
		var want int64
		for _, n := range net {
			want += max(0, n)
		}
		if got := p.Totals().NetDeletes; got != want {
			t.Fatalf("round %d: %d net deletes, want %d\nsrc %v\ndst %v", i, got, want, s, d)
		}
		_ = p.Close()
	}
}
