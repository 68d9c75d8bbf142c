package engines

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// cluster is a Slurm of two nodes on this machine, by tools/engines/slurm.sh.
type cluster struct {
	dir  string
	conf string
}

// startSlurm starts a cluster that ends with the test.
func startSlurm(t *testing.T) *cluster {
	t.Helper()
	dir, err := os.MkdirTemp("", "s3fc-slurm-") // sockets need a short name
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	port := 12000 + rand.IntN(18000)                                                                     //nolint:gosec // No secret.
	c := exec.Command("bash", example(t, "../tools/engines/slurm.sh"), "start", dir, strconv.Itoa(port)) //nolint:gosec // Our own script.
	c.Stderr = os.Stderr
	stdin, err := c.StdinPipe() // its end ends the cluster
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = stdin.Close()
		_ = c.Wait()
	})
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	var ready struct{ Conf string }
	if err == nil {
		err = json.Unmarshal(line, &ready)
	}
	if err != nil {
		t.Fatalf("the cluster does not come up: %v", err)
	}
	return &cluster{dir, ready.Conf}
}

// loseNode kills a node as if its power failed: its daemon, then the processes that
// stand between it and the tasks, then the tasks. It returns how many tasks died.
func (c *cluster) loseNode(t *testing.T, node string) (tasks int) {
	t.Helper()
	record := filepath.Join(c.dir, "run", node)
	text, err := os.ReadFile(record)
	if err != nil {
		t.Fatal(err)
	}
	_ = os.Remove(record) // or the script would end the cluster with its node
	pid, _ := strconv.Atoi(strings.Fields(string(text))[0])
	_ = syscall.Kill(pid, syscall.SIGKILL)
	steps, children := map[int]bool{}, []int{}
	all, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, path := range all {
		env, err := os.ReadFile(path) //nolint:gosec // Of processes.
		if err != nil || !strings.Contains(string(env), "SLURM_CONF="+c.conf+"\x00") || !strings.Contains(string(env), "SLURMD_NODENAME="+node+"\x00") {
			continue
		}
		child, _ := strconv.Atoi(strings.Split(path, "/")[2])
		children = append(children, child)
		parent := parentOf(child)
		if name, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", parent)); strings.HasPrefix(string(name), "slurmstepd") {
			steps[parent] = true
		}
	}
	for step := range steps {
		_ = syscall.Kill(step, syscall.SIGKILL)
	}
	for _, child := range children {
		_ = syscall.Kill(child, syscall.SIGKILL)
	}
	return len(steps)
}

// parentOf returns the parent of a process, 0 if it has ended.
func parentOf(pid int) (parent int) {
	stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, rest, _ := strings.Cut(string(stat), ") ")
	_, _ = fmt.Sscanf(rest, "%s %d", new(string), &parent)
	return parent
}

// slurmEntries is how many entries the copies have.
const slurmEntries = 20_000

// TestSlurm carries copies out by arrays of a real Slurm. A task is killed in each of two
// phases, one shard is run twice at once, a gate is submitted too early, and, in the
// first copy, a node is lost.
func TestSlurm(t *testing.T) {
	if os.Getenv("S3FC_TEST_SLURM") == "" {
		t.Skip("NOT RUN: S3FC_TEST_SLURM is not set")
	}
	for _, program := range []string{"slurmctld", "slurmd", "munged"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Logf("%s is missing, and tools/engines/slurm.sh installs it", program)
		}
	}
	t.Run("directory to bucket", func(t *testing.T) { bySlurm(t, false, true) })
	t.Run("bucket to bucket", func(t *testing.T) { bySlurm(t, true, false) })
}

func bySlurm(t *testing.T, fromBucket, loseNode bool) {
	entries := slurmEntries
	if text := os.Getenv("S3FC_TEST_SLURM_ENTRIES"); text != "" {
		entries, _ = strconv.Atoi(text)
	}
	const shards = 16
	l := newLab(t, entries)
	l.inBuckets(fromBucket)
	l.requests.take()
	l.copyPlain()
	plain := l.requests.take()
	l.killing("files 3", "pages 5")
	c := startSlurm(t)
	l.env = append(l.env, "SLURM_CONF="+c.conf)
	begun := time.Now()
	l.run("bash", example(t, "slurm/submit.sh"), strconv.Itoa(shards), l.state, l.src, l.dst)
	task := example(t, "slurm/task.sh")
	early := strings.TrimSpace(l.run("sbatch", "--parsable", "--job-name=early", task, "gate", "deletes", l.state))
	until(t, "the verdict", func() bool { return l.record("verdict.json") })
	twice := strings.TrimSpace(l.run("sbatch", "--parsable", "--array=7", "--job-name=twice", task, "apply", "--phase", "files", l.state))
	lost := 0
	if loseNode {
		until(t, "tasks on both nodes", func() bool {
			return strings.Contains(l.run("squeue", "-h", "-t", "R", "-o", "%N"), "n2") && l.record("try/files")
		})
		lost = c.loseNode(t, "n2")
		t.Logf("node n2 is lost after %.0f s, with %d tasks", time.Since(begun).Seconds(), lost)
	}
	until(t, "the report", func() bool {
		return l.record("report.json") || strings.TrimSpace(l.run("squeue", "-h")) == ""
	})
	if !l.record("report.json") {
		t.Fatalf("the run did not end:\n%s", l.run("bash", "-c", "tail -n 5 *.out; scontrol show jobs | grep -E 'JobId|Reason|ExitCode'"))
	}
	divided := l.requests.take()
	t.Logf("the run took %.0f s", time.Since(begun).Seconds())
	l.besides(t, early, twice)
	if !l.killed("files 3") || !l.killed("pages 5") {
		t.Error("no task was killed")
	}
	if loseNode && lost == 0 {
		t.Error("the lost node had no tasks")
	}
	l.equal()
	l.compareRequests(divided, plain, shards, entries, 2+lost+1)
}

// besides checks how the two jobs ended that were submitted beside the run.
func (l *lab) besides(t *testing.T, early, twice string) {
	t.Helper()
	if out := l.run("scontrol", "show", "job", early); !strings.Contains(out, "ExitCode=75:0") {
		t.Errorf("the gate that came too early:\n%s", out)
	}
	until(t, "the shard that ran twice", func() bool {
		return strings.Contains(l.run("scontrol", "show", "job", twice), "JobState=COMPLETED")
	})
}

// until waits for something that an engine does.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(40 * time.Minute); !is(); time.Sleep(500 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s does not come", what)
		}
	}
}
