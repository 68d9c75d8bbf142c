#!/usr/bin/env bash
# submit.sh divides one copy into the tasks of AWS Batch arrays and submits them:
#
#     submit.sh QUEUE SHARDS STATE SRC DST [FLAG of s3fc shard plan]...
#     submit.sh QUEUE SHARDS STATE            go on after a failure: finished tasks stay
#
# SHARDS is 2 to 10000. STATE, SRC and DST are buckets with prefixes. The job
# definition s3fc must be registered: see README.md. It prints the id of the last job.
set -euo pipefail
usage() { sed -n '2,9s/^# \{0,1\}//p' "$0" >&2; exit 2; }
[ $# = 3 ] || [ $# -ge 5 ] || usage
queue=$1 shards=$2 state=$3
shift 3
[ $# = 0 ] || s3fc shard plan --shards "$shards" -o "$state" "$@" >&2

# job submits a step that begins once the job before has succeeded, and sets before to
# its id: job one|each ARGUMENT of s3fc shard...
before=''
job() {
	local flags=() IFS=,
	[ "$1" = one ] || flags+=(--array-properties "size=$shards")
	[ -z "$before" ] || flags+=(--depends-on "jobId=$before")
	shift
	before=$(aws batch submit-job --job-queue "$queue" --job-definition s3fc --job-name "s3fc-$1" \
		"${flags[@]}" --container-overrides "command=shard,$*,$state" --query jobId --output text)
}

job each list
job one check
job each apply --phase files
for phase in pages links deletes; do
	job one gate "$phase"
	job each apply --phase "$phase"
done
job one report --quiet
echo "$before"
