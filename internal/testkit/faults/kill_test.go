//go:build unix

package faults

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"

	"github.com/s3fc/s3fc/internal/s3server"
	"github.com/s3fc/s3fc/internal/testkit/long"
	"github.com/s3fc/s3fc/internal/testkit/model"
)

// kills is how often a push, and a pull, is killed.
func kills(t testing.TB) int {
	n, err := strconv.Atoi(os.Getenv("S3FC_TEST_KILLS"))
	switch {
	case os.Getenv("S3FC_TEST_KILLS") == "" && !long.Enabled():
		return 6
	case os.Getenv("S3FC_TEST_KILLS") == "":
		return 10
	case err != nil:
		t.Fatalf("S3FC_TEST_KILLS: %v", err)
	}
	return n
}

// A trap waits for the nth request.
type trap struct {
	left atomic.Int64
	shut chan struct{} // closed then
}

func (s *scene) set(n int) *trap {
	t := &trap{shut: make(chan struct{})}
	t.left.Store(int64(n))
	s.trap.Store(t)
	return t
}

func (s *scene) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if t := s.trap.Load(); t != nil && t.left.Add(-1) == 0 {
			close(t.shut)
		}
		time.Sleep(2 * time.Millisecond) // there is something to be killed in
		ahead(next).ServeHTTP(w, r)
	})
}

// A scene is a bucket and a directory between which a user copies.
type scene struct {
	*user
	t      *testing.T
	rnd    *rand.Rand
	server *s3server.Server
	trap   atomic.Pointer[trap]
	dir    string
	other  gofakes3.UploadID // somebody else's
}

func newScene(t *testing.T, w way) *scene {
	seed := uint64(time.Now().UnixNano()) //nolint:gosec // Any number.
	t.Logf("seed %d", seed)
	s := &scene{t: t, rnd: rand.New(rand.NewPCG(seed, 0)), dir: filepath.Join(t.TempDir(), "dir")}
	s.server = s3server.New(t, w.quirks(), s3server.Wrap(s.wrap))
	s.user = newUser(t, s.server.URL, w)
	var err error
	if s.other, err = s.server.Store().CreateMultipartUpload("test", "big", nil); err != nil {
		t.Fatal(err)
	}
	return s
}

// killed runs the program and kills it some time after its nth request.
func (s *scene) killed(n int, args ...string) (inTime bool) {
	s.t.Helper()
	trap := s.set(n)
	defer s.trap.Store(nil)
	p := s.s3fc(s.t, args...)
	if err := p.Start(); err != nil {
		s.t.Fatal(err)
	}
	ended := make(chan int, 1)
	go func() { ended <- p.code(s.t, p.Wait) }()
	select {
	case <-trap.shut:
		time.Sleep(time.Duration(s.rnd.IntN(8000)) * time.Microsecond)
		_ = p.Process.Kill() // it may be gone
		return <-ended != 0
	case code := <-ended:
		if code != 0 {
			s.t.Errorf("the run that was to be killed ended with %d\n%s", code, &p.out)
		}
		return false
	}
}

// again runs the program to its end.
func (s *scene) again(args ...string) {
	s.t.Helper()
	p := s.s3fc(s.t, args...)
	if code := p.code(s.t, p.Run); code != 0 {
		s.t.Fatalf("the run after a kill ended with %d\n%s", code, &p.out)
	}
}

func (s *scene) checkState(what string, now, from, to model.State) {
	s.t.Helper()
	m := model.Copy{Src: to, Dst: from}
	if err := errors.Join(m.Between(now), ordered(from, now, to)); err != nil {
		s.t.Fatalf("%s: %v", what, err)
	}
}

func (s *scene) bucket() model.State {
	s.t.Helper()
	now, err := lookBucket(s.server.Store(), "test")
	if err != nil {
		s.t.Fatal(err)
	}
	return now
}

// onDisk reads the directory, without temporary files.
func (s *scene) onDisk() model.State {
	s.t.Helper()
	now, err := lookDir(s.dir)
	if err != nil {
		s.t.Fatal(err)
	}
	maps.DeleteFunc(now, func(key, _ string) bool { return strings.HasPrefix(path.Base(key), ".s3fc-") })
	return now
}

// uploads are the unfinished uploads but the other's, which must be there.
func (s *scene) uploads() (keys []string) {
	s.t.Helper()
	list, err := s.server.Store().ListMultipartUploads("test", nil, gofakes3.Prefix{}, 1000)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, u := range list.Uploads {
		keys = append(keys, fmt.Sprint(u.Key, " ", u.UploadID))
	}
	others := fmt.Sprint("big ", s.other)
	if !slices.Contains(keys, others) {
		s.t.Fatalf("somebody else's upload is gone; there are %v", keys)
	}
	return slices.DeleteFunc(keys, func(k string) bool { return k == others })
}

// withParts are those of uploads that hold anything. One that the store had just
// begun, when the run was killed that was waiting for its name, is nobody's.
func (s *scene) withParts(uploads []string) (held []string) {
	s.t.Helper()
	for _, u := range uploads {
		key, id, _ := strings.Cut(u, " ")
		parts, err := s.server.Store().ListParts("test", key, gofakes3.UploadID(id), 0, 1)
		if err != nil {
			s.t.Fatal(err)
		}
		if len(parts.Parts) > 0 {
			held = append(held, u)
		}
	}
	return held
}

func TestAPushMayBeKilledAtAnyInstant(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) { killPushes(t, newScene(t, way), kills(t)/2) })
	}
}

func killPushes(t *testing.T, s *scene, n int) {
	t.Parallel()
	hit, from := 0, model.State{}
	for i := range n {
		to := randomSite(s.rnd)
		if i%4 == 1 {
			to["big"] = strings.Repeat(fmt.Sprintf("%016d", s.rnd.Uint32()), 17<<16)
		}
		write(t, s.dir, to)
		settled()
		if s.killed(1+s.rnd.IntN(16), "copy", s.dir, "s3://test") {
			hit++
		}
		s.checkState(fmt.Sprintf("kill %d", i), s.bucket(), from, to)
		s.again("copy", s.dir, "s3://test")
		if now := s.bucket(); !maps.Equal(now, to) {
			t.Fatalf("kill %d: after another run there is %v", i, keysOf(now))
		}
		if left := s.withParts(s.uploads()); len(left) != 0 {
			t.Fatalf("kill %d: after another run there are unfinished uploads %v", i, left)
		}
		from = to
	}
	t.Logf("%d of %d were killed before their end", hit, n)
	if s.way.on {
		remembers(t, filepath.Join(s.home, "cache"))
	}
	if hit == 0 {
		t.Error("no run was killed before its end")
	}
}

func TestAPullMayBeKilledAtAnyInstant(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) { killPulls(t, newScene(t, way), kills(t)/2) })
	}
}

func killPulls(t *testing.T, s *scene, n int) {
	t.Parallel()
	hit, from := 0, model.State{}
	clean := openS3(t, s.server.URL, s3Options())
	for i := range n {
		to := randomSite(s.rnd)
		if all, err := copyTree(t.Context(), t, planted(to), clean, 4); !all {
			t.Fatal(err)
		}
		if s.killed(1+s.rnd.IntN(8), "copy", "s3://test", s.dir) {
			hit++
		}
		if _, err := os.Stat(s.dir); err == nil { // else it was killed before it was made
			s.checkState(fmt.Sprintf("kill %d", i), s.onDisk(), from, to)
			s.hidesItsOwn()
		}
		s.again("copy", "s3://test", s.dir)
		if now, err := lookDir(s.dir); err != nil || !maps.Equal(now, to) { // no temporary files either
			t.Fatalf("kill %d: after another run there is %v, %v", i, keysOf(now), err)
		}
		from = to
	}
	t.Logf("%d of %d were killed before their end", hit, n)
	if s.way.on {
		remembers(t, filepath.Join(s.home, "cache"))
	}
	if hit == 0 {
		t.Error("no run was killed before its end")
	}
}

// hidesItsOwn checks that no listing shows the leftovers of a killed run.
func (s *scene) hidesItsOwn() {
	s.t.Helper()
	p := s.s3fc(s.t, "ls", s.dir)
	if code := p.code(s.t, p.Run); code != 0 || strings.Contains(p.out.String(), ".s3fc-") {
		s.t.Errorf("ls ended with %d, and shows\n%s", code, &p.out)
	}
}

func keysOf(s model.State) []string { return slices.Sorted(maps.Keys(s)) }

// TestAKilledLargeUploadGoesOn kills a push when two of three parts are there:
// the next run sends the third.
func TestAKilledLargeUploadGoesOn(t *testing.T) {
	t.Parallel()
	s := newScene(t, ways[0])
	var parts atomic.Int64
	two := make(chan struct{})
	var hold atomic.Bool
	hold.Store(true)
	server := s3server.New(t, s3server.Wrap(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if hold.Load() && r.URL.Query().Get("partNumber") == "3" {
				<-r.Context().Done()
				return
			}
			next.ServeHTTP(w, r)
			if r.URL.Query().Has("partNumber") && parts.Add(1) == 2 {
				close(two)
			}
		})
	}))
	s.url = server.URL
	write(t, s.dir, model.State{"big": strings.Repeat("0123456789abcdef", 20<<16)})
	p := s.s3fc(t, "copy", s.dir, "s3://test")
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	<-two
	_ = p.Process.Kill() // it is waiting
	p.code(t, p.Wait)
	hold.Store(false)
	server.ResetLog()
	s.again("copy", s.dir, "s3://test")
	var sent []string
	for _, r := range server.Log() {
		if r.Method == http.MethodPut {
			sent = append(sent, r.Query)
		}
	}
	if len(sent) != 1 || !strings.Contains(sent[0], "partNumber=3") {
		t.Errorf("the run after the kill sent %q; want the third part alone", sent)
	}
	now, err := lookBucket(server.Store(), "test")
	if err != nil || len(now["big"]) != 20<<20 {
		t.Errorf("the object has %d bytes, %v", len(now["big"]), err)
	}
}

// randomSite is a random tree of files and links to them. It always has one file.
func randomSite(rnd *rand.Rand) model.State {
	made := model.State{"always": fmt.Sprint("here ", rnd.IntN(2))}
	for range 8 {
		key := fmt.Sprintf("d%d/f%d", rnd.IntN(3), rnd.IntN(4))
		made[key] = strings.Repeat(fmt.Sprint("content ", rnd.IntN(3)), 1+rnd.IntN(20_000))
		made[fmt.Sprint("link", rnd.IntN(4))] = model.Link(key)
	}
	return made
}
