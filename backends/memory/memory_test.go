package memory

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/s3fc/s3fc/conformance"
	"github.com/s3fc/s3fc/core"
)

// TestIndexAgainstAMap does the same at random to an index and to a map.
func TestIndexAgainstAMap(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var x index
	model := map[string]*item{}
	for range 40_000 {
		key := fmt.Sprintf("%x", rng.IntN(6000))
		if rng.IntN(3) == 0 {
			x.remove(key)
			delete(model, key)
		} else {
			it := &item{entry: core.Entry{Key: key}}
			x.set(it)
			model[key] = it
		}
		if got := x.get(key); got != model[key] {
			t.Fatalf("get(%q): %v, want %v", key, got, model[key])
		}
	}
	var keys []string
	for _, it := range x.from("", len(model)+1) {
		keys = append(keys, it.entry.Key)
	}
	if len(keys) != len(model) || !slices.IsSorted(keys) {
		t.Errorf("%d keys, want %d, in order", len(keys), len(model))
	}
	for _, p := range x.pages {
		if len(p) == 0 || len(p) > pageSize {
			t.Errorf("a page of %d items", len(p))
		}
	}
	for range 1000 {
		from := fmt.Sprintf("%x", rng.IntN(7000))
		at, _ := slices.BinarySearch(keys, from)
		want := keys[at:min(at+5, len(keys))]
		var got []string
		for _, it := range x.from(from, 5) {
			got = append(got, it.entry.Key)
		}
		if !slices.Equal(got, want) {
			t.Fatalf("from(%q): %q, want %q", from, got, want)
		}
	}
}

func open(t *testing.T, raw string, create bool) (core.Backend, error) {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return Open(t.Context(), u, core.Env{Create: create})
}

func TestOpenFindsATreeByItsName(t *testing.T) {
	if _, err := open(t, "mem://open-test", false); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a tree that nobody made: %v, want fs.ErrNotExist", err)
	}
	a, err := open(t, "mem://open-test", true)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Put(t.Context(), core.Entry{Key: "d/f", Kind: core.File, Size: 1}, strings.NewReader("x"), nil); err != nil {
		t.Fatal(err)
	}
	again, err := open(t, "mem://open-test", false)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := again.Stat(t.Context(), "d/f"); err != nil {
		t.Errorf("the same name again: %v", err)
	}
	for _, raw := range []string{"mem://open-test/d", "mem://open-test/d/"} {
		sub, err := open(t, raw, false)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := sub.Stat(t.Context(), "f"); err != nil {
			t.Errorf("%s: %v", raw, err)
		}
	}
}

func TestOpenGivesTheCause(t *testing.T) {
	for raw, want := range map[string]string{
		"mem://": "a name is missing", "mem://x?region=y": "no parameters", "mem://x#y": "no parameters", "mem://x/a//b": "empty segment",
	} {
		if _, err := open(t, raw, true); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q in it", raw, err, want)
		}
	}
}

func TestPlantedOthersAreLeftAlone(t *testing.T) {
	m := New()
	m.Plant(core.Entry{Key: "../x", Kind: core.Other, Problem: errors.New("a key that no path can express")}, nil)
	e, err := m.Stat(t.Context(), "../x")
	if err != nil || e.Kind != core.Other {
		t.Fatalf("Stat: %+v, %v", e, err)
	}
	if err := m.Delete(t.Context(), e); !errors.Is(err, core.ErrConflict) {
		t.Errorf("Delete: %v, want core.ErrConflict", err)
	}
	m.Plant(core.Entry{Key: "o", Kind: core.Other}, nil)
	if _, err := m.Put(t.Context(), core.Entry{Key: "o", Kind: core.File}, strings.NewReader(""), nil); !errors.Is(err, core.ErrConflict) {
		t.Errorf("Put: %v, want core.ErrConflict", err)
	}
	if m.Len() != 2 {
		t.Errorf("%d entries, want 2", m.Len())
	}
}

// TestAPageIsNotProved checks that a file is not taken for the link whose page
// it is, nor the link for the file.
func TestAPageIsNotProved(t *testing.T) {
	o := NewOpaque(All)
	target := core.Target{Key: "f"}
	content := []byte(linkPage(target))
	o.Plant(core.Entry{Key: "l", Kind: core.Link, Target: target}, nil)
	o.Plant(core.Entry{Key: "f", Kind: core.File}, content)
	for have, err := range o.List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		file := core.Evidence{Kind: core.File, Size: have.Size, MD5: core.SumMD5(content), Head: content}
		if !have.MaybeLink || o.Proves(have, file) {
			t.Errorf("%+v proves a file that may be a link", have)
		}
		if !o.Proves(have, core.Evidence{Kind: core.Link, Target: target}) {
			t.Errorf("%+v does not prove the link", have)
		}
	}
}

func BenchmarkConformance(b *testing.B) {
	conformance.Benchmark(b, func(testing.TB) core.Backend { return New() })
}

// BenchmarkIndex inserts 100,000 keys, in order and at random.
func BenchmarkIndex(b *testing.B) {
	for _, how := range []string{"in order", "at random"} {
		b.Run(how, func(b *testing.B) {
			perm := rand.New(rand.NewPCG(1, 2)).Perm(100_000)
			for b.Loop() {
				var x index
				for i, r := range perm {
					if how == "in order" {
						r = i
					}
					x.set(&item{entry: core.Entry{Key: fmt.Sprintf("%08d", r)}})
				}
			}
		})
	}
}
