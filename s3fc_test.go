package s3fc_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/s3fc/s3fc"
	"github.com/s3fc/s3fc/backends/embedded"
	"github.com/s3fc/s3fc/backends/localfs"
	"github.com/s3fc/s3fc/backends/memory"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/reconcile"
	"github.com/s3fc/s3fc/core/wrap"
)

// tree returns a tree with these files; a content that begins with an arrow is a
// link.
func tree(t testing.TB, contents map[string]string) *memory.Tree {
	t.Helper()
	m := memory.New()
	for key, text := range contents {
		put(t, m, key, text)
	}
	return m
}

func put(t testing.TB, b core.Backend, key, text string) {
	t.Helper()
	e := core.Entry{Key: key, Kind: core.File, Size: int64(len(text)), MD5: core.SumMD5([]byte(text))}
	var body io.Reader = strings.NewReader(text)
	if to, ok := strings.CutPrefix(text, "→"); ok {
		e, body = core.Entry{Key: key, Kind: core.Link, Target: core.Target{Key: to}}, nil
	}
	if _, err := b.Put(context.Background(), e, body, nil); err != nil {
		t.Fatal(err)
	}
}

// keys lists a tree as "key" or "key→target".
func keys(t testing.TB, tr core.Tree) string {
	t.Helper()
	var out []string
	for e, err := range tr.List(context.Background(), "") {
		if err != nil {
			t.Fatal(err)
		}
		s := e.Key
		if e.Kind == core.Link {
			s += "→" + e.Target.String()
		}
		out = append(out, s)
	}
	return strings.Join(out, " ")
}

func directory(t testing.TB, contents map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range contents {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func mux() *core.Mux { return core.NewMux(localfs.Scheme, memory.Scheme, embedded.Scheme) }

func TestCopyMakesOpenTreesEqual(t *testing.T) {
	src := tree(t, map[string]string{"a": "1", "d/b": "22", "l": "→d/b"})
	dst := tree(t, map[string]string{"a": "old", "gone": "x", "d/b": "22"})
	var events []string
	var phases = map[reconcile.Phase]bool{}
	res, err := s3fc.Copy(t.Context(), src, dst, s3fc.Options{
		Event:    func(a s3fc.Action) { events = append(events, a.Name()+" "+a.Key) },
		Progress: func(p s3fc.Progress) { phases[p.Phase] = true },
	})
	if err != nil {
		t.Fatal(err)
	}
	if res.Files != 1 || res.Links != 1 || res.Deletes != 1 || res.Kept != 1 || res.Planned || !res.Changed() {
		t.Errorf("result %+v", res)
	}
	if got := strings.Join(events, ", "); got != "put a, link l, delete gone" {
		t.Errorf("events %q", got)
	}
	if len(phases) < 3 {
		t.Errorf("progress in the phases %v", phases)
	}
	if got := keys(t, dst); got != "a d/b l→d/b" {
		t.Errorf("the destination has %q", got)
	}
	again, err := s3fc.Copy(t.Context(), src, dst, s3fc.Options{})
	if err != nil || again.Changed() || again.Kept != 3 {
		t.Errorf("once more: %+v, %v", again, err)
	}
}

func TestDiffWritesNothing(t *testing.T) {
	src, dst := tree(t, map[string]string{"a": "1"}), tree(t, map[string]string{"b": "1", "c": "2"})
	var events []string
	res, err := s3fc.Diff(t.Context(), src, dst, s3fc.Options{Event: func(a s3fc.Action) { events = append(events, a.Name()+" "+a.Key) }})
	if err != nil || !res.Differs() || !res.Planned {
		t.Errorf("%+v, %v; want a difference", res, err)
	}
	if got := strings.Join(events, ", "); got != "put a, delete b, delete c" {
		t.Errorf("events %q", got)
	}
	if got := keys(t, dst); got != "b c" {
		t.Errorf("the destination has %q", got)
	}
	res, err = s3fc.Diff(t.Context(), src, wrap.ReadOnly(src), s3fc.Options{})
	if err != nil || res.Differs() {
		t.Errorf("a tree and its like: %+v, %v", res, err)
	}
}

func TestAPlanThatAGuardStopsIsNotApplied(t *testing.T) {
	dst := tree(t, map[string]string{"b": "1", "c": "2"})
	for name, tt := range map[string]struct {
		src map[string]string
		o   s3fc.Options
		err error
	}{
		"empty source":     {nil, s3fc.Options{}, core.ErrEmptySource},
		"too many deletes": {map[string]string{"b": "1"}, limited(t, "0"), core.ErrTooManyDeletes},
	} {
		c, err := s3fc.Plan(t.Context(), tree(t, tt.src), dst, tt.o)
		if err != nil {
			t.Fatal(name, err)
		}
		var guard *s3fc.GuardError
		if !errors.As(c.Guard(), &guard) || !errors.Is(c.Guard(), tt.err) || guard.Entries != 2 {
			t.Errorf("%s: Guard() = %v, want a GuardError with the figures", name, c.Guard())
		}
		if strings.Contains(c.Guard().Error(), "--") {
			t.Errorf("%s: the error names a flag: %v", name, c.Guard())
		}
		res, err := s3fc.Apply(t.Context(), c)
		if !errors.Is(err, tt.err) || res.Changed() {
			t.Errorf("%s: Apply: %+v, %v", name, res, err)
		}
		var saved bytes.Buffer
		if err := c.Save(&saved, "test"); !errors.Is(err, tt.err) || saved.Len() > 0 {
			t.Errorf("%s: Save: %v, %d bytes; want nothing saved", name, err, saved.Len())
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		if _, err := s3fc.Copy(t.Context(), tree(t, tt.src), dst, tt.o); !errors.Is(err, tt.err) {
			t.Errorf("%s: Copy: %v", name, err)
		}
	}
	if got := keys(t, dst); got != "b c" {
		t.Errorf("the destination has %q, want it untouched", got)
	}
}

func limited(t *testing.T, deletes string) (o s3fc.Options) {
	t.Helper()
	if err := o.Set("max-delete", deletes); err != nil {
		t.Fatal(err)
	}
	return o
}

func TestAPlanIsAppliedOnce(t *testing.T) {
	dst := memory.New()
	c, err := s3fc.Plan(t.Context(), tree(t, map[string]string{"a": "1"}), dst, s3fc.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if res := c.Result(); res.Files != 1 || !res.Planned || dst.Len() != 0 {
		t.Errorf("the plan: %+v, and %d entries at the destination", res, dst.Len())
	}
	if res, err := s3fc.Apply(t.Context(), c); err != nil || res.Files != 1 || dst.Len() != 1 {
		t.Errorf("Apply: %+v, %v", res, err)
	}
	if _, err := s3fc.Apply(t.Context(), c); err == nil {
		t.Error("a second Apply: no error")
	}
}

func TestFailedEntriesAreAnErrorAndDeleteNothing(t *testing.T) {
	src, inner := tree(t, map[string]string{"x": "1", "y": "2"}), tree(t, map[string]string{"old": "3", "y": "2"})
	broken := errors.New("broken")
	dst := wrap.Fault(inner, wrap.OnKind(wrap.StepPut, wrap.OnKey("x", wrap.Always(broken))))
	res, err := s3fc.Copy(t.Context(), src, dst, s3fc.Options{})
	var incomplete *s3fc.IncompleteError
	if !errors.As(err, &incomplete) || incomplete.Errors != 1 || res.Undeleted != 1 {
		t.Errorf("%+v, %v; want an IncompleteError", res, err)
	}
	if got := keys(t, inner); got != "old y" {
		t.Errorf("the destination has %q", got)
	}
}

func TestURLsAreOpenedAndMade(t *testing.T) {
	t.Setenv(embedded.DirVariable, t.TempDir())
	dir := directory(t, map[string]string{"index.html": "<p>", "v1/a": "1", ".DS_Store": "x", "secret/key": "k", ".s3fcignore": "/secret/\n"})
	back := filepath.Join(t.TempDir(), "not", "there")
	m := mux()
	res, err := s3fc.CopyURL(t.Context(), m, dir, "embedded://demo/site", s3fc.Options{CacheDir: t.TempDir()})
	if err != nil || res.Files != 3 || res.Requests[core.ClassPut] != 3 || res.Cost.Known {
		t.Errorf("%+v, %v; want 3 files, 3 PUT and no cost", res, err)
	}
	if res, err = s3fc.DiffURL(t.Context(), m, dir, "embedded://demo/site", s3fc.Options{}); err != nil || res.Differs() {
		t.Errorf("after it: %+v, %v", res, err)
	}
	if res, err = s3fc.CopyURL(t.Context(), m, "embedded://demo/site", back, s3fc.Options{}); err != nil || res.Files != 3 {
		t.Errorf("back: %+v, %v", res, err)
	}
	if b, err := os.ReadFile(filepath.Join(back, "v1", "a")); err != nil || string(b) != "1" {
		t.Errorf("v1/a: %q, %v", b, err)
	}
	checked, err := s3fc.CheckURL(t.Context(), m, dir, "embedded://demo/site", s3fc.CheckOptions{})
	if err != nil || checked.Same != 3 {
		t.Errorf("check: %+v, %v", checked, err)
	}
	if err := os.WriteFile(filepath.Join(back, "v1", "a"), []byte("2"), 0o644); err != nil {
		t.Fatal(err)
	}
	var found []string
	checked, err = s3fc.CheckURL(t.Context(), m, back, "embedded://demo/site", s3fc.CheckOptions{Found: func(f s3fc.Found) { found = append(found, f.Key) }})
	if !errors.Is(err, s3fc.ErrDiffers) || checked.Differ != 1 || strings.Join(found, " ") != "v1/a" {
		t.Errorf("check of a changed file: %+v, %v, %q", checked, err, found)
	}
}

func TestAPlanForADestinationThatIsNotThereMakesItWhenApplied(t *testing.T) {
	t.Setenv(embedded.DirVariable, t.TempDir())
	dir := directory(t, map[string]string{"a": "1"})
	m := mux()
	for _, dst := range []string{"embedded://made", filepath.Join(t.TempDir(), "made")} {
		c, err := s3fc.PlanURL(t.Context(), m, dir, dst, s3fc.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s3fc.CheckURL(t.Context(), m, dir, dst, s3fc.CheckOptions{}); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s after planning: %v, want that it does not exist", dst, err)
		}
		if res, err := s3fc.Apply(t.Context(), c); err != nil || res.Files != 1 {
			t.Errorf("%s: %+v, %v", dst, res, err)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		if _, err := s3fc.CheckURL(t.Context(), m, dir, dst, s3fc.CheckOptions{}); err != nil {
			t.Errorf("%s after applying: %v", dst, err)
		}
	}
}

func TestASavedPlanIsCarriedOutExactly(t *testing.T) {
	t.Setenv(embedded.DirVariable, t.TempDir())
	src, dst := directory(t, map[string]string{"a": "1", "b": "2", "c.tmp": "3"}), filepath.Join(t.TempDir(), "dst")
	m := mux()
	c, err := s3fc.PlanURL(t.Context(), m, src, dst, s3fc.Options{Exact: true, Rules: []string{"*.tmp"}})
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	if err := errors.Join(c.Save(&file, "test 1"), c.Close()); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(src, "b"), []byte("changed"), 0o644); err != nil {
		t.Fatal(err)
	}
	apply := func(toSrc, toDst string) (s3fc.Result, error) {
		saved, err := s3fc.ReadPlan(bytes.NewReader(file.Bytes()), "")
		if err != nil {
			t.Fatal(err)
		}
		if saved.Header.Program != "test 1" || saved.Header.Totals.Files != 2 {
			t.Errorf("header %+v", saved.Header)
		}
		c, err := saved.Open(t.Context(), m, toSrc, toDst, s3fc.Options{Rules: []string{"a"}})
		if err != nil {
			return s3fc.Result{}, err
		}
		defer c.Close()
		return s3fc.Apply(t.Context(), c)
	}
	if _, err := apply("", t.TempDir()); !errors.Is(err, reconcile.ErrPlanFile) {
		t.Errorf("another destination: %v, want ErrPlanFile", err)
	}
	res, err := apply("", "")
	var incomplete *s3fc.IncompleteError
	if !errors.As(err, &incomplete) || res.Files != 1 || res.Errors != 1 {
		t.Errorf("%+v, %v; want a put, and a failure for the file that has changed", res, err)
	}
	if got, _ := os.ReadDir(dst); len(got) != 1 || got[0].Name() != "a" {
		t.Errorf("the destination has %v", got)
	}
}

func TestMistakesAreFoundBeforeAnythingIsOpened(t *testing.T) {
	dir := directory(t, map[string]string{"a": "1", "d/b": "2"})
	other := t.TempDir()
	m := mux()
	file := filepath.Join(dir, "a")
	for name, tt := range map[string]struct {
		src, dst string
		o        s3fc.Options
		option   string
	}{
		"unknown scheme":           {"gopher://x", other, s3fc.Options{}, "source"},
		"unknown parameter":        {dir, "file://" + other + "?zone=1", s3fc.Options{}, "destination"},
		"a file":                   {file, other, s3fc.Options{}, "source"},
		"bad rule":                 {dir, other, s3fc.Options{Rules: []string{"["}}, "rules"},
		"bad word":                 {dir, other, s3fc.Options{Links: "perhaps"}, "links"},
		"option without an effect": {"mem://a", "mem://b", s3fc.Options{Links: "follow"}, "links"},
		"link body of a directory": {dir, other, s3fc.Options{LinkBody: "empty"}, "link-body"},
		"backup is the source":     {dir, other, s3fc.Options{Backup: dir}, "backup"},
		"backup holds it":          {dir, other, s3fc.Options{Backup: filepath.Dir(dir)}, "backup"},
		"expand to a directory":    {dir, other, s3fc.Options{DirLinks: s3fc.DirLinksExpand}, "dir-links"},
	} {
		_, err := s3fc.CopyURL(t.Context(), m, tt.src, tt.dst, tt.o)
		var option *s3fc.OptionError
		if !errors.As(err, &option) || option.Option != tt.option {
			t.Errorf("%s: %v, want an OptionError of %s", name, err, tt.option)
		}
	}
	for _, tt := range []struct {
		src, dst string
		inside   bool
	}{{dir, dir, false}, {dir, dir + "/d", false}, {dir + "/d", dir, true}, {"mem://a/x", "mem://a", true}} {
		_, err := s3fc.CopyURL(t.Context(), m, tt.src, tt.dst, s3fc.Options{})
		var overlap *s3fc.OverlapError
		if !errors.As(err, &overlap) || overlap.Inside != tt.inside {
			t.Errorf("%s to %s: %v, want an OverlapError", tt.src, tt.dst, err)
		}
	}
	if res, err := s3fc.CopyURL(t.Context(), m, dir+"/d", dir, s3fc.Options{Delete: s3fc.DeleteNever}); err != nil || res.Files != 1 {
		t.Errorf("a source inside the destination, without deletes: %+v, %v", res, err)
	}
	var missing *s3fc.MissingError
	if _, err := s3fc.CopyURL(t.Context(), m, dir+"/none", other, s3fc.Options{}); !errors.As(err, &missing) || missing.Side != "source" {
		t.Errorf("a missing source: %v, want a MissingError", err)
	}
}

func TestOneTreeOnBothSidesIsRefused(t *testing.T) {
	dir, err := localfs.New(directory(t, map[string]string{"a": "1"}), localfs.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	var overlap *s3fc.OverlapError
	if _, err := s3fc.Copy(t.Context(), dir, dir, s3fc.Options{}); !errors.As(err, &overlap) {
		t.Errorf("%v, want an OverlapError", err)
	}
}

// named is a tree that knows its place, whatever URL it was opened by.
type named struct {
	core.Backend
	place string
}

func (n named) Identity() string { return n.place }

// TestTreesThatOverlapUnderOtherNamesAreRefused checks that two spellings of places do
// not hide that one is in the other, as a link on a server does.
func TestTreesThatOverlapUnderOtherNamesAreRefused(t *testing.T) {
	m := core.NewMux(core.Scheme{Name: "far", Open: func(_ context.Context, u *url.URL, _ core.Env) (core.Backend, error) {
		return named{memory.New(), "far host " + strings.Replace(u.Path, "/alias", "/real", 1)}, nil
	}})
	for _, tt := range []struct {
		src, dst string
		overlap  bool
	}{
		{"far://h/real/x", "far://h/alias", true}, {"far://h/real", "far://h/alias/x", true}, {"far://h/real", "far://h/alias/", true},
		{"far://h/real/x", "far://h/alias/xy", false},
	} {
		_, err := s3fc.CopyURL(t.Context(), m, tt.src, tt.dst, s3fc.Options{AllowEmptySource: true})
		var overlap *s3fc.OverlapError
		if errors.As(err, &overlap) != tt.overlap {
			t.Errorf("%s to %s: %v; want an OverlapError: %v", tt.src, tt.dst, err, tt.overlap)
		}
	}
}

func TestIgnoreFilesOfOpenDirectoriesApply(t *testing.T) {
	dir, err := localfs.New(directory(t, map[string]string{"a": "1", "b.tmp": "2", ".s3fcignore": "*.tmp\n"}), localfs.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	dst := tree(t, map[string]string{"c.tmp": "kept"})
	if _, err := s3fc.Copy(t.Context(), dir, dst, s3fc.Options{}); err != nil {
		t.Fatal(err)
	}
	if got := keys(t, dst); got != ".s3fcignore a c.tmp" {
		t.Errorf("the destination has %q", got)
	}
}

func TestTheBackupGetsLostEntries(t *testing.T) {
	src, dst, undo := tree(t, map[string]string{"a": "new"}), tree(t, map[string]string{"a": "old", "b": "gone", "c": "3"}), memory.New()
	o := limited(t, "5")
	o.BackupTree = undo
	res, err := s3fc.Copy(t.Context(), src, dst, o)
	if err != nil || res.Saved != 3 {
		t.Errorf("%+v, %v; want 3 saved", res, err)
	}
	if got := keys(t, undo); got != "a b c" {
		t.Errorf("the backup has %q", got)
	}
}

func TestTheEndOfTheContextEndsARun(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("enough")
	cancel(why)
	src, dst := tree(t, map[string]string{"a": "1"}), memory.New()
	if _, err := s3fc.Copy(ctx, src, dst, s3fc.Options{}); !errors.Is(err, why) || dst.Len() != 0 {
		t.Errorf("%v, want the context's cause, and nothing written", err)
	}
}

func TestCheckOfOneTree(t *testing.T) {
	res, err := s3fc.Check(t.Context(), tree(t, map[string]string{"a": "1", "l": "→a"}), nil, s3fc.CheckOptions{})
	if err != nil || res.Same != 2 || res.Bytes != 1 {
		t.Errorf("%+v, %v", res, err)
	}
	_, err = s3fc.Check(t.Context(), tree(t, map[string]string{"a": "1"}), tree(t, map[string]string{"a": "2"}), s3fc.CheckOptions{})
	if !errors.Is(err, s3fc.ErrDiffers) {
		t.Errorf("two trees that differ: %v", err)
	}
}

func TestAPrefixUnderWhichNothingLiesStopsTheRun(t *testing.T) {
	m := mux()
	bucket := memory.Named("mistyped", true)
	for _, key := range []string{"docs/v1/a", "docs/v1/b", "dist/x", "index.html", "other/y"} {
		put(t, bucket, key, "x")
	}
	for _, dst := range []string{"mem://mistyped-dst", filepath.Join(t.TempDir(), "new")} {
		_, err := s3fc.CopyURL(t.Context(), m, "mem://mistyped/dcos", dst, s3fc.Options{})
		var nothing *s3fc.NothingThereError
		var guard *s3fc.GuardError
		if !errors.As(err, &nothing) || !errors.As(err, &guard) || !errors.Is(err, core.ErrEmptySource) {
			t.Fatalf("to %s: %v, want a guard that says that nothing is there", dst, err)
		}
		if got := strings.Join(nothing.Near, " "); got != "docs/ dist/ other/ index.html" {
			t.Errorf("near are %q, want the most similar first", got)
		}
		if _, err := os.Stat(dst); err == nil {
			t.Errorf("%s was made", dst)
		}
	}
	if _, err := s3fc.CopyURL(t.Context(), m, "mem://mistyped/docs/v2", t.TempDir(), s3fc.Options{}); err == nil || !strings.Contains(err.Error(), "beside it are v1/") {
		t.Errorf("one level down: %v, want the names of that level", err)
	}
	if _, err := s3fc.CopyURL(t.Context(), m, "mem://mistyped/dcos", t.TempDir(), s3fc.Options{AllowEmptySource: true}); err != nil {
		t.Errorf("with AllowEmptySource: %v", err)
	}
	memory.Named("mistyped-empty", true)
	if _, err := s3fc.CopyURL(t.Context(), m, "mem://mistyped-empty", t.TempDir(), s3fc.Options{}); err != nil {
		t.Errorf("a whole store that is empty: %v", err)
	}
	if _, err := s3fc.CopyURL(t.Context(), m, "mem://mistyped/docs", t.TempDir(), s3fc.Options{Rules: []string{"*"}}); err != nil {
		t.Errorf("a prefix whose entries are all excluded: %v", err)
	}
}

func TestTheStartNamesBothTreesAndAMadeOneIsSaid(t *testing.T) {
	t.Setenv(embedded.DirVariable, filepath.Join(t.TempDir(), "store"))
	src, dst := directory(t, map[string]string{"a": "1"}), filepath.Join(t.TempDir(), "made")
	m := mux()
	var starts []s3fc.Start
	o := s3fc.Options{Start: func(s s3fc.Start) { starts = append(starts, s) }}
	res, err := s3fc.CopyURL(t.Context(), m, src, dst, o)
	if err != nil || res.Made != dst {
		t.Errorf("made %q, %v; want %q", res.Made, err, dst)
	}
	if res, err = s3fc.CopyURL(t.Context(), m, src, dst, o); err != nil || res.Made != "" {
		t.Errorf("once more: made %q, %v", res.Made, err)
	}
	if res, err = s3fc.CopyURL(t.Context(), m, src, "embedded://demo", o); err != nil || res.Made != "embedded://demo" {
		t.Errorf("made %q, %v; want the bucket", res.Made, err)
	}
	if len(starts) != 3 || starts[0].Source.Name != src || starts[0].Destination.URL != "file://"+dst || !strings.HasSuffix(starts[2].Destination.Location, "store") {
		t.Errorf("starts %+v", starts)
	}
}
