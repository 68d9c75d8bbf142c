package servers_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3fc/s3fc/internal/testkit/servers"
)

// built is the directory of the program, if it was needed.
var built string

// program is the path of s3fc, built once.
var program = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "s3fc-program-")
	if err != nil {
		return "", err
	}
	built = dir
	path := filepath.Join(dir, "s3fc")
	build := exec.Command("go", "build", "-tags", "grpcnotrace", "-o", path, "github.com/s3fc/s3fc/cmd/s3fc") //nolint:gosec // Our own program.
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if built != "" {
		_ = os.RemoveAll(built)
	}
	os.Exit(code)
}

// tryTimeout is how long one ability may take to be tried.
const tryTimeout = 4 * time.Minute

// A lab is the program with one server.
type lab struct {
	t      *testing.T
	ctx    context.Context //nolint:containedctx // It lives as long as one test.
	server *servers.Server
	bucket string
	prefix string // of one ability
	params string // of its URL, besides the server's
}

// newLab starts a server and leads the program to it.
func newLab(t *testing.T, name string) *lab {
	t.Helper()
	s := servers.Start(t, name)
	for k, v := range s.Environment() {
		t.Setenv(k, v)
	}
	// No run may need a cache.
	for k, v := range map[string]string{noCache: "1", "S3FC_STATE_DIR": t.TempDir(), "S3FC_CACHE_DIR": t.TempDir()} {
		t.Setenv(k, v)
	}
	return &lab{t: t, server: s, bucket: s.Bucket(t)}
}

// at is the lab for one ability, with a prefix of its own.
func (l *lab) at(t *testing.T, ctx context.Context, prefix string) *lab { //nolint:revive // The test comes first.
	c := *l
	c.t, c.ctx, c.prefix = t, ctx, prefix
	return &c
}

func (l *lab) site() site { return site(l.t.TempDir()) }

// url is where the ability's tree is in the bucket.
func (l *lab) url() string { return l.server.URL(l.bucket, l.prefix) + l.params }

// said is the summary of a run, and its errors.
type said struct {
	Files, Links, Deletes, Refused, Errors int64

	Requests map[string]int64

	code   int
	wrong  []string // events that are neither changes nor keeps
	stderr string
}

// noCache is the variable that turns the cache off.
const noCache = "S3FC_NO_CACHE"

// run runs the program, in a process of its own, so that a panic ends no test.
func (l *lab) run(args ...string) said {
	var stdout, stderr bytes.Buffer
	path, err := program()
	must(err)
	p := exec.CommandContext(l.ctx, path, append(args, "--json")...) //nolint:gosec // Our own program.
	p.Stdout, p.Stderr = &stdout, &stderr
	var s said
	if err := p.Run(); p.ProcessState == nil {
		panic(err)
	}
	for line := range bytes.Lines(stdout.Bytes()) {
		s.event(bytes.TrimSpace(line))
	}
	s.code, s.stderr = p.ProcessState.ExitCode(), stderr.String()
	return s
}

// event takes in a line of the program's output.
func (s *said) event(line []byte) {
	var ev struct{ Event string }
	must(json.Unmarshal(line, &ev))
	switch ev.Event {
	case "summary":
		must(json.Unmarshal(line, s))
	case "start", "put", "link", "delete", "keep", "same":
	default:
		s.wrong = append(s.wrong, string(line))
	}
}

// does runs the program, which has to succeed and refuse nothing.
func (l *lab) does(args ...string) (said, error) {
	s := l.run(args...)
	if s.code == 0 && s.Refused == 0 {
		return s, s.noise()
	}
	return s, fmt.Errorf("%s: exit code %d, %d errors, %d refused: %s\n%s", args[0], s.code, s.Errors, s.Refused, strings.Join(s.wrong, "\n"), s.stderr)
}

// noise returns an error if a library printed something.
func (s said) noise() error {
	for line := range strings.Lines(s.stderr) {
		if logged.MatchString(line) {
			return fmt.Errorf("noise on stderr: %s", line)
		}
	}
	return nil
}

// logged is how a line of Go's own log begins.
var logged = regexp.MustCompile(`^20\d\d/\d\d/\d\d |^SDK `)

// push makes the tree in the bucket equal to a site.
func (l *lab) push(s site) error {
	_, err := l.does("copy", "--max-delete=100%", string(s), l.url())
	return err
}

// pushed pushes a site, pulls it into a new directory, and compares the two.
func (l *lab) pushed(s site) error {
	if err := l.push(s); err != nil {
		return err
	}
	back, err := l.pull()
	if err != nil {
		return fmt.Errorf("the way back: %w", err)
	}
	return s.differs(back)
}

// pull copies the tree into a new directory.
func (l *lab) pull() (site, error) {
	s := l.site()
	_, err := l.does("copy", "--max-delete=100%", l.url(), string(s))
	return s, err
}

// idle checks that a second run sends LISTs alone, and changes nothing.
func (l *lab) idle(src, dst string) error {
	s, err := l.does("copy", src, dst)
	if err != nil {
		return fmt.Errorf("again: %w", err)
	}
	lists := s.Requests["LIST"]
	delete(s.Requests, "LIST")
	var sum int64
	for _, n := range s.Requests {
		sum += n
	}
	if s.Files+s.Links+s.Deletes != 0 || sum != 0 || lists == 0 {
		return fmt.Errorf("again: %d files, %d links, %d deletes, requests besides %d LIST: %v", s.Files, s.Links, s.Deletes, lists, s.Requests)
	}
	return nil
}

// key is the whole key of one of the ability's objects.
func (l *lab) key(name string) *string { return aws.String(l.prefix + "/" + name) }

// put stores an object as another tool might.
func (l *lab) put(name, content string, change ...func(*s3.PutObjectInput)) error {
	in := &s3.PutObjectInput{Bucket: &l.bucket, Key: l.key(name), Body: strings.NewReader(content)}
	for _, f := range change {
		f(in)
	}
	_, err := l.server.Client().PutObject(l.ctx, in)
	return err
}

func (l *lab) head(name string) (*s3.HeadObjectOutput, error) {
	return l.server.Client().HeadObject(l.ctx, &s3.HeadObjectInput{Bucket: &l.bucket, Key: l.key(name)})
}

// keys lists the ability's objects, without the prefix.
func (l *lab) keys() ([]string, error) {
	var all []string
	pages := s3.NewListObjectsV2Paginator(l.server.Client(), &s3.ListObjectsV2Input{Bucket: &l.bucket, Prefix: l.key("")})
	for pages.HasMorePages() {
		page, err := pages.NextPage(l.ctx)
		if err != nil {
			return nil, err
		}
		for _, o := range page.Contents {
			all = append(all, strings.TrimPrefix(*o.Key, l.prefix+"/"))
		}
	}
	return all, nil
}

// visit asks the website for a path, follows nothing, and returns the status,
// where it redirects, and the body.
func (l *lab) visit(path string) (status int, location, body string, err error) {
	req, err := http.NewRequestWithContext(l.ctx, http.MethodGet, l.server.Website+path, nil)
	if err != nil {
		return 0, "", "", err
	}
	req.Host = strings.ReplaceAll(l.server.WebsiteHost, "BUCKET", l.bucket)
	req.Close = true // Ceph answers twice
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return 0, "", "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return resp.StatusCode, resp.Header.Get("Location"), string(b), err
}
