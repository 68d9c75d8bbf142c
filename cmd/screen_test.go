//go:build unix

package cmd

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/s3fc/s3fc/backends/localfs"
	"github.com/s3fc/s3fc/backends/s3"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/s3server"
	"github.com/s3fc/s3fc/internal/testkit/long"
	"github.com/s3fc/s3fc/internal/testkit/terminal"
)

var update = flag.Bool("update", false, "rewrite the screens in testdata/screen to those that are shown")

// viewport is a place where a run is looked at.
type viewport struct {
	name    string
	columns int               // 0 for none: standard output and error are files
	env     map[string]string // besides TERM=xterm
}

var viewports = []viewport{
	{"40 columns", 40, nil},
	{"80 columns", 80, nil},
	{"120 columns", 120, nil},
	{"80 columns, NO_COLOR=1", 80, map[string]string{"NO_COLOR": "1"}},
	{"80 columns, TERM=dumb", 80, map[string]string{"TERM": "dumb"}},
	{"no terminal", 0, nil},
}

// situation is a run that is looked at.
type situation struct {
	name string
	// once, if not nil, writes files of which every viewport gets a link site to the
	// directory.
	once func(dir string) error
	// set makes the trees, and returns the command line.
	set func(*stage) []string
	// pause, if not nil, leads the run to a standstill at which it is looked at; then
	// resume is called.
	pause, resume func(*stage)
	code          int
	alike         []sameText // besides those of every situation
}

// sameText is a text of equal width for those that differ between runs.
type sameText struct {
	text *regexp.Regexp
	with string
}

// stage is where one run takes place: in an empty working directory, with an S3 of
// its own.
type stage struct {
	*testing.T
	server    *s3server.Server
	wrap      func(http.Handler) http.Handler // of the server's handler; nil for none
	mux       *core.Mux
	ctx       context.Context
	cancel    context.CancelCauseFunc
	now       atomic.Int64   // of the fake clock
	ticks     chan time.Time // of the lines where there is no bar
	gate      *gate
	throttled chan struct{}
	meter     atomic.Pointer[meter] // of the run
	alike     []sameText
	term      *terminal.Terminal // nil for none
	file      *lockedBuffer      // in place of a terminal
}

// lockedBuffer is a buffer that several goroutines use.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func newStage(t *testing.T, v viewport) *stage {
	t.Chdir(t.TempDir())
	s := &stage{T: t, gate: newGate(), ticks: make(chan time.Time)}
	s.ctx, s.cancel = context.WithCancelCause(t.Context())
	s.server = s3server.New(t, s3server.Wrap(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			h := next
			if s.wrap != nil {
				h = s.wrap(next)
			}
			h.ServeHTTP(w, r)
		})
	}))
	s.mux = core.NewMux(s3.Scheme, localfs.Scheme)
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": s.server.URL, "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "TERM": "xterm", "NO_COLOR": "",
	} {
		t.Setenv(name, value)
	}
	for name, value := range v.env {
		t.Setenv(name, value)
	}
	if v.columns > 0 {
		s.term = terminal.New(t, v.columns)
	} else {
		s.file = new(lockedBuffer)
	}
	return s
}

// write makes files below the working directory; contents that begin with an arrow
// are links.
func (s *stage) write(files map[string]string) {
	s.Helper()
	for name, text := range files {
		err := os.MkdirAll(filepath.Dir(name), 0o755)
		if to, ok := strings.CutPrefix(text, "→"); ok && err == nil {
			_ = os.Remove(name)
			err = os.Symlink(to, name)
		} else if err == nil {
			err = os.WriteFile(name, []byte(text), 0o644)
		}
		if err != nil {
			s.Fatal(err)
		}
	}
}

// does runs a command that is not looked at.
func (s *stage) does(args ...string) {
	s.Helper()
	var out bytes.Buffer
	if code := (Program{Mux: s.mux}).Run(s.ctx, args, nil, &out, &out); code != 0 {
		s.Fatalf("%q: exit code %d: %s", args, code, &out)
	}
}

// clock is the time of the run, which stands still but for pass.
func (s *stage) clock() time.Time {
	return time.Unix(1_800_000_000, 0).Add(time.Duration(s.now.Load()))
}

// pass lets time pass for the run.
func (s *stage) pass(d time.Duration) { s.now.Add(int64(d)) }

// tick lets a line be written where there is no bar.
func (s *stage) tick(v viewport) {
	if v.columns > 0 && v.env["TERM"] != "dumb" {
		return
	}
	s.ticks <- s.clock()
	s.ticks <- s.clock() // the line of the first has been written by now
}

// shown is the text that a user sees, with the differences between runs made alike.
func (s *stage) shown() string {
	text := ""
	if s.term != nil {
		text = s.term.Screen()
	} else {
		text = s.file.String()
	}
	return same(text, s.alike)
}

// same returns text with the differences between runs made alike.
func same(text string, more []sameText) string {
	for _, r := range append(alike, more...) {
		text = r.text.ReplaceAllString(text, r.with)
	}
	return text
}

var alike = []sameText{
	{regexp.MustCompile(`127\.0\.0\.1:\d{5}`), "127.0.0.1:12345"},
	{regexp.MustCompile(`(\bin\s+)\d\.\ds`), "${1}0.1s"},
}

// ctrlC types Ctrl-C, and ends the run as its signal does. The pseudo-terminal is not
// the controlling one of the test, so that no signal comes of it.
func ctrlC(s *stage) {
	if s.term != nil {
		s.term.Type("\x03")
		s.await(regexp.MustCompile(`\^C`))
	}
	s.cancel(&interrupted{syscall.SIGINT})
}

// await waits until a text is shown.
func (s *stage) await(text *regexp.Regexp) {
	s.Helper()
	for range 3000 {
		if text.MatchString(s.shown()) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	s.Fatalf("%s is not shown, but:\n%s", text, s.shown())
}

// play runs a situation, and returns the screens during it and at its end.
func (s *stage) play(sit situation, v viewport, want string) string {
	s.alike = sit.alike
	args := sit.set(s)
	out, errs := io.Writer(s.file), io.Writer(s.file)
	if s.term != nil {
		out, errs = s.term.File(), s.term.File()
	}
	at := pace{now: s.clock, ticks: func() (<-chan time.Time, func()) { return s.ticks, func() {} }, began: s.meter.Store}
	ended := make(chan int, 1)
	go func() { ended <- Program{Mux: s.mux, pace: at}.Run(s.ctx, args, nil, out, errs) }()
	var b strings.Builder
	fmt.Fprintf(&b, "$ s3fc %s\n", same(strings.Join(args, " "), nil))
	if sit.pause != nil {
		sit.pause(s)
		s.tick(v)
		b.WriteString(s.look(want))
		sit.resume(s)
	}
	code := <-ended
	if s.term != nil {
		s.term.Close()
	}
	fmt.Fprintf(&b, "%s[exit code %d]\n", s.shown(), code)
	if code != sit.code {
		s.Errorf("exit code %d, want %d", code, sit.code)
	}
	return b.String()
}

// look returns the screen. Frames are drawn now and then: so it waits a moment for
// one that is in want.
func (s *stage) look(want string) string {
	shown := ""
	for range 50 {
		shown = s.shown() + "[goes on]\n"
		if strings.Contains(want, shown) {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	return shown
}

// TestScreens compares the screen in each of ten situations with texts in
// testdata/screen.
func TestScreens(t *testing.T) {
	for _, sit := range situations {
		t.Run(sit.name, func(t *testing.T) {
			if sit.once != nil && !*update {
				long.Only(t)
			}
			file := filepath.Join("testdata", "screen", sit.name+".txt")
			golden, err := os.ReadFile(file)
			if err != nil && !*update {
				t.Fatal(err)
			}
			file, err = filepath.Abs(file)
			if err != nil {
				t.Fatal(err)
			}
			var all strings.Builder
			shared := ""
			if sit.once != nil {
				shared = t.TempDir()
				if err := sit.once(shared); err != nil {
					t.Fatal(err)
				}
			}
			for _, v := range viewports {
				all.WriteString("== " + v.name + "\n")
				if v.name != "80 columns" && !*update && !long.Enabled() {
					continue
				}
				t.Run(v.name, func(t *testing.T) { all.WriteString(screenIn(t, sit, v, shared, string(golden))) })
			}
			if *update {
				if err := os.WriteFile(file, []byte(all.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// screenIn plays a situation in a viewport, with the files of a directory if one is
// named, and compares.
func screenIn(t *testing.T, sit situation, v viewport, files, golden string) string {
	_, want, _ := strings.Cut(golden, "== "+v.name+"\n")
	want, _, _ = strings.Cut(want, "== ")
	s := newStage(t, v)
	if files != "" {
		s.write(map[string]string{"site": "→" + files})
	}
	got := s.play(sit, v, want)
	if got != want && !*update {
		t.Errorf("shown:\n%s\nwant:\n%s", got, want)
	}
	if s.term == nil {
		return got
	}
	switch written := s.term.Written(); {
	case v.env["TERM"] == "dumb" && strings.ContainsAny(strings.ReplaceAll(written, "\r\n", ""), "\x1b\r"):
		t.Errorf("a dumb terminal got codes: %q", written)
	case v.env["NO_COLOR"] != "" && colourCodes.MatchString(written):
		t.Errorf("there are colours: %q", written)
	case v.env == nil && !colourCodes.MatchString(written):
		t.Errorf("there are no colours: %q", written)
	}
	return got
}
