package engines

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/s3fc/s3fc/internal/testkit/long"
)

// k8sJob is as much of a Job of batch/v1 as the example uses; a field that is not here
// is an error. See https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/job-v1/.
type k8sJob struct {
	APIVersion string  `yaml:"apiVersion"`
	Kind       string  `yaml:"kind"`
	Metadata   k8sMeta `yaml:"metadata"`
	Spec       struct {
		CompletionMode        string `yaml:"completionMode"`
		Completions           *int   `yaml:"completions"`
		Parallelism           *int   `yaml:"parallelism"`
		BackoffLimit          *int   `yaml:"backoffLimit"`
		BackoffLimitPerIndex  *int   `yaml:"backoffLimitPerIndex"`
		MaxFailedIndexes      *int   `yaml:"maxFailedIndexes"`
		ActiveDeadlineSeconds int    `yaml:"activeDeadlineSeconds"`
		PodFailurePolicy      struct {
			Rules []k8sRule `yaml:"rules"`
		} `yaml:"podFailurePolicy"`
		Template struct {
			Metadata k8sMeta `yaml:"metadata"`
			Spec     struct {
				RestartPolicy      string         `yaml:"restartPolicy"`
				ServiceAccountName string         `yaml:"serviceAccountName"`
				Containers         []k8sContainer `yaml:"containers"`
			} `yaml:"spec"`
		} `yaml:"template"`
	} `yaml:"spec"`
}

type k8sMeta struct {
	Name   string            `yaml:"name"`
	Labels map[string]string `yaml:"labels"`
}

type k8sRule struct {
	Action      string `yaml:"action"`
	OnExitCodes *struct {
		ContainerName string `yaml:"containerName"`
		Operator      string `yaml:"operator"`
		Values        []int  `yaml:"values"`
	} `yaml:"onExitCodes"`
	OnPodConditions []struct {
		Type   string `yaml:"type"`
		Status string `yaml:"status"`
	} `yaml:"onPodConditions"`
}

type k8sContainer struct {
	Name      string                       `yaml:"name"`
	Image     string                       `yaml:"image"`
	Args      []string                     `yaml:"args"`
	Resources map[string]map[string]string `yaml:"resources"`
}

// check checks a Job against the rules of the API server's validation that concern it.
func (j *k8sJob) check() error {
	s := &j.Spec
	indexed := s.CompletionMode == "Indexed"
	pod := s.Template.Spec
	switch {
	case j.APIVersion != "batch/v1" || j.Kind != "Job":
		return errors.New("it is no Job of batch/v1")
	case len(j.Metadata.Name) == 0 || len(j.Metadata.Name) > 63-6 || strings.Trim(j.Metadata.Name, "abcdefghijklmnopqrstuvwxyz0123456789-") != "":
		return fmt.Errorf("the name %q: pods of it need a DNS label with an index behind", j.Metadata.Name)
	case pod.RestartPolicy != "Never":
		return errors.New("a podFailurePolicy and backoffLimitPerIndex need restartPolicy Never")
	case indexed && (s.Completions == nil || *s.Completions < 1 || *s.Completions > 100_000):
		return errors.New("an Indexed Job needs completions, at most 100000 with backoffLimitPerIndex")
	case indexed && *s.Parallelism > 10_000:
		return errors.New("parallelism is at most 10000 with backoffLimitPerIndex")
	case !indexed && (s.BackoffLimitPerIndex != nil || s.MaxFailedIndexes != nil):
		return errors.New("backoffLimitPerIndex is for Indexed Jobs")
	case len(pod.Containers) != 1 || len(s.PodFailurePolicy.Rules) > 20:
		return errors.New("expected one container, and at most 20 rules")
	}
	return j.checkRules(indexed)
}

func (j *k8sJob) checkRules(indexed bool) error {
	for _, r := range j.Spec.PodFailurePolicy.Rules {
		exit := r.OnExitCodes
		switch {
		case !slices.Contains([]string{"Ignore", "FailJob", "FailIndex", "Count"}, r.Action):
			return fmt.Errorf("unknown action %q", r.Action)
		case r.Action == "FailIndex" && !indexed:
			return errors.New("FailIndex needs backoffLimitPerIndex")
		case (exit == nil) == (len(r.OnPodConditions) == 0):
			return errors.New("a rule has either onExitCodes or onPodConditions")
		case exit != nil && (exit.Operator != "In" || slices.Contains(exit.Values, 0) || !slices.IsSorted(exit.Values) || exit.ContainerName != j.Spec.Template.Spec.Containers[0].Name):
			return fmt.Errorf("onExitCodes %+v: expected In, ordered codes without 0, and the container's name", *exit)
		}
	}
	return nil
}

// pods is the number of pods that must succeed.
func (j *k8sJob) pods() int {
	if j.Spec.CompletionMode == "Indexed" {
		return *j.Spec.Completions
	}
	return 1
}

// action returns the pod failure policy's action for an exit code.
func (j *k8sJob) action(code int) string {
	for _, r := range j.Spec.PodFailurePolicy.Rules {
		if r.OnExitCodes != nil && slices.Contains(r.OnExitCodes.Values, code) {
			return r.Action
		}
	}
	return "Count"
}

// jobs returns the Jobs of the example for a lab.
func (l *lab) jobs(shards int) (all []k8sJob) {
	l.t.Helper()
	out := l.run("bash", example(l.t, "kubernetes/jobs.sh"), "run-1", "image:1", strconv.Itoa(shards), l.state, l.src, l.dst, "--exclude", `a "b" \c`)
	d := yaml.NewDecoder(bytes.NewReader([]byte(out)))
	d.KnownFields(true)
	for {
		var j k8sJob
		err := d.Decode(&j)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err == nil {
			err = j.check()
		}
		if err != nil {
			l.t.Fatalf("%s: %v\n%s", j.Metadata.Name, err, out)
		}
		all = append(all, j)
	}
}

// TestKubernetes starts the pods of all Jobs in a random order, again and again, as the
// Job controller does by the pod failure policy, until all have succeeded.
func TestKubernetes(t *testing.T) {
	long.Only(t)
	l := newLab(t, 120)
	l.inDirectories()
	jobs := l.jobs(3)
	l.copyPlain()
	type pod struct{ job, index int }
	var waiting []pod
	for i, j := range jobs {
		for index := range j.pods() {
			waiting = append(waiting, pod{i, index})
		}
	}
	rng := rand.New(rand.NewPCG(9, 9)) //nolint:gosec // A fixed order.
	early := 0
	for len(waiting) > 0 {
		if early > 100*len(jobs) {
			t.Fatalf("these pods never get their turn: %v", waiting)
		}
		k := rng.IntN(len(waiting))
		p := waiting[k]
		j := jobs[p.job]
		var env []string
		if j.Spec.CompletionMode == "Indexed" {
			env = []string{"JOB_COMPLETION_INDEX=" + strconv.Itoa(p.index)}
		}
		out, code := l.try(t.Context(), env, "s3fc", j.Spec.Template.Spec.Containers[0].Args...)
		switch {
		case code == 0:
			waiting = slices.Delete(waiting, k, k+1)
		case j.action(code) == "Ignore":
			early++
		default:
			t.Fatalf("%s %d: exit code %d, %s: %s", j.Metadata.Name, p.index, code, j.action(code), out)
		}
	}
	if early == 0 || jobs[0].action(3) != "FailJob" || jobs[1].action(2) != "FailIndex" || jobs[1].action(137) != "Count" {
		t.Errorf("%d pods came too early; the policies %+v", early, jobs[1].Spec.PodFailurePolicy)
	}
	l.equal()
}
