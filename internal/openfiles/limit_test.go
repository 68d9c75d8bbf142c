package openfiles

import "testing"

func TestJobsFitTheLimit(t *testing.T) {
	for _, tt := range []struct{ n, limit, jobs, idle int }{
		{128, 0, 128, 64},
		{128, 1 << 20, 128, 64},
		{128, 1024, 128, 64},
		{128, 256, 104, 16},
		{128, 64, 14, 4},
		{8, 64, 8, 4},
		{128, 20, 1, 4},
		{1, 1, 1, 4},
	} {
		if got := fit(tt.n, tt.limit); got != tt.jobs {
			t.Errorf("%d jobs, %d files: got %d, want %d", tt.n, tt.limit, got, tt.jobs)
		}
		if got := idle(tt.limit); got != tt.idle {
			t.Errorf("%d files: got %d idle directories, want %d", tt.limit, got, tt.idle)
		}
	}
}
