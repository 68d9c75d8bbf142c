package wrap_test

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/s3fc/s3fc/backends/memory"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/wrap"
)

func putKeys(t *testing.T, b core.Backend, keys ...string) {
	t.Helper()
	for _, key := range keys {
		if _, err := b.Put(t.Context(), core.Entry{Key: key, Kind: core.File, Size: 1, MD5: core.SumMD5([]byte("x"))}, strings.NewReader("x"), nil); err != nil {
			t.Fatal(err)
		}
	}
}

// TestRangesOfATreeAreTheTree checks, for cuts at and between keys, that each entry
// is in just one range.
func TestRangesOfATreeAreTheTree(t *testing.T) {
	b := memory.NewOpaque(likeS3)
	all := []string{"a", "a-b", "a.txt", "a/1", "a/2", "a0", "b/c/d", "é"}
	putKeys(t, b, all...)
	for _, cuts := range [][]string{{}, {"a"}, {"a/"}, {"a/1", "a/1", "b"}, {"0", "zz", "\U0010ffff"}, {"a~", "b~"}} {
		var got []string
		for i := range len(cuts) + 1 {
			after, last := "", ""
			if i > 0 {
				after = cuts[i-1]
			}
			if i < len(cuts) {
				last = cuts[i]
			}
			r := wrap.Range(b, after, last)
			for e, err := range r.List(t.Context(), "") {
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, e.Key)
				if _, err := r.Stat(t.Context(), e.Key); err != nil {
					t.Errorf("cuts %q: %s is listed, and Stat says %v", cuts, e.Key, err)
				}
			}
		}
		if !slices.Equal(got, all) {
			t.Errorf("cuts %q: got %q, want %q", cuts, got, all)
		}
	}
}

func TestNothingOutsideARangeCanBeReachedOrChanged(t *testing.T) {
	b := memory.NewOpaque(likeS3)
	putKeys(t, b, "a", "m", "z")
	r := wrap.Range(b, "a", "m")
	for _, key := range []string{"a", "z"} {
		e := core.Entry{Key: key, Kind: core.File, Size: 1}
		if _, err := r.Stat(t.Context(), key); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("Stat %s: %v", key, err)
		}
		if _, _, err := r.Open(t.Context(), key); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("Open %s: %v", key, err)
		}
		if _, err := r.Put(t.Context(), e, strings.NewReader("y"), nil); !errors.Is(err, core.ErrUnsupportedKey) {
			t.Errorf("Put %s: %v", key, err)
		}
		if err := r.Delete(t.Context(), e); !errors.Is(err, core.ErrUnsupportedKey) {
			t.Errorf("Delete %s: %v", key, err)
		}
		if err := core.CheckPut(r, e); !errors.Is(err, core.ErrUnsupportedKey) {
			t.Errorf("CheckPut %s: %v", key, err)
		}
	}
	if _, is := core.As[core.Finisher](r); is {
		t.Error("a range takes last steps, which belong to the whole run")
	}
}

// TestARangeSaysWhereItsEntriesAre keeps copies within a store possible.
func TestARangeSaysWhereItsEntriesAre(t *testing.T) {
	b := memory.NewOpaque(likeS3)
	putKeys(t, b, "a", "m")
	o, ok := core.As[core.Originator](wrap.Range(b, "a", "m"))
	if !ok {
		t.Fatal("a range does not say where its entries are")
	}
	for key, want := range map[string]bool{"a": false, "m": true} {
		if tree, e, ok := o.Origin(core.Entry{Key: key}); ok != want || tree != core.Tree(b) || e.Key != key {
			t.Errorf("%s: %v, %v", key, e, ok)
		}
	}
}
