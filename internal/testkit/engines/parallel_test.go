package engines

import (
	"testing"

	"github.com/s3fc/s3fc/internal/testkit/long"
)

// TestParallel carries a copy out by GNU parallel, and kills one process in each of two
// phases.
func TestParallel(t *testing.T) {
	long.Only(t)
	need(t, "parallel")
	for name, fromBucket := range map[string]bool{"directory to bucket": false, "bucket to bucket": true} {
		t.Run(name, func(t *testing.T) {
			const shards = "4"
			entries := 12_000 // more pages than the report may have requests
			if fromBucket {
				entries = 2_000
			}
			l := newLab(t, entries)
			l.inBuckets(fromBucket)
			l.requests.take()
			l.copyPlain()
			plain := l.requests.take()
			l.killing("files 1", "pages 2")
			l.run("bash", example(t, "parallel/run.sh"), shards, "2", l.state, l.src, l.dst)
			divided := l.requests.take()
			if !l.killed("files 1") || !l.killed("pages 2") {
				t.Error("nothing was killed")
			}
			l.equal()
			l.compareRequests(divided, plain, 4, entries, 2)
			if !l.record("report.json") || !l.record("try/files/1/1") {
				t.Error("a record is missing")
			}
			if out, code := l.try(t.Context(), nil, "s3fc", "shard", "gate", "links", l.state); code != 75 {
				t.Errorf("a step after the end: exit code %d, %s", code, out)
			}
		})
	}
}
