#!/usr/bin/env bash
# submit.sh divides one copy into the tasks of Slurm arrays and submits them:
#
#     submit.sh SHARDS STATE SRC DST [FLAG of s3fc shard plan]...
#     submit.sh SHARDS STATE                 go on after a failure: finished tasks stay
#
# STATE is a tree that every node reaches, empty for a new run. It prints the id of
# the last job. $SBATCH holds more flags for sbatch, such as "--partition=long".
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
usage() { sed -n '2,9s/^# \{0,1\}//p' "$0" >&2; exit 2; }
[ $# = 2 ] || [ $# -ge 4 ] || usage
shards=$1 state=$2
shift 2
[ $# = 0 ] || s3fc shard plan --shards "$shards" -o "$state" "$@" >&2

# job submits a step that begins once the job before has ended well, and sets before
# to its id: job one|each ARGUMENT of s3fc shard... A step that can never begin is
# removed from the queue.
before=''
job() {
	local flags=(--parsable --requeue --job-name="s3fc-$2-${4:-${3:-}}")
	[ "$1" = one ] || flags+=(--array="0-$((shards - 1))")
	[ -z "$before" ] || flags+=(--dependency="afterok:$before" --kill-on-invalid-dep=yes)
	shift
	# shellcheck disable=SC2086 # Several flags.
	before=$(sbatch "${flags[@]}" ${SBATCH:-} "$here/task.sh" "$@" "$state")
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
