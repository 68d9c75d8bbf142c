package shard

import (
	"context"
	"errors"
	"fmt"
	"strconv"
)

// ErrNoRequests: the requests of the run are spent, or those of a task. Nothing was
// written.
var ErrNoRequests = errors.New("no requests left")

// A Try is one attempt of a task.
type Try struct {
	Run string `json:"run"`
	// Requests is the most that the attempt may send to the two trees.
	Requests int64 `json:"requests"`
}

// listing is the name of the step in which the plans are made.
const listing = "list"

// maxTries bounds the attempts of one task: engines retry a few times.
const maxTries = 1000

func tryKey(step string, i, n int) string {
	return "try/" + step + "/" + strconv.Itoa(i) + "/" + strconv.Itoa(n)
}

// begin records an attempt of a task, and returns its number and the requests that
// it may send: allowance tells them by the number, and is called for each in turn.
func begin(ctx context.Context, s state, r *Run, step string, i int, allowance func(n int) int64) (n int, requests int64, err error) {
	for n := range maxTries {
		requests := allowance(n)
		if requests <= 0 {
			return n, 0, fmt.Errorf("%w: shard %d has none left for attempt %d of its %s; the limit of the run is %d: begin a run with a greater --max-requests",
				ErrNoRequests, i, n+1, step, r.MaxRequests)
		}
		created, err := s.createJSON(ctx, tryKey(step, i, n), Try{r.ID(), requests})
		if err != nil || created {
			return n, requests, err
		}
		var was Try
		if _, err := s.readJSON(ctx, tryKey(step, i, n), &was); err != nil {
			return n, 0, err
		}
		if was.Run != r.ID() {
			return n, 0, notNow("%s is of another run", tryKey(step, i, n))
		}
	}
	return 0, 0, fmt.Errorf("shard %d was attempted %d times", i, maxTries)
}

// applyAllowance returns the allowances of a task that needs so many requests, and
// may send share besides, by the number of its attempt, from 0 on. The first has the
// need and half of the share; each later one has at most the need and half of the
// rest, until nothing is left. So all attempts together never pass the need and the
// share, and no task has to know of another.
func applyAllowance(need, share int64) func(n int) int64 {
	left := need + share
	return func(n int) int64 {
		now := need + share/2
		if n > 0 {
			now = min(need+left/2, left)
		}
		left -= now
		return now
	}
}

// listAllowance is the most requests that attempt n to list a shard may send: each
// has half of the attempt before. All of a shard together have its part of the limit.
func listAllowance(r *Run, n int) int64 {
	return r.MaxRequests / int64(r.Shards()) >> min(n+1, 62)
}
