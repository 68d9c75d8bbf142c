package quirks

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/s3fc/s3fc/backends/localfs"
	"github.com/s3fc/s3fc/backends/s3"
	"github.com/s3fc/s3fc/cmd"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/cache"
	"github.com/s3fc/s3fc/internal/s3server"
)

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "quirks")
	if err != nil {
		panic(err)
	}
	for name, value := range map[string]string{
		cache.DirVariable: filepath.Join(dir, "cache"), "XDG_STATE_HOME": filepath.Join(dir, "state"),
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "AWS_REGION": "us-east-1",
	} {
		if err := os.Setenv(name, value); err != nil {
			panic(err)
		}
	}
	flag.Parse()
	for name, value := range map[string]string{"rapid.checks": checks(), "rapid.seed": os.Getenv(seedVariable)} {
		if value == "" || isSet(name) {
			continue
		}
		if err := flag.Set(name, value); err != nil {
			panic(err)
		}
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// checks is how many random sets are tried, "" for the number of rapid.
func checks() string {
	if os.Getenv(pairsVariable) == "all" {
		return ""
	}
	return "5"
}

// isSet reports whether the command line has this flag.
func isSet(name string) (set bool) {
	flag.Visit(func(f *flag.Flag) { set = set || f.Name == name })
	return set
}

// pageSize is how many keys a page of a listing has, so that listings have
// several.
const pageSize = 4

// A lab is a server with quirks, and s3fc as its client. Its methods add failures
// to errs and go on.
type lab struct {
	testing.TB
	quirks []s3server.Quirk
	server *s3server.Server
	mux    *core.Mux
	errs   []error
	failed []outcome // runs that failed
	stingy bool      // does not pay for requests
}

func newLab(t testing.TB, quirks ...s3server.Quirk) *lab {
	opts := []s3server.Option{s3server.SmallPages(pageSize)}
	for i := range keyPairs {
		opts = append(opts, s3server.Credentials(keyPair(i)))
	}
	for _, q := range quirks {
		opts = append(opts, q)
	}
	l := &lab{TB: t, quirks: quirks, server: s3server.New(t, opts...)}
	scheme := s3.Scheme
	scheme.Open = l.open
	l.mux = core.NewMux(scheme, localfs.Scheme)
	return l
}

// has reports whether the server has this quirk.
func (l *lab) has(q s3server.Quirk) bool {
	return slices.ContainsFunc(l.quirks, func(other s3server.Quirk) bool { return other.Name == q.Name })
}

// keyPairs is how many key pairs the server accepts.
const keyPairs = 4

func keyPair(i int) (id, secret string) {
	return fmt.Sprintf("AKTEST%d", i), fmt.Sprintf("SKTEST%d", i)
}

// rotating gives other credentials each time that it is asked, as a process does
// that fetches temporary ones.
type rotating struct {
	mu sync.Mutex
	n  int
}

// Retrieve implements [aws.CredentialsProvider].
func (r *rotating) Retrieve(context.Context) (aws.Credentials, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	id, secret := keyPair(r.n % keyPairs)
	r.n++
	return aws.Credentials{AccessKeyID: id, SecretAccessKey: secret, Source: "test"}, nil
}

// open opens a bucket as s3.Open does, with pauses that are short.
func (l *lab) open(ctx context.Context, u *url.URL, env core.Env) (core.Backend, error) {
	env.GiveUp = max(env.GiveUp, 2*time.Second)
	o, err := s3.ParseURL(u, env)
	if err != nil {
		return nil, err
	}
	o.Credentials, o.MaxBackoff, o.StallTimeout = new(rotating), time.Millisecond, 5*time.Second
	o.StateDir = filepath.Join(l.TempDir(), "state")
	t, err := s3.New(ctx, o)
	if err != nil {
		return nil, err // not a nil *s3.Tree
	}
	return t, nil
}

// bucket is the URL of a bucket of the server.
func (l *lab) bucket(name string) string {
	q := url.Values{"region": {"us-east-1"}, "endpoint": {l.server.URL}}
	if l.has(s3server.RequesterPays) && !l.stingy {
		q.Set("requester_pays", "true")
	}
	return "s3://" + name + "?" + q.Encode()
}

// fail notes that something is wrong.
func (l *lab) fail(format string, args ...any) { l.errs = append(l.errs, fmt.Errorf(format, args...)) }

// An outcome is a run's output and effects.
type outcome struct {
	args   []string
	code   int
	events []event
	stderr string
	sent   core.Requests
}

type event struct{ Event, Key, Error, Reason string }

// String is the outcome for a person.
func (o outcome) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "s3fc %s: exit %d, sent %v\n%s", strings.Join(o.args, " "), o.code, o.sent, o.stderr)
	for _, ev := range o.events {
		fmt.Fprintf(&b, "%s %s (%s) %s\n", ev.Event, ev.Key, ev.Reason, ev.Error)
	}
	return b.String()
}

// writes is how many requests of the run changed something, or tried to.
func (o outcome) writes() int64 {
	return o.sent[core.ClassPut] + o.sent[core.ClassCopy] + o.sent[core.ClassDelete]
}

// namesRemedy reports whether the run failed and says which parameter of the URL
// helps.
func (o outcome) namesRemedy() bool {
	return o.code != 0 && strings.Contains(o.String(), "add key_encoding=")
}

// runLimit is how long a run may take until it counts as hanging.
const runLimit = 90 * time.Second

// run runs the program. Without an error code, it must have said why not all
// went well.
func (l *lab) run(args ...string) outcome {
	l.Helper()
	ctx, cancel := context.WithTimeout(l.Context(), runLimit)
	defer cancel()
	l.server.ResetLog()
	var stdout, stderr bytes.Buffer
	o := outcome{args: args}
	o.code = cmd.Program{Mux: l.mux}.Run(ctx, append(args, "--json"), strings.NewReader(""), &stdout, &stderr)
	o.stderr, o.sent = stderr.String(), l.server.Requests()
	for line := range bytes.Lines(stdout.Bytes()) {
		var ev event
		if err := json.Unmarshal(line, &ev); err != nil {
			l.fail("s3fc %v: a line that is no event: %s", args, line)
		}
		if ev.Event != "summary" && ev.Event != "start" {
			o.events = append(o.events, ev)
		}
	}
	switch {
	case ctx.Err() != nil:
		l.fail("it hangs: %v", o)
	case o.code != 0 && o.stderr == "" && len(o.events) == 0:
		l.fail("it failed and did not say why: %v", o)
	}
	return o
}
