package engines

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"testing"

	"github.com/s3fc/s3fc/internal/testkit/long"
)

// batchDefinition is as much of RegisterJobDefinition's input as the example uses; a
// field that is not here is an error. See
// https://docs.aws.amazon.com/batch/latest/APIReference/API_RegisterJobDefinition.html.
type batchDefinition struct {
	JobDefinitionName    string   `json:"jobDefinitionName"`
	Type                 string   `json:"type"`
	PlatformCapabilities []string `json:"platformCapabilities"`
	ContainerProperties  struct {
		Image                string   `json:"image"`
		Command              []string `json:"command"`
		ResourceRequirements []struct {
			Type  string `json:"type"`
			Value string `json:"value"`
		} `json:"resourceRequirements"`
		JobRoleArn           string `json:"jobRoleArn"`
		ExecutionRoleArn     string `json:"executionRoleArn"`
		NetworkConfiguration struct {
			AssignPublicIP string `json:"assignPublicIp"`
		} `json:"networkConfiguration"`
		LogConfiguration struct {
			LogDriver string `json:"logDriver"`
		} `json:"logConfiguration"`
	} `json:"containerProperties"`
	RetryStrategy struct {
		Attempts       int `json:"attempts"`
		EvaluateOnExit []struct {
			OnExitCode string `json:"onExitCode"`
			OnReason   string `json:"onReason"`
			Action     string `json:"action"`
		} `json:"evaluateOnExit"`
	} `json:"retryStrategy"`
	Timeout struct {
		AttemptDurationSeconds int `json:"attemptDurationSeconds"`
	} `json:"timeout"`
}

func TestBatchDefinition(t *testing.T) {
	text, err := os.ReadFile(example(t, "batch/job-definition.json"))
	if err != nil {
		t.Fatal(err)
	}
	var d batchDefinition
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&d); err != nil {
		t.Fatal(err)
	}
	c, r := d.ContainerProperties, d.RetryStrategy
	if d.JobDefinitionName == "" || d.Type != "container" || c.Image == "" || len(c.ResourceRequirements) != 2 || c.ExecutionRoleArn == "" {
		t.Errorf("a container on Fargate needs a name, a type, an image, VCPU and MEMORY, and an execution role: %+v", d)
	}
	if r.Attempts < 1 || r.Attempts > 10 || len(r.EvaluateOnExit) > 5 || d.Timeout.AttemptDurationSeconds < 60 {
		t.Errorf("attempts are 1 to 10, conditions at most 5, a timeout at least 60 s: %+v", r)
	}
	code, action := regexp.MustCompile(`^[0-9]*\*?$`), []string{"EXIT", "RETRY"}
	for _, e := range r.EvaluateOnExit {
		if !code.MatchString(e.OnExitCode) || !slices.Contains(action, e.Action) || e.OnExitCode == "" && e.OnReason == "" {
			t.Errorf("%+v", e)
		}
	}
}

// fakeAWS carries out a job as soon as it is submitted, an array task by task, if the
// job that it depends on has succeeded.
const fakeAWS = `#!/usr/bin/env bash
set -euo pipefail
[ "$1 $2" = "batch submit-job" ] || { echo "unexpected: $*" >&2; exit 252; }
shift 2
size=1 depends='' command=''
while [ $# -gt 0 ]; do
	case $1 in
	--job-queue | --job-definition | --job-name | --query | --output) ;;
	--array-properties) size=${2#size=} ;;
	--depends-on) depends=${2#jobId=} ;;
	--container-overrides) command=${2#command=} ;;
	*) echo "unknown option $1" >&2; exit 252 ;;
	esac
	shift 2
done
id=job-$(ls jobs | wc -l)
IFS=, read -ra words <<<"$command"
state=SUCCEEDED
[ -z "$depends" ] || [ "$(cat "jobs/$depends")" = SUCCEEDED ] || state=FAILED
if [ $state = SUCCEEDED ]; then
	for ((i = 0; i < size; i++)); do
		[ "$size" = 1 ] || export AWS_BATCH_JOB_ARRAY_INDEX=$i
		s3fc "${words[@]}" >>tasks.log 2>&1 || { code=$?; state=FAILED; echo "exit code $code: $command" >>tasks.log; }
	done
fi
echo $state >"jobs/$id"
echo "$id"
`

// TestBatch carries the jobs out that the example submits, with a simulated aws.
func TestBatch(t *testing.T) {
	long.Only(t)
	l := newLab(t, 120)
	l.inDirectories()
	l.copyPlain()
	if err := os.Mkdir(filepath.Join(l.dir, "jobs"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(l.dir, "bin", "aws"), []byte(fakeAWS), 0o700); err != nil { //nolint:gosec // It is a program.
		t.Fatal(err)
	}
	const shards = 3
	last := l.run("bash", example(t, "batch/submit.sh"), "queue", strconv.Itoa(shards), l.state, l.src, l.dst)
	if log, _ := os.ReadFile(filepath.Join(l.dir, "tasks.log")); !l.record("report.json") {
		t.Fatalf("after %s: %s", last, log)
	}
	l.equal()
	// A finished task ends at once when it is submitted again, and an ended run
	// refuses.
	l.run("bash", example(t, "batch/submit.sh"), "queue", strconv.Itoa(shards), l.state)
	if log, _ := os.ReadFile(filepath.Join(l.dir, "tasks.log")); !bytes.Contains(log, []byte("exit code 75: shard,list")) {
		t.Errorf("%s", log)
	}
}
