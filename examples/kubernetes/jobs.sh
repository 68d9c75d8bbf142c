#!/usr/bin/env bash
# jobs.sh prints the Jobs of one divided copy, for kubectl:
#
#     jobs.sh NAME IMAGE SHARDS STATE SRC DST [FLAG of s3fc shard plan]... | kubectl create -f -
#
# All Jobs may be created at once, in any order: a pod that comes too early exits with
# 75, has written nothing, and is started again later.
set -euo pipefail
[ $# -ge 6 ] || { sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 2; }
name=$1 image=$2 shards=$3 state=$4
shift 4

# args prints arguments as a list of YAML, which is one of JSON.
args() {
	local arg list=''
	for arg; do
		arg=${arg//\\/\\\\}
		list+=", \"${arg//\"/\\\"}\""
	done
	printf '[%s]' "${list#, }"
}

# job prints a Job: job one|each SUFFIX ARGUMENT of s3fc...
job() {
	local indexed='' fail=FailJob
	if [ "$1" = each ]; then
		fail=FailIndex
		indexed="
  completionMode: Indexed
  completions: $shards
  parallelism: $shards
  backoffLimitPerIndex: 4
  maxFailedIndexes: 0"
	else
		indexed="
  backoffLimit: 4"
	fi
	cat <<-YAML
		---
		apiVersion: batch/v1
		kind: Job
		metadata:
		  name: $name-$2
		  labels: {app: s3fc, run: $name}
		spec:$indexed
		  activeDeadlineSeconds: 86400
		  podFailurePolicy:
		    rules:
		      - action: Ignore # its turn has not come
		        onExitCodes: {containerName: s3fc, operator: In, values: [75]}
		      - action: $fail # a wrong use, or a guard: trying again does not help
		        onExitCodes: {containerName: s3fc, operator: In, values: [2, 3]}
		      - action: Ignore # the node is drained or lost
		        onPodConditions: [{type: DisruptionTarget, status: "True"}]
		  template:
		    metadata:
		      labels: {app: s3fc, run: $name}
		    spec:
		      restartPolicy: Never
		      serviceAccountName: s3fc
		      containers:
		        - name: s3fc
		          image: $image
		          args: $(args shard "${@:3}")
		          resources:
		            requests: {cpu: 500m, memory: 256Mi}
		            limits: {memory: 1Gi}
	YAML
}

job one plan plan --shards "$shards" -o "$state" "$@"
job each list list "$state"
job one check check "$state"
job each files apply --phase files "$state"
for phase in pages links deletes; do
	job one "gate-$phase" gate "$phase" "$state"
	job each "$phase" apply --phase "$phase" "$state"
done
job one report report --quiet "$state"
