package reconcile

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestTheLastProgressBeforeAStandstillIsTold checks that what is counted just after a
// report is told a moment later, though nothing else happens, and nothing after the
// end.
func TestTheLastProgressBeforeAStandstillIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told []int64
		tally := &tally{onProgress: func(p Progress) { told = append(told, p.DoneBytes) }}
		for range 3 {
			tally.addBytes(1)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if len(told) != 2 || told[1] != 3 {
			t.Errorf("told: %v; want the first byte at once, and all three a moment later", told)
		}
		tally.addBytes(1)
		tally.addBytes(1)
		tally.closeProgress()
		time.Sleep(time.Second)
		synctest.Wait()
		if len(told) != 3 {
			t.Errorf("told: %v; want nothing after the end", told)
		}
	})
}
