package kit

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/s3fc/s3fc/core"
)

// dirs is a store for a walk: the names in each directory, with a slash behind
// those of directories. bad are keys that fail, and gone keys that went away.
type dirs struct {
	names map[string][]string
	bad   map[string]error
	open  []string // directories that are open
}

func (d *dirs) ReadDir(_ context.Context, dir string) ([]Item[int], error) {
	if err := d.bad[dir+"/"]; err != nil {
		return nil, err
	}
	var items []Item[int]
	for i, name := range d.names[dir] {
		name, isDir := strings.CutSuffix(name, "/")
		items = append(items, Item[int]{Name: name, Dir: isDir, Info: i})
	}
	return items, nil
}

func (d *dirs) OpenDir(_ context.Context, dir, key string, it *Item[int]) (string, error) {
	if err := d.bad[key]; err != nil {
		return "", err
	}
	if key != Join(dir, it.Name) {
		return "", fmt.Errorf("%s in %s has the key %s", it.Name, dir, key)
	}
	d.open = append(d.open, key)
	return key, nil
}

func (d *dirs) CloseDir(dir string) {
	if n := len(d.open) - 1; n < 0 || d.open[n] != dir {
		panic("closed " + dir + ", and open are " + fmt.Sprint(d.open))
	}
	d.open = d.open[:len(d.open)-1]
}

func (d *dirs) Entry(_ context.Context, _, key string, it *Item[int]) (core.Entry, error) {
	if err := d.bad[key]; err != nil {
		return core.Entry{}, err
	}
	return core.Entry{Key: key, Kind: core.File, Size: int64(it.Info)}, nil
}

// listed returns the keys that a listing yields, with their errors.
func listed(t *testing.T, w *Walk[string, int], after string) []string {
	t.Helper()
	var got []string
	for e, err := range w.List(t.Context(), ".", after) {
		if err == nil {
			got = append(got, e.Key)
			continue
		}
		key, _ := core.ErrorKey(err)
		got = append(got, fmt.Sprintf("%s?%v", key, errors.Unwrap(err)))
	}
	return got
}

func TestWalkIsInKeyOrderAfterEveryKey(t *testing.T) {
	temp := TempName("")
	store := &dirs{names: map[string][]string{
		".": {"a0", "a/", "a.txt", "a-b", "ab/", "z", temp, temp + "x/", "empty/"},
		"a": {"1", "b/", "b-"}, "a/b": {"c"}, "ab": {"d"}, temp + "x": {"y"},
	}}
	want := []string{temp + "x/y", "a-b", "a.txt", "a/1", "a/b-", "a/b/c", "a0", "ab/d", "z"}
	var temps Temps
	for _, withDirs := range []bool{false, true} {
		w := &Walk[string, int]{Store: store, Name: "test", Temps: &temps, Dirs: withDirs}
		want := want
		if withDirs {
			want = []string{temp + "x/", temp + "x/y", "a-b", "a.txt", "a/", "a/1", "a/b-", "a/b/", "a/b/c", "a0", "ab/", "ab/d", "empty/", "z"}
		}
		for i := range len(want) + 1 {
			after := ""
			if i > 0 {
				after = want[i-1]
			}
			if got := listed(t, w, after); !slices.Equal(got, want[i:]) {
				t.Errorf("after %q\n got %q\nwant %q", after, got, want[i:])
			}
		}
	}
	if got := temps.take(); len(got) != 1 || !got[temp] {
		t.Errorf("noted %v", got)
	}
	if len(store.open) > 0 {
		t.Errorf("left open: %v", store.open)
	}
	w := &Walk[string, int]{Store: store}
	if got := slices.Collect(w.Keys(t.Context(), ".")); !slices.Equal(got, want) {
		t.Errorf("keys: got %q", got)
	}
}

func TestWalkReportsErrorsByKeyAndGoesOn(t *testing.T) {
	no := errors.New("no")
	store := &dirs{
		names: map[string][]string{".": {"a", "b/", "c/", "d", "e", "f/", "g"}, "b": {"x"}, "c": {"x"}, "f": {"x"}},
		bad:   map[string]error{"a": no, "b": no, "c/": no, "e": fs.ErrNotExist, "f": fs.ErrNotExist},
	}
	w := &Walk[string, int]{Store: store, Name: "test"}
	if got, want := listed(t, w, ""), []string{"a?no", "b?no", "c?no", "d", "g"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := slices.Collect(w.Keys(t.Context(), ".")), []string{"a", "d", "e", "g"}; !slices.Equal(got, want) {
		t.Errorf("keys: got %q, want %q", got, want)
	}
	store.bad["./"] = no
	if got, want := listed(t, w, ""), []string{"?no"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestWalkOfALargeDirectory(t *testing.T) {
	names := []string{"sub/"}
	for i := range 3*batchSize + 7 {
		names = append(names, fmt.Sprintf("f%05d", i))
	}
	store := &dirs{names: map[string][]string{".": names, "sub": names[1:]}, bad: map[string]error{"f00300": errors.New("no"), "f00301": fs.ErrNotExist}}
	var all [][]string
	for _, workers := range []int{0, 1, 3, 64} {
		w := &Walk[string, int]{Store: store, Workers: workers}
		all = append(all, listed(t, w, ""))
		if got := listed(t, w, "f00400"); !slices.Equal(got, all[0][401-1:]) {
			t.Errorf("%d workers: after f00400 come %q", workers, got[:3])
		}
	}
	for i, got := range all {
		if !slices.Equal(got, all[0]) || len(got) != 2*(len(names)-1)-1 {
			t.Errorf("%d: got %d keys", i, len(got))
		}
	}
}

func TestWalkEntersNothingThatIsHidden(t *testing.T) {
	store := &dirs{names: map[string][]string{".": {"a/", "b/", "c"}, "a": {"x"}, "b": {"y"}}}
	w := &Walk[string, int]{Store: store, Hidden: func(key string) bool { return key == "a/" }, Dirs: true, NoDirs: func(dir string) bool { return dir == "b" }}
	if got, want := listed(t, w, ""), []string{"b/y", "c"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestWalkEndsWithItsContextAndItsCaller(t *testing.T) {
	store := &dirs{names: map[string][]string{".": {"a/", "b"}, "a": {"x", "y"}}}
	w := &Walk[string, int]{Store: store}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var last error
	n := 0
	for _, err := range w.List(ctx, ".", "") {
		cancel()
		last = err
		n++
	}
	if !errors.Is(last, context.Canceled) || n != 2 {
		t.Errorf("%d entries, then %v", n, last)
	}
	for range w.List(t.Context(), ".", "") { //nolint:errcheck // Only the walk counts.
		break
	}
	if len(store.open) > 0 {
		t.Errorf("left open: %v", store.open)
	}
}
