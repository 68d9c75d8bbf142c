package cache

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/s3fc/s3fc/core"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var quiet = slog.New(slog.DiscardHandler)

func sumOf(key string) *record {
	return &record{version: version{size: int64(len(key)), token: "token of " + key}, kind: core.File, md5: core.SumMD5([]byte(key))}
}

// knows checks that a store remembers sumOf of a key, or not.
func knows(t testing.TB, s *Store, key string, want bool) {
	t.Helper()
	var r record
	ok := s.recall(key, sumOf(key).version, &r)
	if ok != want || ok && r != *sumOf(key) {
		t.Errorf("%q: remembered %v as %+v, want %v", key, ok, r, want)
	}
}

// keep remembers the keys in one run.
func keep(t testing.TB, dir string, keys ...string) {
	t.Helper()
	s := Open(dir, "tree", quiet)
	for _, k := range keys {
		s.remember(k, sumOf(k))
		knows(t, s, k, true)
	}
	s.Close()
	s.Close() // does nothing
}

func entriesOf(t testing.TB, dir string) (n int64) {
	t.Helper()
	all, err := Memories(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range all {
		if m.Err != nil {
			t.Errorf("%s: %v", m.Tree, m.Err)
		}
		n += m.Entries
	}
	return n
}

func TestRunsRemember(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made", "when needed")
	keep(t, dir, "a", "b/c")
	keep(t, dir, "b", "b/c", strings.Repeat("k", 1024))
	s := Open(dir, "tree", quiet)
	for _, k := range []string{"a", "b", "b/c", strings.Repeat("k", 1024)} {
		knows(t, s, k, true)
	}
	knows(t, s, "c", false)
	if s.recall("a", version{size: 1, token: "another token"}, new(record)) {
		t.Error("another version of an entry is taken for the one that is known")
	}
	s.Close()
	other := Open(dir, "other tree", quiet)
	knows(t, other, "a", false)
	other.Close()
	if n := entriesOf(t, dir); n != 4 {
		t.Errorf("%d entries, want 4", n)
	}
}

// TestMuchIsFoundOut checks that facts beyond the memory go through sorted files,
// which are removed.
func TestMuchIsFoundOut(t *testing.T) {
	dir := t.TempDir()
	s := Open(dir, "tree", quiet)
	s.bound = 10 * freshCost
	const n = 1000
	for i := range n {
		k := fmt.Sprintf("key %d", i*7919%n)
		s.remember(k, &record{version: version{token: "old"}, kind: core.File}) // and later again
		s.remember(k, sumOf(k))
	}
	if len(s.runs) == 0 || len(s.runs) >= 2*sameRuns || len(s.fresh) > 10 {
		t.Errorf("%d runs, %d in memory", len(s.runs), len(s.fresh))
	}
	if names, err := os.ReadDir(dir); err != nil || len(names) > 0 {
		t.Errorf("temporary files have names: %v, %v", names, err)
	}
	s.Close()
	s = Open(dir, "tree", quiet)
	for i := range n {
		knows(t, s, fmt.Sprintf("key %d", i), true)
	}
	s.Close()
	if n := entriesOf(t, dir); n != 1000 {
		t.Errorf("%d entries, want 1000", n)
	}
}

// visit is a listing of the keys that is whole, or not.
func visit(s *Store, whole bool, keys ...string) {
	sc := s.scan()
	for _, k := range keys {
		sc.recall(k, sumOf(k).version, new(record))
	}
	sc.end(whole)
}

// TestMissingEntriesAreForgotten checks that entries missing from a whole listing are
// removed once something is written anyhow or there are many, and that a cut
// listing forgets none.
func TestMissingEntriesAreForgotten(t *testing.T) {
	dir := t.TempDir()
	keep(t, dir, "a", "b", "c")
	run := func(whole bool, add string) {
		s := Open(dir, "tree", quiet)
		visit(s, whole, "a", "c")
		if add != "" {
			s.remember(add, sumOf(add))
		}
		s.Close()
	}
	run(false, "d")
	if n := entriesOf(t, dir); n != 4 {
		t.Errorf("after a cut listing: %d entries, want 4", n)
	}
	run(true, "")
	if n := entriesOf(t, dir); n != 4 {
		t.Errorf("after a listing with little to forget: %d entries, want 4", n)
	}
	run(true, "e")
	if n := entriesOf(t, dir); n != 3 {
		t.Errorf("after a whole listing: %d entries, want a, c and e", n)
	}
	var many []string
	for i := range 500 {
		many = append(many, fmt.Sprintf("many/%d", i))
	}
	keep(t, dir, many...)
	run(true, "")
	if n := entriesOf(t, dir); n != 2 {
		t.Errorf("after a listing with much to forget: %d entries, want a and c", n)
	}
}

// TestUnchangedRunWritesNothing checks that a run that finds out nothing leaves
// the file as it is, but for saying once a day that it is in use.
func TestUnchangedRunWritesNothing(t *testing.T) {
	dir := t.TempDir()
	keep(t, dir, "a", "b")
	path := filepath.Join(dir, fileName("tree"))
	for _, c := range []struct{ age, want time.Duration }{{time.Hour, time.Hour}, {25 * time.Hour, 0}} {
		then := time.Now().Add(-c.age)
		if err := os.Chtimes(path, then, then); err != nil {
			t.Fatal(err)
		}
		before, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		s := Open(dir, "tree", quiet)
		visit(s, true, "a", "b")
		s.Close()
		after, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if age := time.Since(after.ModTime()); !os.SameFile(before, after) || age < c.want || age > c.want+time.Minute {
			t.Errorf("of age %s: same file %v, and now of age %s", c.age, os.SameFile(before, after), age)
		}
	}
}

// TestNothingIsNeeded checks that whatever is wrong with the directory or the
// file, a run goes on, and leaves a good file if it can.
func TestNothingIsNeeded(t *testing.T) {
	file := func(content string) func(t *testing.T, dir, path string) string {
		return func(t *testing.T, dir, path string) string {
			t.Helper()
			if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			return dir
		}
	}
	var other bytes.Buffer
	w := newWriter(&other, "another tree")
	if err := w.finish(); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		spoil func(t *testing.T, dir, path string) string
		heals bool
	}{
		"missing":         {func(_ *testing.T, dir, _ string) string { return filepath.Join(dir, "x", "y") }, true},
		"empty":           {file(""), true},
		"nonsense":        {file(strings.Repeat("nonsense ", 100)), true},
		"of another tree": {file(other.String()), true},
		"newer":           {file(strings.Repeat("x", 100) + magic[:len(magic)-1] + "2"), false},
		"a file where the directory should be": {func(t *testing.T, dir, path string) string {
			t.Helper()
			return filepath.Join(file("x")(t, dir, path), fileName("tree"))
		}, false},
		"a directory where the file should be": {func(t *testing.T, dir, path string) string {
			t.Helper()
			if err := os.Mkdir(path, 0o700); err != nil {
				t.Fatal(err)
			}
			return dir
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			dir = c.spoil(t, dir, filepath.Join(dir, fileName("tree")))
			s := Open(dir, "tree", quiet)
			visit(s, true, "a")
			s.remember("a", sumOf("a"))
			s.Close()
			s = Open(dir, "tree", quiet)
			knows(t, s, "a", c.heals)
			s.Close()
		})
	}
}

// TestDamageInTheMiddle checks that entries behind a damaged block are read again.
func TestDamageInTheMiddle(t *testing.T) {
	dir := t.TempDir()
	var keys []string
	for i := range 5000 {
		keys = append(keys, fmt.Sprintf("key %04d", i))
	}
	keep(t, dir, keys...)
	path := filepath.Join(dir, fileName("tree"))
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 1
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	s := Open(dir, "tree", quiet)
	sc := s.scan()
	known := 0
	for _, k := range keys {
		var r record
		ok := sc.recall(k, sumOf(k).version, &r)
		if ok {
			known++
		}
		if ok && r != *sumOf(k) {
			t.Fatalf("%s is remembered as %+v", k, r)
		}
		s.remember(k, sumOf(k))
	}
	sc.end(true)
	s.Close()
	if known == 0 || known == len(keys) {
		t.Errorf("%d of %d are known; want those before the damage", known, len(keys))
	}
	if n := entriesOf(t, dir); n != 5000 {
		t.Errorf("%d entries after the next run, want 5000", n)
	}
}

// TestSeveralAtOnce checks that stores of one tree, as in several processes,
// leave a whole file, which is that of the last.
func TestSeveralAtOnce(t *testing.T) {
	dir := t.TempDir()
	keep(t, dir, "common")
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 10 {
				s := Open(dir, "tree", quiet)
				knows(t, s, "common", true)
				k := fmt.Sprintf("%d/%d", i, j)
				visit(s, true, "common")
				s.remember(k, sumOf(k))
				s.Close()
			}
		})
	}
	wg.Wait()
	s := Open(dir, "tree", quiet)
	knows(t, s, "common", true)
	s.Close()
	if n := entriesOf(t, dir); n != 2 {
		t.Errorf("%d entries, want common and one of the last", n)
	}
	if left, err := filepath.Glob(filepath.Join(dir, "*"+tempSuffix)); len(left) > 0 || err != nil {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// TestStoreIsSafeForConcurrentUse is for the race detector.
func TestStoreIsSafeForConcurrentUse(t *testing.T) {
	dir := t.TempDir()
	keep(t, dir, "a", "b", "c")
	s := Open(dir, "tree", quiet)
	s.bound = 5 * freshCost
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for j := range 50 {
				k := fmt.Sprintf("%d/%d", i, j)
				s.remember(k, sumOf(k))
				visit(s, i == 0, "a", "b", "c", k)
				knows(t, s, "b", true)
			}
		})
	}
	wg.Wait()
	s.Close()
	if n := entriesOf(t, dir); n != 203 {
		t.Errorf("%d entries, want 203", n)
	}
}

// TestClearAndSweepKeepToTheirOwn checks that other people's files stay.
func TestClearAndSweepKeepToTheirOwn(t *testing.T) {
	dir := t.TempDir()
	keep(t, dir, "a")
	old := time.Now().Add(-2 * unusedFor)
	for name, at := range map[string]time.Time{
		"theirs": old, "unused" + fileSuffix: old, "left" + tempSuffix: old,
		"used" + fileSuffix: time.Now(), "busy" + tempSuffix: time.Now(),
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	names := func() string {
		all, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		var s []string
		for _, e := range all {
			s = append(s, e.Name())
		}
		return strings.Join(s, " ")
	}
	keep(t, dir, "b")
	own := fileName("tree")
	if got, want := names(), strings.Join(slices.Sorted(slices.Values([]string{own, "busy" + tempSuffix, "theirs", "used" + fileSuffix})), " "); got != want {
		t.Errorf("after a sweep: %s, want %s", got, want)
	}
	if all, err := Memories(dir); err != nil || len(all) != 2 {
		t.Errorf("%+v, %v; want two, one of them damaged", all, err)
	}
	if err := Clear(dir); err != nil || names() != "theirs" {
		t.Errorf("after Clear: %s, %v; want theirs", names(), err)
	}
	if err := Clear(filepath.Join(dir, "none")); err != nil {
		t.Errorf("Clear of nothing: %v", err)
	}
}
