//go:build !android && !portable

package localfs

import (
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A time is set as the file system itself would set it, also if it does not fit
// into nanoseconds from 1970.
func TestTimesAreThoseThatTheFileSystemCanKeep(t *testing.T) {
	tr, dir := newTree(t)
	for _, year := range []int{1500, 1902, 2262, 2263, 2300, 2446, 5000, 20000} {
		want := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)
		at, err := unix.TimeToTimespec(want)
		if err != nil {
			continue // a machine of 32 bits
		}
		write(t, dir, "own")
		p := filepath.Join(dir, "own")
		if err := unix.UtimesNanoAt(unix.AT_FDCWD, p, []unix.Timespec{at, at}, 0); err != nil {
			t.Fatal(err)
		}
		var st unix.Stat_t
		if err := unix.Stat(p, &st); err != nil {
			t.Fatal(err)
		}
		if got := putAt(t, tr, want); got.Unix() != int64(st.Mtim.Sec) { //nolint:unconvert // Its type differs between machines.
			t.Errorf("%d: got %v, want %v", year, got, time.Unix(int64(st.Mtim.Sec), 0).UTC()) //nolint:unconvert // As above.
		}
	}
}
