//go:build unix

package localfs

import (
	"strings"
	"testing"
	"time"

	"github.com/s3fc/s3fc/core"
)

// A modification time is kept, or a remark says that it is not.
func TestTimesAreKeptOrTheirLossIsSaid(t *testing.T) {
	tr, _ := newTree(t)
	kept := 0
	for _, year := range []int{3, 1500, 1800, 1902, 2037, 2262, 2263, 2300, 2446, 5000, 9999, 20000} {
		got := putAt(t, tr, time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC))
		notes, err := tr.Finish(t.Context(), core.Done{})
		lost := got.Year() != year
		if err != nil || (len(notes) == 1 && strings.Contains(notes[0], ", 1 in all: k, of 1 January ")) != lost {
			t.Errorf("%d: the remark is %q, %v; the time was lost: %v", year, notes, err, lost)
		}
		if !lost {
			kept++
		}
	}
	if kept < 2 {
		t.Errorf("%d times are kept", kept)
	}
}

// putAt puts a file of this modification time, and returns the time that it has.
func putAt(t *testing.T, tr *Tree, mtime time.Time) time.Time {
	t.Helper()
	e := file("k", "x")
	e.ModTime = mtime
	var old *core.Entry
	if got, err := tr.Stat(t.Context(), "k"); err == nil {
		old = &got
	}
	got, err := tr.Put(t.Context(), e, strings.NewReader("x"), old)
	if err != nil {
		t.Fatal(err)
	}
	return got.ModTime.UTC()
}
