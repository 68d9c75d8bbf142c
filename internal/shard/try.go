package shard

import (
	"context"
	"fmt"
	"strconv"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/reconcile"
)

// A Try is one attempt of a task.
type Try struct {
	Run string `json:"run"`
	// Requests is the most that the attempt may send.
	Requests int64 `json:"requests"`
}

// maxTries bounds the attempts of one task: engines retry a few times.
const maxTries = 1000

func tryKey(p reconcile.Phase, i, n int) string {
	return "try/" + p.String() + "/" + strconv.Itoa(i) + "/" + strconv.Itoa(n)
}

// begin records an attempt of a task and returns the requests that it may send. The
// first attempt has the task's need and half of its share; each later one has at
// most the need, and half of the rest of the share, until nothing is left. So all
// attempts of a task together never pass its need and its share, and need no other
// task's record to know it.
func begin(ctx context.Context, s state, r *Run, p reconcile.Phase, i int, need, share int64) (int64, error) {
	left := share
	for n := range maxTries {
		allowance := need + left/2
		if n > 0 {
			allowance = min(need+left/2, left)
		}
		if allowance <= 0 && need > 0 {
			return 0, fmt.Errorf("%w: attempt %d of shard %d has no requests left; the run's limit is %d", core.ErrBudget, n+1, i, r.MaxRequests)
		}
		created, err := s.createJSON(ctx, tryKey(p, i, n), Try{r.ID(), allowance})
		if err != nil {
			return 0, err
		}
		if created {
			return allowance, nil
		}
		var was Try
		if _, err := s.readJSON(ctx, tryKey(p, i, n), &was); err != nil {
			return 0, err
		}
		if was.Run != r.ID() {
			return 0, notNow("%s is of another run", tryKey(p, i, n))
		}
		left -= was.Requests
		if n == 0 {
			left += need
		}
	}
	return 0, fmt.Errorf("shard %d was attempted %d times", i, maxTries)
}
