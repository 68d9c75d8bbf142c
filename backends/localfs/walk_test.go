//go:build unix

package localfs

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/kit"
	"github.com/s3fc/s3fc/internal/testkit/long"
)

func TestListIsInKeyOrder(t *testing.T) {
	tr, dir := newTree(t)
	write(t, dir, "a/1", "a/2", "a-b", "a.txt", "a0", "é", "Z", "b/a.b/x", "b/a/x", "b/a-/x", "empty/")
	want := []string{"Z", "a-b", "a.txt", "a/1", "a/2", "a0", "b/a-/x", "b/a.b/x", "b/a/x", "é"}
	equal(t, "list", shown(t, tr), want)
}

// randomTree makes files, links and empty directories of names that sort
// around the slash.
func randomTree(t *testing.T, dir string, r *rand.Rand) (keys []string) {
	t.Helper()
	names := []string{"a", "a-", "a.", "a0", "b", "a-b", "é", " ", "A", "~", "a+"}
	taken := map[string]bool{}
	for range r.IntN(40) {
		var key string
		ok := true
		for range 1 + r.IntN(4) {
			ok = ok && !taken[key]
			key = join2(key, names[r.IntN(len(names))])
		}
		if !ok || taken[key] || slices.ContainsFunc(keys, func(k string) bool { return core.Below(k, key) }) {
			continue
		}
		taken[key] = true
		keys = append(keys, key)
		name := key
		if r.IntN(5) == 0 {
			name += " -> nowhere"
		}
		write(t, dir, name)
	}
	slices.Sort(keys)
	return keys
}

func join2(dir, name string) string {
	if dir == "" {
		return name
	}
	return dir + "/" + name
}

func TestListOfRandomTreesAfterEveryKey(t *testing.T) {
	for seed := range uint64(25) {
		r := rand.New(rand.NewPCG(seed, 1))
		tr, dir := newTree(t)
		keys := randomTree(t, dir, r)
		afters := append([]string{"", "a/", "a", "a/a/a", "zzz", "a-/"}, keys...)
		for _, k := range keys {
			afters = append(afters, k+"\x00", k+"/", k[:len(k)-1])
		}
		for _, after := range afters {
			var got []string
			for e, err := range tr.List(t.Context(), after) {
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, e.Key)
			}
			i, _ := slices.BinarySearch(keys, after+"\x00")
			if !slices.Equal(got, keys[i:]) {
				t.Fatalf("seed %d, after %q\n got %q\nwant %q", seed, after, got, keys[i:])
			}
		}
	}
}

func TestListOfALargeDirectory(t *testing.T) {
	long.Only(t)
	tr, dir := newTree(t)
	var want []string
	for i := range 3*256 + 7 {
		want = append(want, fmt.Sprintf("d/f%05d", i))
	}
	write(t, dir, want...)
	equal(t, "all", shown(t, tr), want)
	var got []string
	for e, err := range tr.List(t.Context(), "d/f00300") {
		if err != nil {
			t.Fatal(err)
		}
		if got = append(got, e.Key); len(got) == 300 {
			break
		}
	}
	equal(t, "a part", got, want[301:601])
}

func TestListEntries(t *testing.T) {
	tr, dir := newTree(t)
	write(t, dir, "f", "l -> f")
	got := list(t, tr)
	if len(got) != 2 {
		t.Fatalf("got %v", got)
	}
	f, l := got[0], got[1]
	if f.Kind != core.File || !f.Partial || f.MaybeLink || f.Size != 1 || f.MD5.Known() || f.ModTime.IsZero() || f.Token == "" {
		t.Errorf("got file %+v", f)
	}
	if l.Kind != core.Link || l.Partial || l.Token == "" || l.Target != (core.Target{Key: "f", Dir: core.NotDir}) {
		t.Errorf("got link %+v", l)
	}
	for _, e := range got {
		st := stat(t, tr, e.Key)
		if e.Partial = false; e != st {
			t.Errorf("listed %+v, Stat %+v", e, st)
		}
	}
}

func TestListOthers(t *testing.T) {
	tr, dir := newTree(t)
	temp := kit.TempName("")
	write(t, dir, "new\nline", "bad\xff", "dir\x01/x/y", temp, "sub/"+kit.TempName(""), "ok", ".s3fc-notes.tmp", "d/"+kit.TempName("")+"/x")
	write(t, dir, kit.TempName("")+" -> x")
	if err := syscall.Mkfifo(filepath.Join(dir, "fifo"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, e := range list(t, tr) {
		want := core.Other
		if e.Key == "ok" || e.Key == ".s3fc-notes.tmp" {
			want = core.File
		}
		if e.Kind != want || (e.Problem != nil) != (want == core.Other) || e.Token == "" {
			t.Errorf("got %+v", e)
		}
		if st := stat(t, tr, e.Key); st.Kind != want || st.Token != e.Token {
			t.Errorf("Stat got %+v", st)
		}
		if r, oe, err := tr.Open(t.Context(), e.Key); err != nil || oe.Kind != want || (r == nil) != (want == core.Other) {
			t.Errorf("Open got %v, %+v, %v", r, oe, err)
		} else if r != nil {
			_ = r.Close()
		}
	}
	if got := len(list(t, tr)); got != 7 {
		t.Errorf("got %d entries, want 7: %q", got, shown(t, tr))
	}
	for _, key := range []string{temp, "dir\x01/x/y", "dir\x01/x", "sub", "d"} {
		_, err := tr.Stat(t.Context(), key)
		if key == "dir\x01/x/y" {
			continue // below an Other; core never asks
		}
		isErr(t, "Stat "+key, err, fs.ErrNotExist)
	}
}

func TestListSortsAnInvalidDirectoryByItsName(t *testing.T) {
	tr, dir := newTree(t)
	write(t, dir, "a\x01/x", "a\x01-", "a\x01.", "a\x010")
	equal(t, "list", shown(t, tr), []string{"a\x01!", "a\x01-!", "a\x01.!", "a\x010!"})
}

func TestListOfARootThatIsTakenAwayIsAnError(t *testing.T) {
	tr, dir := newTree(t)
	write(t, dir, "a", "b/c", "d")
	n := 0
	var last error
	for _, err := range tr.List(t.Context(), "") {
		if last = err; n == 0 {
			if err := os.RemoveAll(dir); err != nil {
				t.Fatal(err)
			}
		}
		n++
	}
	isErr(t, "removed while listing", last, fs.ErrNotExist)
	for _, err := range tr.List(t.Context(), "") {
		isErr(t, "removed before", err, fs.ErrNotExist)
	}
	write(t, dir, "new")
	for _, err := range tr.List(t.Context(), "") {
		isErr(t, "replaced before", err, core.ErrChanged)
		if _, one := core.ErrorKey(err); one {
			t.Errorf("%v has a key, and must end the listing", err)
		}
	}
}

func TestListCancelledEndsWithTheContextsError(t *testing.T) {
	tr, dir := newTree(t)
	write(t, dir, "a", "b", "c")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var got []string
	var last error
	for e, err := range tr.List(ctx, "") {
		cancel()
		got, last = append(got, e.Key), err
	}
	isErr(t, "last", last, context.Canceled)
	equal(t, "keys", got, []string{"a", ""})
}

func TestListSeesADirectoryThatVanishes(t *testing.T) {
	tr, dir := newTree(t)
	write(t, dir, "a", "b/c", "b/d/e", "f", "g")
	var got []string
	for e, err := range tr.List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		if got = append(got, e.Key); e.Key == "a" {
			err = errors.Join(os.RemoveAll(filepath.Join(dir, "b")), os.Remove(filepath.Join(dir, "f")))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	equal(t, "list", got, []string{"a", "g"})
}

func TestListNeverYieldsOutOfOrderWhenKindsChange(t *testing.T) {
	tr, dir := newTree(t)
	write(t, dir, "a", "b/c", "b-", "x")
	var got []string
	for e, err := range tr.List(t.Context(), "") {
		if e.Key == "a" {
			if err := errors.Join(os.RemoveAll(filepath.Join(dir, "b")), writeOne(dir, "b")); err != nil {
				t.Fatal(err)
			}
		}
		if err != nil {
			isErr(t, e.Key, err, core.ErrChanged)
			e.Key += "?"
		}
		got = append(got, e.Key)
	}
	equal(t, "list", got, []string{"a", "b-", "b?", "x"})
}

func TestDeepTree(t *testing.T) {
	tr, dir := newTree(t)
	key := strings.Repeat("d/", 120) + "f"
	putFile(t, tr, key, "deep", nil)
	equal(t, "list", shown(t, tr), []string{key})
	if err := tr.Delete(t.Context(), stat(t, tr, key)); err != nil {
		t.Fatal(err)
	}
	equal(t, "on disk", onDisk(t, dir), nil)
}
