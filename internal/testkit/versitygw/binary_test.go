package versitygw

import (
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
)

func TestMustRun(t *testing.T) {
	for _, c := range []struct {
		ci, must string
		want     bool
	}{{"", "", false}, {"true", "", true}, {"false", "", false}, {"", "versitygw", true}, {"", "other, versitygw", true}, {"", "versitygw2", false}} {
		t.Setenv("CI", c.ci)
		t.Setenv("S3FC_MUST_RUN", c.must)
		if got := mustRun(); got != c.want {
			t.Errorf("CI=%q S3FC_MUST_RUN=%q: got %t, want %t", c.ci, c.must, got, c.want)
		}
	}
}

func TestLockIsHeldByOne(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	var inside atomic.Int32
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			unlock, err := lock(path)
			if err != nil {
				t.Error(err)
				return
			}
			if n := inside.Add(1); n != 1 {
				t.Errorf("%d hold the lock", n)
			}
			inside.Add(-1)
			unlock()
		})
	}
	wg.Wait()
}
