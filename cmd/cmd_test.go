package cmd

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/s3fc/s3fc/backends/localfs"
	"github.com/s3fc/s3fc/backends/memory"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/wrap"
)

func TestMain(m *testing.M) {
	_ = os.Setenv(envNoCache, "1") // the user's own is left alone
	goleak.VerifyTestMain(m)
}

// world is a mux of trees in memory, by name, that live as long as the test.
type world struct {
	t     *testing.T
	mux   core.Mux
	trees map[string]core.Backend
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, trees: make(map[string]core.Backend)}
	w.mux.Handle(localfs.Scheme)
	w.mux.Handle(core.Scheme{Name: "t", Features: memory.All, Open: func(_ context.Context, u *url.URL, env core.Env) (core.Backend, error) {
		if tree, ok := w.trees[u.Host]; ok {
			return tree, nil
		}
		if !env.Create {
			return nil, &core.Error{Op: "open", Key: u.Host, Err: fs.ErrNotExist}
		}
		w.trees[u.Host] = memory.New()
		return w.trees[u.Host], nil
	}})
	return w
}

// tree makes the tree t://name. Contents are files by key, and links where they
// begin with an arrow.
func (w *world) tree(name string, contents map[string]string) *memory.Tree {
	w.t.Helper()
	t := memory.New()
	for key, text := range contents {
		e := core.Entry{Key: key, Kind: core.File, Size: int64(len(text)), MD5: core.SumMD5([]byte(text))}
		if to, ok := strings.CutPrefix(text, "→"); ok {
			e = core.Entry{Key: key, Kind: core.Link, Target: core.Target{Key: to}}
			if strings.Contains(to, "://") {
				e.Target = core.Target{URL: to}
			}
		}
		var body io.Reader
		if e.Kind == core.File {
			body = strings.NewReader(text)
		}
		if _, err := t.Put(w.t.Context(), e, body, nil); err != nil {
			w.t.Fatal(err)
		}
	}
	w.trees[name] = t
	return t
}

// said is a run's output and exit code.
type said struct {
	code     int
	out, err string
}

func (w *world) run(args ...string) said {
	return w.runContext(w.t.Context(), args...)
}

func (w *world) runContext(ctx context.Context, args ...string) said {
	var out, err bytes.Buffer
	code := Program{Mux: &w.mux}.Run(ctx, args, strings.NewReader(""), &out, &err)
	return said{code, out.String(), err.String()}
}

// want checks a run's exit code and texts in its output.
func (s said) want(t *testing.T, code int, out, err string) {
	t.Helper()
	if s.code != code || !strings.Contains(s.out, out) || !strings.Contains(s.err, err) {
		t.Errorf("exit code %d, stdout %q, stderr %q; want %d, %q, %q", s.code, s.out, s.err, code, out, err)
	}
}

func TestCopyBetweenTrees(t *testing.T) {
	w := newWorld(t)
	w.tree("a", map[string]string{"x": "1", "d/y": "22", "l": "→d", "u": "→https://example.com/"})
	w.run("copy", "t://a", "t://b").want(t, 0, "4 new (3 B) in ", "")
	w.run("diff", "t://a", "t://b").want(t, 0, "no difference, 4 unchanged", "")
	w.run("copy", "-v", "t://a", "t://b").want(t, 0, "=    d/y  (same)\n", "")
}

func TestAFailureIsReportedAndDeletesNothing(t *testing.T) {
	w := newWorld(t)
	w.tree("a", map[string]string{"x": "1", "y": "2"})
	b := w.tree("b", map[string]string{"old": "3", "old2": "4"})
	broken := errors.New("the disk is\non fire\x1b[2J")
	w.trees["b"] = wrap.Fault(b, wrap.OnKind(wrap.StepPut, wrap.OnKey("x", wrap.Always(broken))))
	got := w.run("copy", "--max-delete=2", "t://a", "t://b")
	got.want(t, 1, "1 new (1 B), 2 not deleted because of errors, 1 error in ", "error: ")
	if strings.Contains(got.err, "\x1b") || !strings.Contains(got.err, "on fire") {
		t.Errorf("stderr %q, want the error without control characters", got.err)
	}
	if b.Len() != 3 {
		t.Errorf("%d entries at the destination, want 3: nothing deleted", b.Len())
	}
	w.run("copy", "--max-delete=2", "--json", "t://a", "t://b").want(t, 1, `"undeleted":2`, "")
}

func TestAConflictIsExitCode1(t *testing.T) {
	w := newWorld(t)
	w.tree("a", map[string]string{"x": "1", "x/y": "2", "z": "3"})
	dir := t.TempDir() + "/new"
	w.run("copy", "t://a", dir).want(t, 1, "1 new (1 B), 2 conflicts in ", "conflict: x/y: the source has both")
	if got := w.run("copy", "-n", "t://a", dir); strings.Contains(got.err, "conflict: conflict") || strings.Count(got.err, "conflict") != 2 {
		t.Errorf("stderr %q; want each conflict said once", got.err)
	}
	w.run("copy", "-n", "t://a", dir).want(t, 0, "dry run: ", "conflict: x")
	w.run("diff", "-q", "t://a", dir).want(t, 1, "", "conflict: x")
}

func TestStrictMakesARefusalAFailure(t *testing.T) {
	w := newWorld(t)
	w.tree("a", map[string]string{"u": "→https://example.com/", "x": "1"})
	w.run("copy", "t://a", t.TempDir()).want(t, 0, "1 new (1 B), 1 refused", "refused: u: ")
	w.run("copy", "--strict", "t://a", t.TempDir()).want(t, 1, "1 new (1 B), 1 refused", "")
	w.run("copy", "--strict", "-q", "t://a", t.TempDir()).want(t, 1, "", "")
}

func TestAMissingSourceIsExitCode1(t *testing.T) {
	w := newWorld(t)
	w.tree("b", map[string]string{"x": "1"})
	w.run("copy", "t://none", "t://b").want(t, 1, "", "the source t://none does not exist")
	w.run("copy", "--allow-empty-source", "t://none", "t://b").want(t, 1, "", "does not exist")
	w.run("ls", "t://none").want(t, 1, "", "the source t://none does not exist")
}

func TestADryRunMakesNothing(t *testing.T) {
	w := newWorld(t)
	w.tree("a", map[string]string{"x": "1"})
	w.run("copy", "-n", "t://a", "t://new").want(t, 0, "A    x  (1 B)\ndry run: 1 new (1 B) in", "")
	w.run("diff", "t://a", "t://new").want(t, 1, "A    x  (1 B)\ndiffers: 1 new (1 B) in", "")
	if w.trees["new"] != nil {
		t.Error("a dry run made the destination")
	}
}

func TestTheEndOfTheContextStopsARun(t *testing.T) {
	w := newWorld(t)
	w.tree("a", map[string]string{"x": "1", "y": "2"})
	ctx, cancel := context.WithCancelCause(t.Context())
	w.trees["b"] = wrap.Fault(memory.New(), wrap.OnKind(wrap.StepPut, wrap.InjectorFunc(func(wrap.Step) error {
		cancel(&interrupted{15})
		return nil
	})))
	got := w.runContext(ctx, "copy", "t://a", "t://b", "-j1")
	if got.code != 128+15 {
		t.Errorf("exit code %d, want 143; %s", got.code, got.err)
	}
}

func TestLsGoesOnBehindAKeyThatFails(t *testing.T) {
	w := newWorld(t)
	a := w.tree("a", map[string]string{"x": "1", "y": "2"})
	bad := &core.Error{Op: "list", Key: "d", Err: errors.New("unreadable")}
	w.trees["a"] = wrap.Fault(a, wrap.OnKind(wrap.StepNext, wrap.OnKey("x", wrap.Always(bad))))
	w.run("ls", "t://a").want(t, 1, " y\n", "error: list d: unreadable")
	w.trees["a"] = wrap.Fault(a, wrap.OnKind(wrap.StepList, wrap.Always(errors.New("broken"))))
	w.run("ls", "t://a").want(t, 1, "", "broken")
	w.run("copy", "t://a", "t://b").want(t, 1, "", "broken")
}

func TestLsLinksMarksRingsAndChains(t *testing.T) {
	w := newWorld(t)
	w.tree("a", map[string]string{
		"d/x": "1", "dir": "→d", "root": "→.", "chain": "→dir", "r1": "→r2", "r2": "→r1", "into": "→r1",
		"gone": "→none", "far": "→gone", "url": "→https://example.com/",
	})
	got := w.run("ls", "--links", "t://a")
	want := `chain → dir  (ends at d)
dir → d
far → gone  (ends at none, dangling)
gone → none  (dangling)
into → r1  (ring)
r1 → r2  (ring)
r2 → r1  (ring)
root → ./
url → https://example.com/
`
	if got.out != want {
		t.Errorf("ls --links prints\n%s, want\n%s", got.out, want)
	}
}

func TestRunsAtOnceDoNotDisturbEachOther(t *testing.T) {
	w := newWorld(t)
	w.tree("a", map[string]string{"x": "1", "y": "2"})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() { w.run("diff", "--exclude", "x", "t://a", t.TempDir()).want(t, 1, "A    y", "") })
	}
	wg.Wait()
}

func TestBandwidthLimitStillCopies(t *testing.T) {
	w := newWorld(t)
	w.tree("a", map[string]string{"x": "1"})
	w.run("copy", "--bwlimit", "10M", "t://a", "t://b").want(t, 0, "1 new", "")
}

func TestProgressCanBeForced(t *testing.T) {
	w := newWorld(t)
	w.tree("a", map[string]string{"x": "1"})
	w.run("copy", "--progress=always", "-q", "t://a", "t://b").want(t, 0, "", "")
}

func TestArgumentsThatLookLikeAStoreAreUsageErrors(t *testing.T) {
	w := newWorld(t)
	src := w.directory(map[string]string{"x": "1"})
	t.Chdir(t.TempDir())
	for arg, want := range map[string]string{
		"t:b": "did you mean t://b?", "T://b": "did you mean t://b?", "remote:path": "write ./remote:path", "arn:aws:s3:::b": "looks like", "host:22/x": "looks like",
	} {
		w.run("copy", src, arg).want(t, 2, "", "DST: ")
		w.run("copy", src, arg).want(t, 2, "", want)
		w.run("ls", arg).want(t, 2, "", want)
	}
	list, err := os.ReadDir(".")
	if err != nil || len(list) != 0 {
		t.Errorf("a directory was made: %v, %v", list, err)
	}
	w.run("copy", src, "bench/m6").want(t, 0, "", "note: bench/m6 did not exist; made ")
}

func TestEachRunNamesBothTrees(t *testing.T) {
	w := newWorld(t)
	w.tree("a", map[string]string{"x": "1"})
	for _, args := range [][]string{{"copy", "t://a", "t://b"}, {"copy", "-n", "t://a", "t://b"}, {"diff", "t://a", "t://b"}, {"plan", "t://a", "t://b"}, {"check", "t://a", "t://b"}} {
		if got := w.run(args...); !strings.HasPrefix(got.err, "t://a → t://b\n") {
			t.Errorf("%q: stderr %q, want it to begin with both trees", args, got.err)
		}
		got := w.run(append(args, "--json")...)
		line, _, _ := strings.Cut(got.out, "\n")
		for _, want := range []string{`"event":"start","version":1,"program":"s3fc `, `"command":"` + args[0] + `"`, `"source":{"name":"t://a","url":"t://a"}`, `"destination":{"name":"t://b","url":"t://b"}`} {
			if !strings.Contains(line, want) {
				t.Errorf("%q: the first line is %s, want it to have %s", args, line, want)
			}
		}
		if dry := args[0] != "copy" || len(args) == 4; strings.Contains(line, `"dry_run":true`) != (dry && args[0] != "check") {
			t.Errorf("%q: dry run in %s", args, line)
		}
	}
	if got := w.run("check", "t://a"); !strings.HasPrefix(got.err, "t://a\n") {
		t.Errorf("check of one tree: %q", got.err)
	}
	if got := w.run("copy", "-q", "t://a", "t://b"); got.err != "" {
		t.Errorf("-q: %q", got.err)
	}
}

func TestCommandsAndFlagsOfOtherToolsAreAnswered(t *testing.T) {
	w := newWorld(t)
	w.tree("a", map[string]string{"x": "1"})
	for _, tt := range []struct{ line, want string }{
		{"cp -r t://a t://b", "s3fc copy SRC DST (it is always recursive, and deletes"},
		{"rsync -a --delete t://a t://b", "s3fc copy SRC DST"},
		{"mirror --overwrite a b", "s3fc copy SRC DST"},
		{"rm --recursive t://a", "no command that only deletes"},
		{"verify a b", "s3fc check SRC DST"},
		{"lsl t://a", "s3fc ls TREE"},
		{"CP a b", "s3fc copy SRC DST"},
		{"coppy a b", `did you mean "copy"?`},
		{"snyc a b", `did you mean "sync"?`},
		{"copy --size-only a b", "sizes and md5s are compared"},
		{"copy -r a b", "copy is always recursive"},
		{"sync --follow-symlinks a b", "use --links=follow"},
		{"copy --endpoint-url=http://x a b", "s3://bucket?endpoint=URL"},
	} {
		w.run(strings.Fields(tt.line)...).want(t, 2, "", tt.want)
	}
	w.run("sync", "t://a", "t://b").want(t, 0, "1 new", "")
	w.run("--version").want(t, 0, "s3fc (", "")
	for _, f := range foreignCommands {
		for _, name := range f.names {
			if cmd, _, err := newRoot(&app{con: newConsole(nil, nil)}).Find([]string{name}); err == nil && cmd.Parent() != nil {
				t.Errorf("%s is a command here, too", name)
			}
		}
	}
	for name := range foreignFlags {
		for _, cmd := range []string{"copy", "plan", "check", "ls"} {
			if f := command(t, cmd).Flags().Lookup(name); f != nil {
				t.Errorf("--%s is a flag of %s, too", name, cmd)
			}
		}
	}
}

func TestTheGuardNamesItsSuspicion(t *testing.T) {
	w := newWorld(t)
	w.tree("a", map[string]string{"index.html": "1"})
	b := map[string]string{"index.html": "1"}
	for _, c := range "abcdefghijklmnopqrstuvwxyz" {
		b["old/"+string(c)] = "x"
	}
	w.tree("b", b)
	got := w.run("copy", "t://a", "t://b")
	got.want(t, 3, "", "26 of 27 entries of t://b are not in t://a\nnothing was written: are both the trees that you mean, in this order?")
	got.want(t, 3, "", "--max-delete 26 allows it once, a share such as --max-delete 25% in CI, and --delete=never keeps them")
	w.run("copy", "--max-delete", "26", "t://a", "t://b").want(t, 0, "26 deleted", "")
}
