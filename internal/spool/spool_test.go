package spool_test

import (
	"os"
	"slices"
	"testing"

	"github.com/s3fc/s3fc/internal/spool"
)

func all(t *testing.T, s *spool.Spool[string]) (got []string) {
	t.Helper()
	for v, err := range s.All() {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, v)
	}
	return got
}

func TestSpoolReadsBackInMemoryAndOnDisk(t *testing.T) {
	want := []string{"a", "", "c\n", "é", "e"}
	for _, bound := range []int{0, 1, 4, 5, 100} {
		dir := t.TempDir()
		s := spool.New[string](dir, bound)
		for _, v := range want {
			if err := s.Add(v); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 {
			if got := all(t, s); !slices.Equal(got, want) {
				t.Errorf("bound %d: got %q, want %q", bound, got, want)
			}
		}
		if s.Count() != int64(len(want)) {
			t.Errorf("bound %d: %d values are counted", bound, s.Count())
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("bound %d: %v is left, %v", bound, left, err)
		}
	}
}

func TestSpoolReportsAPlaceThatCannotBeWritten(t *testing.T) {
	s := spool.New[string](t.TempDir()+"/gone", 1)
	if err := s.Add("in memory"); err != nil {
		t.Fatal(err)
	}
	if err := s.Add("on disk"); err == nil {
		t.Error("a value was added to a file that cannot be made")
	}
}
