// Package shard divides one copy into independent tasks, so that many machines can
// carry it out: the tasks of a Slurm or AWS Batch array, of a Kubernetes Indexed Job,
// or of GNU parallel.
//
// The tasks share no process, lock or queue. Their state is a tree R, in any store
// that refuses to create an entry that exists:
//
//	run.json       the two trees, the options, the cuts; its hash names the run
//	plan/I         the plan of shard I: a saved plan, for one range of keys
//	head/I         its totals, and the hash of plan/I
//	verdict.json   the hash of every plan, made once the guards passed on the sum
//	try/STEP/I/N   attempt N of a task, with the requests that it may send
//	events/PHASE/I/N  the outcomes of an attempt that ended, a line for each entry
//	done/PHASE/I   the outcome of a task that ended
//	gate/PHASE     every outcome of the phase before PHASE is there, and none failed
//	report.json    the sum of all outcomes: the run has ended
//	removable.txt  the keys of all records that are of no use any more
//
// Each entry but done/ is created once and never changed. The engine only orders the
// tasks; the gates make the order safe: a task that comes too early, or that belongs
// to another run, writes nothing and returns an error that is [ErrNotNow].
package shard
