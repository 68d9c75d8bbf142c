//go:build unix

package faults

import (
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3fc/s3fc/internal/s3server"
	"github.com/s3fc/s3fc/internal/testkit/long"
	"github.com/s3fc/s3fc/internal/testkit/model"
	"github.com/s3fc/s3fc/internal/testkit/versitygw"
)

// A gate holds the first request that it is for until the client gives up, and
// tells.
type gate struct {
	holds   func(*http.Request) bool
	once    sync.Once
	reached chan struct{}
}

func newGate(holds func(*http.Request) bool) *gate {
	return &gate{holds: holds, reached: make(chan struct{})}
}

func (g *gate) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		held := false
		if g.holds(r) {
			g.once.Do(func() { held = true })
		}
		if !held {
			next.ServeHTTP(w, r)
			return
		}
		_, _ = io.Copy(io.Discard, r.Body) // so that the server sees the client go
		close(g.reached)
		<-r.Context().Done()
	})
}

// interrupted runs the program, sends it sig once a request is held, and checks
// how it ends.
func interrupted(t *testing.T, u *user, g *gate, sig syscall.Signal, args ...string) *program {
	t.Helper()
	p := u.s3fc(t, args...)
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	<-g.reached
	if err := p.Process.Signal(sig); err != nil {
		t.Fatal(err)
	}
	if code := p.code(t, p.Wait); code != 128+int(sig) {
		t.Errorf("exit code %d after %v, want %d\n%s", code, sig, 128+int(sig), &p.out)
	}
	if !strings.Contains(p.out.String(), "interrupted") || !strings.Contains(p.out.String(), "given up in ") {
		t.Errorf("it says %q; want that it was interrupted, and what was done", &p.out)
	}
	return p
}

func secondPart(r *http.Request) bool { return r.URL.Query().Get("partNumber") == "2" }

// bigTree is a directory with a file of three parts.
func bigTree(t *testing.T) (dir string, s model.State) {
	s = model.State{"a": "first", "big": strings.Repeat("0123456789abcdef", 20<<16), "link": "-> a"}
	dir = filepath.Join(t.TempDir(), "dir")
	write(t, dir, s)
	return dir, s
}

// noRecords checks that no upload is recorded as unfinished.
func noRecords(t *testing.T, u *user) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(u.home, "state", "uploads", "*", "*"))
	if err != nil || len(names) != 0 {
		t.Errorf("recorded as unfinished: %v, %v", names, err)
	}
}

func TestAnInterruptedLargeUploadLeavesNothingBehind(t *testing.T) {
	for i, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		if i > 0 && !long.Enabled() {
			break
		}
		g := newGate(secondPart)
		server := s3server.New(t, ways[i].quirks(), s3server.Wrap(g.wrap))
		u := newUser(t, server.URL, ways[i])
		dir, want := bigTree(t)
		interrupted(t, u, g, sig, "copy", dir, "s3://test")
		s := &scene{t: t, server: server}
		var err error
		if s.other, err = server.Store().CreateMultipartUpload("test", "big", nil); err != nil {
			t.Fatal(err)
		}
		if left := s.uploads(); len(left) != 0 {
			t.Errorf("unfinished uploads: %v", left)
		}
		noRecords(t, u)
		if now := s.bucket(); now["big"] != "" || now["link"] != "" {
			t.Errorf("stored: %v", keysOf(now))
		}
		p := u.s3fc(t, "copy", dir, "s3://test")
		if code := p.code(t, p.Run); code != 0 || !maps.Equal(s.bucket(), want) {
			t.Errorf("the run after ended with %d, and stored %v\n%s", code, keysOf(s.bucket()), &p.out)
		}
	}
}

// proxied serves a gateway behind a gate: its program cannot be told to wait.
func proxied(t *testing.T, endpoint string, g *gate) string {
	t.Helper()
	to, err := url.Parse(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(g.wrap(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(to)
		r.Out.Host = r.In.Host // which is signed
	}}))
	t.Cleanup(srv.Close)
	return srv.URL
}

func TestAnInterruptedLargeUploadLeavesNothingBehindOnVersitygw(t *testing.T) {
	long.Only(t)
	gateway, g := versitygw.Start(t), newGate(secondPart)
	u := newUser(t, proxied(t, gateway.Endpoint, g), ways[1])
	u.key, u.secret = gateway.AccessKey, gateway.SecretKey
	bucket := gateway.Bucket(t)
	dir, _ := bigTree(t)
	to := "s3://" + bucket + "?flat=false"
	interrupted(t, u, g, syscall.SIGINT, "copy", dir, to)
	out, err := gateway.Client().ListMultipartUploads(t.Context(), &s3.ListMultipartUploadsInput{Bucket: &bucket})
	if err != nil || len(out.Uploads) != 0 {
		t.Errorf("%d unfinished uploads, %v", len(out.Uploads), err)
	}
	noRecords(t, u)
	for _, args := range [][]string{{"copy", dir, to}, {"diff", dir, to}} {
		p := u.s3fc(t, args...)
		if code := p.code(t, p.Run); code != 0 {
			t.Errorf("%v after that ended with %d\n%s", args, code, &p.out)
		}
	}
}

func TestAnInterruptedPullLeavesTheOldFilesAndNoOthers(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) { interruptPull(t, way) })
	}
}

func interruptPull(t *testing.T, w way) {
	g := newGate(func(r *http.Request) bool {
		return r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/d/changed")
	})
	server := s3server.New(t, w.quirks(), s3server.Wrap(func(next http.Handler) http.Handler { return ahead(g.wrap(next)) }))
	tree := openS3(t, server.URL, s3Options())
	fill(t, tree, after)
	dir := filepath.Join(t.TempDir(), "dir")
	write(t, dir, before)
	u := newUser(t, server.URL, w)
	settled()
	interrupted(t, u, g, syscall.SIGTERM, "copy", "-j1", "s3://test", dir)
	now, err := lookDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := allowed(now, false, false); err != nil {
		t.Error(err)
	}
	if now["d/changed"] != before["d/changed"] || now["extra"] == "" {
		t.Errorf("there is %v; want the old file, and nothing deleted", keysOf(now))
	}
	settled()
	p := u.s3fc(t, "copy", "s3://test", dir)
	code := p.code(t, p.Run)
	if now, err = lookDir(dir); code != 0 || err != nil || !maps.Equal(now, after) {
		t.Errorf("the run after ended with %d; %v, %v\n%s", code, keysOf(now), err, &p.out)
	}
}

// TestAReaderThatGoesLeavesNothingTorn checks that a closed pipe on stdout is no reason
// to leave anything half-done.
func TestAReaderThatGoesLeavesNothingTorn(t *testing.T) {
	server := s3server.New(t)
	dir := filepath.Join(t.TempDir(), "dir")
	write(t, dir, after)
	u := newUser(t, server.URL, ways[0])
	p := u.s3fc(t, "copy", dir, "s3://test")
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p.Stdout = w
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	_ = w.Close() // the program's own stays
	_ = p.Wait()  // however it ends
	now, err := lookBucket(server.Store(), "test")
	if err != nil {
		t.Fatal(err)
	}
	if err := (model.Copy{Src: after, Dst: model.State{}}).Between(now); err != nil {
		t.Error(err)
	}
}
