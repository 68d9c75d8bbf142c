package engines

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/s3fc/s3fc/internal/testkit/versitygw"
)

// example is a file of the module's folder examples.
func example(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("..", "..", "..", "examples", name))
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// need ends a test whose program is missing.
func need(t *testing.T, program string) {
	t.Helper()
	if _, err := exec.LookPath(program); err == nil {
		return
	}
	if slices.Contains(strings.Split(os.Getenv("S3FC_MUST_RUN"), ","), program) {
		t.Fatalf("no %s, and this test must run here", program)
	}
	t.Skipf("NOT RUN: no %s", program)
}

// lab is a copy to be divided, and the same copy done by one process: two buckets of
// a real server with the same older content, or two directories.
type lab struct {
	t        *testing.T
	dir      string // for all that is temporary
	env      []string
	src      string
	dst      string // of the divided copy
	plain    string // of the other
	state    string // a directory
	requests *counter
}

// newLab makes a tree of n entries and the older ones.
func newLab(t *testing.T, n int) *lab {
	l := &lab{t: t, dir: t.TempDir()}
	l.state = filepath.Join(l.dir, "state")
	bin := filepath.Join(l.dir, "bin")
	l.build(filepath.Join(bin, "s3fc"))
	l.env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "S3FC_NO_CACHE=1", "TERM=dumb", "LC_ALL=C.UTF-8", "PARALLEL_HOME="+l.dir,
		"AWS_REGION=us-east-1", "AWS_CONFIG_FILE="+os.DevNull, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull)
	l.src = filepath.Join(l.dir, "src")
	l.fill(n)
	return l
}

// inDirectories makes the copy one between directories.
func (l *lab) inDirectories() {
	l.dst, l.plain = filepath.Join(l.dir, "dst"), filepath.Join(l.dir, "plain")
	for _, to := range []string{l.dst, l.plain} {
		l.run("s3fc", "copy", "-q", filepath.Join(l.dir, "old"), to)
	}
}

// inBuckets makes the destinations buckets of versitygw, whose requests are counted,
// and with fromBucket the source, too.
func (l *lab) inBuckets(fromBucket bool) {
	g := versitygw.Start(l.t)
	l.requests = count(l.t, g.Endpoint)
	l.env = append(l.env, "AWS_ENDPOINT_URL="+l.requests.url, "AWS_ACCESS_KEY_ID="+g.AccessKey, "AWS_SECRET_ACCESS_KEY="+g.SecretKey)
	l.dst, l.plain = "s3://"+g.Bucket(l.t), "s3://"+g.Bucket(l.t)
	for _, to := range []string{l.dst, l.plain} {
		l.run("s3fc", "copy", "-q", filepath.Join(l.dir, "old"), to)
	}
	if fromBucket {
		from := "s3://" + g.Bucket(l.t)
		l.run("s3fc", "copy", "-q", l.src, from)
		l.src = from
	}
}

// build builds the program.
func (l *lab) build(to string) {
	l.t.Helper()
	c := exec.CommandContext(l.t.Context(), "go", "build", "-tags", "grpcnotrace", "-o", to, "../../../cmd/s3fc") //nolint:gosec // This module.
	if out, err := c.CombinedOutput(); err != nil {
		l.t.Fatalf("%v\n%s", err, out)
	}
}

// linkEvery is of how many entries of the source one is a link.
const linkEvery = 10

// fill writes the source and the older destination: of ten entries of the source one is
// a link, one is changed, one is unchanged and seven are new; one more is to be deleted.
func (l *lab) fill(n int) {
	old := filepath.Join(l.dir, "old")
	for i := range n {
		dir := fmt.Sprintf("d%02d/e%d", i%23, i%7)
		name := fmt.Sprintf("%s/f%05d.%s", dir, i, []string{"html", "css", "txt"}[i%3])
		switch i % linkEvery {
		case 0:
			l.write(l.src, dir+"/real.txt", "a target")
			l.link(filepath.Join(l.src, name+".link"), "real.txt")
			l.write(old, fmt.Sprintf("%s/gone%05d", dir, i), "gone")
		case 1:
			l.write(l.src, name, "changed "+name)
			l.write(old, name, "old")
		case 2:
			l.write(l.src, name, "same "+name)
			l.write(old, name, "same "+name)
		default:
			l.write(l.src, name, "new "+name)
		}
	}
}

func (l *lab) write(dir, key, content string) {
	l.t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(key))
	err := os.MkdirAll(filepath.Dir(path), 0o700)
	if err == nil {
		err = os.WriteFile(path, []byte(content), 0o600)
	}
	if err != nil {
		l.t.Fatal(err)
	}
}

func (l *lab) link(path, text string) {
	l.t.Helper()
	if err := os.Symlink(text, path); err != nil {
		l.t.Fatal(err)
	}
}

// run runs a command that must do, and returns its output.
func (l *lab) run(name string, args ...string) string {
	l.t.Helper()
	out, code := l.try(l.t.Context(), nil, name, args...)
	if code != 0 {
		l.t.Fatalf("%s %s: exit code %d\n%s", name, strings.Join(args, " "), code, out)
	}
	return out
}

// try runs a command with more variables, in the lab's directory.
func (l *lab) try(ctx context.Context, env []string, name string, args ...string) (out string, code int) {
	l.t.Helper()
	if !strings.Contains(name, "/") {
		if own := filepath.Join(l.dir, "bin", name); fileExists(own) {
			name = own
		}
	}
	c := exec.CommandContext(ctx, name, args...) //nolint:gosec // Programs of this test.
	c.Dir, c.Env = l.dir, append(slices.Clone(l.env), env...)
	var b bytes.Buffer
	c.Stdout, c.Stderr = &b, &b
	if err := c.Run(); err != nil && c.ProcessState == nil {
		l.t.Fatal(err)
	}
	return b.String(), c.ProcessState.ExitCode()
}

func fileExists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// killing puts a program in front of s3fc that kills it once in each of the tasks, such
// as "files 2", as soon as the task has begun to write.
func (l *lab) killing(tasks ...string) {
	bin := filepath.Join(l.dir, "bin")
	if err := os.Rename(filepath.Join(bin, "s3fc"), filepath.Join(bin, "s3fc-real")); err != nil {
		l.t.Fatal(err)
	}
	script := `#!/usr/bin/env bash
phase='' index=${SLURM_ARRAY_TASK_ID:-}
args=("$@")
for i in "${!args[@]}"; do
	[ "${args[i]}" != --phase ] || phase=${args[i+1]}
	[ "${args[i]}" != --index ] || index=${args[i+1]}
done
mark=` + l.dir + `/killed-$phase-$index
case " ` + strings.Join(tasks, ",") + `," in
*[,\ ]"$phase $index,"*)
	if [ -n "$phase" ] && mkdir "$mark" 2>/dev/null; then
		` + bin + `/s3fc-real "$@" --jobs 1 &
		until [ -e "` + l.state + `/try/$phase/$index/0" ] || ! kill -0 $! 2>/dev/null; do sleep 0.01; done
		sleep 0.05
		kill -KILL $! 2>/dev/null && touch "$mark/done"
		wait $!
		exit 137
	fi
	;;
esac
exec ` + bin + `/s3fc-real "$@"
`
	if err := os.WriteFile(filepath.Join(bin, "s3fc"), []byte(script), 0o700); err != nil { //nolint:gosec // It is a program.
		l.t.Fatal(err)
	}
}

// killed reports whether a task was killed.
func (l *lab) killed(task string) bool {
	return fileExists(filepath.Join(l.dir, "killed-"+strings.ReplaceAll(task, " ", "-"), "done"))
}

// copyPlain carries the copy out by one process, and returns its summary.
func (l *lab) copyPlain() (s struct{ Files, Links, Deletes, Kept int64 }) {
	l.t.Helper()
	lines := strings.Split(strings.TrimSpace(l.run("s3fc", "copy", "-q", "--json", l.src, l.plain)), "\n")
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &s); err != nil {
		l.t.Fatal(err)
	}
	return s
}

// times are those of ls.
var times = regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d`)

// equal compares the destinations of the two copies, and of each with the source.
func (l *lab) equal() {
	l.t.Helper()
	a, b := times.ReplaceAllString(l.run("s3fc", "ls", l.dst), ""), times.ReplaceAllString(l.run("s3fc", "ls", l.plain), "")
	if a != b {
		l.t.Errorf("the divided copy has\n%.3000s\nand a plain one has\n%.3000s", a, b)
	}
	l.run("s3fc", "diff", l.src, l.dst)
}

// record reports whether the state has a record.
func (l *lab) record(key string) bool { return fileExists(filepath.Join(l.state, key)) }

// attempts returns the number of attempts of tasks to write.
func (l *lab) attempts() (n int) {
	for _, phase := range []string{"files", "pages", "links", "deletes"} {
		all, _ := filepath.Glob(filepath.Join(l.state, "try", phase, "*", "*"))
		n += len(all)
	}
	return n
}

// counter counts the requests that pass it, by class.
type counter struct {
	url string
	mu  sync.Mutex
	n   map[string]int
}

// count returns a counter in front of an S3.
func count(t *testing.T, endpoint string) *counter {
	to, err := url.Parse(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	c := &counter{n: make(map[string]int)}
	next := httputil.NewSingleHostReverseProxy(to)
	next.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) } // a client was killed
	next.Transport = &http.Transport{MaxIdleConnsPerHost: 256}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.mu.Lock()
		c.n[class(r)]++
		c.mu.Unlock()
		next.ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	c.url = srv.URL
	return c
}

func class(r *http.Request) string {
	q := r.URL.Query()
	switch {
	case r.Method == http.MethodGet && q.Has("list-type"):
		return "LIST"
	case r.Method == http.MethodPost && q.Has("delete"), r.Method == http.MethodDelete:
		return "DELETE"
	case r.Header.Get("X-Amz-Copy-Source") != "":
		return "COPY"
	case r.Method == http.MethodPost:
		return "PUT"
	}
	return r.Method
}

// take returns the counts since the last time.
func (c *counter) take() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.n
	c.n = make(map[string]int)
	return n
}

// compareRequests compares a divided copy with the requests of a plain one and the
// extras that docs/scale.md names. Each killed attempt may repeat the writes under
// way, at most jobs, and ask for each.
func (l *lab) compareRequests(divided, plain map[string]int, shards, entries, kills int) {
	l.t.Helper()
	const jobs = 128
	links := 0 // that have to be asked for in a bucket
	if strings.HasPrefix(l.src, "s3:") {
		links = entries / linkEvery
	}
	pages := func(n int) int { return n/1000 + 1 }
	lists := 2 * (pages(entries) + 2 + // the cuts
		pages(entries) + 3*shards) // the plans
	lists += l.attempts()*2 + pages(entries)*4 // the attempts, of a range each
	for class, extra := range map[string]int{
		"LIST": lists, "PUT": kills * jobs, "COPY": kills * jobs, "GET": kills*jobs + shards,
		"HEAD": kills*jobs + shards*10 + 2*links, "DELETE": shards + kills,
	} {
		if divided[class] > plain[class]+extra {
			l.t.Errorf("%s: %d, a plain copy %d, and %d more are allowed", class, divided[class], plain[class], extra)
		}
	}
	l.t.Logf("requests of the divided copy %v, of a plain one %v; %d attempts", divided, plain, l.attempts())
}
