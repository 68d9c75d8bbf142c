#!/usr/bin/env bash
#SBATCH --output=%x-%A_%a.out
#SBATCH --open-mode=append
# task.sh runs one step of s3fc as a task of Slurm: task.sh ARGUMENT of s3fc shard...
#
# Slurm starts a task again whose node was lost, and not one whose process was killed.
# So s3fc is a child here, and on an exit code of 128 or more the task puts itself
# back into the queue, at most three times.
set -uo pipefail
s3fc shard "$@"
code=$?
if [ "$code" -ge 128 ] && [ "${SLURM_RESTART_COUNT:-0}" -lt 3 ]; then
	echo "s3fc was ended by signal $((code - 128)); the task goes back into the queue"
	scontrol requeue "$SLURM_JOB_ID" && sleep 60 # until Slurm ends this attempt
fi
exit "$code"
