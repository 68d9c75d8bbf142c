package sortedrun_test

import (
	"cmp"
	"maps"
	"os"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/s3fc/s3fc/internal/sortedrun"
)

// value is compared by Key alone; Number tells equal ones apart.
type value struct {
	Key    string
	Number int
}

func byKey(a, b *value) int { return cmp.Compare(a.Key, b.Key) }

type source []value

func (s *source) Next() (v *value, ok bool) {
	if len(*s) == 0 {
		return nil, false
	}
	v, *s = &(*s)[0], (*s)[1:]
	return v, true
}

// wanted is the last value of each key, in order of key.
func wanted(values []value) (want []value) {
	last := make(map[string]value)
	for _, v := range values {
		last[v.Key] = v
	}
	return slices.SortedFunc(maps.Values(last), func(a, b value) int { return byKey(&a, &b) })
}

func TestMergeTakesTheLastOfEqualRecords(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		keys := rapid.SliceOfN(rapid.SliceOfDistinct(rapid.StringMatching(`[a-d]{1,2}`), rapid.ID[string]), 0, 6).Draw(t, "keys")
		var all, got []value
		var sources []sortedrun.Source[*value]
		for n, list := range keys {
			slices.Sort(list)
			s := new(source)
			for _, k := range list {
				*s = append(*s, value{k, n})
			}
			all, sources = append(all, *s...), append(sources, s)
		}
		sortedrun.Merge(byKey, sources, func(v *value) bool {
			got = append(got, *v)
			return true
		})
		if want := wanted(all); !slices.Equal(got, want) {
			t.Fatalf("got %v, want %v", got, want)
		}
	})
}

func TestSorterSortsInMemoryAndOnDisk(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		keys := rapid.SliceOfN(rapid.StringMatching(`[a-d]{1,2}`), 0, 40).Draw(t, "keys")
		s := sortedrun.New(byKey, dir, rapid.IntRange(1, 12).Draw(t, "bound"))
		defer s.Close()
		var all, got []value
		for n, k := range keys {
			all = append(all, value{k, n})
			if err := s.Add(value{k, n}); err != nil {
				t.Fatal(err)
			}
		}
		for v, err := range s.All() {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, v)
		}
		if want := wanted(all); !slices.Equal(got, want) {
			t.Fatalf("got %v, want %v", got, want)
		}
	})
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("%d files are left, %v", len(left), err)
	}
}

// broken cannot be read back.
type broken struct{ Key string }

func (*broken) UnmarshalJSON([]byte) error { return os.ErrInvalid }

func TestSorterReportsARunThatCannotBeReadBack(t *testing.T) {
	s := sortedrun.New(func(a, b *broken) int { return cmp.Compare(a.Key, b.Key) }, t.TempDir(), 1)
	defer s.Close()
	if err := s.Add(broken{"a"}); err != nil {
		t.Fatal(err)
	}
	n, failed := 0, 0
	for _, err := range s.All() {
		if n++; err != nil {
			failed++
		}
	}
	if n != 1 || failed != 1 {
		t.Errorf("%d values, %d errors, want the error alone", n, failed)
	}
}

func TestSorterStopsWithItsConsumer(t *testing.T) {
	s := sortedrun.New(byKey, t.TempDir(), 2)
	defer s.Close()
	for _, k := range []string{"c", "a", "d", "b", "e"} {
		if err := s.Add(value{Key: k}); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for v, err := range s.All() {
		if err != nil {
			t.Fatal(err)
		}
		if got = append(got, v.Key); len(got) == 2 {
			break
		}
	}
	if !slices.Equal(got, []string{"a", "b"}) {
		t.Error(got)
	}
}
