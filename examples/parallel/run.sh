#!/usr/bin/env bash
# run.sh carries out one copy as many processes on this machine, with GNU parallel:
#
#     run.sh SHARDS JOBS STATE SRC DST [FLAG of s3fc shard plan]...
#     run.sh SHARDS JOBS STATE               go on with a run that was interrupted
#
# JOBS processes run at once. STATE is an empty directory or prefix of a bucket. A
# process that ends with an error is started again, twice at most. The log of all
# processes is in ./s3fc-joblog.
set -euo pipefail
usage() { sed -n '2,9s/^# \{0,1\}//p' "$0" >&2; exit 2; }
[ $# = 3 ] || [ $# -ge 5 ] || usage
shards=$1 jobs=$2 state=$3
shift 3

each() {
	seq 0 $((shards - 1)) |
		parallel --will-cite --jobs "$jobs" --retries 3 --joblog +s3fc-joblog --halt soon,fail=1 \
			s3fc shard "$@" --index '{}' "$state"
}

[ $# = 0 ] || s3fc shard plan --shards "$shards" -o "$state" "$@"
each list
s3fc shard check "$state"
each apply --phase files
for phase in pages links deletes; do
	s3fc shard gate "$phase" "$state"
	each apply --phase "$phase"
done
s3fc shard report --quiet "$state"
