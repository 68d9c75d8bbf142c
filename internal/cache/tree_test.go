package cache_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/s3fc/s3fc/backends/memory"
	"github.com/s3fc/s3fc/conformance"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/wrap"
	"github.com/s3fc/s3fc/internal/cache"

	"github.com/s3fc/s3fc/core/reconcile"
)

var quiet = slog.New(slog.DiscardHandler)

var likeS3 = core.Features{
	Links: true, URLLinks: true, DirTargets: true, StoresMD5: true, NeedsMD5: true, ModTimes: true, Flat: true, Create: core.GuardAtomic, Replace: core.GuardAtomic,
	MaxKey: 1024, MaxTarget: 1900,
}

// reopened is a tree whose memory can be closed and opened.
type reopened struct {
	core.Backend
	t     testing.TB
	inner core.Backend
	dir   string
}

// open puts a memory around the tree; closing it does not close the tree.
func (r *reopened) open() {
	r.Backend = cache.Over(unclosed{r.inner}, cache.Open(r.dir, "tree", quiet))
}

type unclosed struct{ core.Backend }

func (u unclosed) Unwrap() core.Tree { return u.Backend }

func (r *reopened) Unwrap() core.Tree { return r.Backend }

// again ends a run and begins another.
func (r *reopened) again() {
	r.t.Helper()
	if err := r.Backend.(io.Closer).Close(); err != nil {
		r.t.Fatal(err)
	}
	r.open()
}

func TestNoWayRound(t *testing.T) {
	dir := t.TempDir()
	over := func(b core.Backend) core.Backend { return cache.Over(b, cache.Open(dir, "tree", quiet)) }
	if err := conformance.CheckDecorator(t.Context(), over); err != nil {
		t.Error(err)
	}
	filtered := func(b core.Backend) core.Backend {
		return wrap.Filter(over(b), func(key string) bool { return key == "d/g" })
	}
	if err := conformance.CheckDecorator(t.Context(), filtered); err != nil {
		t.Error(err)
	}
}

// asked counts a tree's calls beside its listings.
type asked struct {
	core.Backend
	stats, opens int
}

func (a *asked) Stat(ctx context.Context, key string) (core.Entry, error) {
	a.stats++
	return a.Backend.Stat(ctx, key)
}

func (a *asked) Open(ctx context.Context, key string) (io.ReadCloser, core.Entry, error) {
	a.opens++
	return a.Backend.Open(ctx, key)
}

func (a *asked) Unwrap() core.Tree { return a.Backend }

func (a *asked) took() (stats, opens int) {
	stats, opens = a.stats, a.opens
	a.stats, a.opens = 0, 0
	return stats, opens
}

// copyTree copies with one job, so that nothing is counted at once, and fails
// the test for anything that goes wrong.
func copyTree(t *testing.T, src core.Tree, dst core.Backend) reconcile.Summary {
	t.Helper()
	r := &reconcile.Reconciler{Src: src, Dst: dst, Jobs: 1}
	p, err := r.Prepare(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = p.Close() }()
	sum, err := r.Apply(t.Context(), p, func(a reconcile.Action) {
		if a.Op == reconcile.OpFail {
			t.Errorf("%s: %v", a.Key, a.Err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

func put(t *testing.T, b core.Backend, key, content string, old *core.Entry) core.Entry {
	t.Helper()
	e := core.Entry{Key: key, Kind: core.File, Size: int64(len(content)), ModTime: time.Unix(1e9, 0)}
	e.MD5 = core.SumMD5([]byte(content))
	stored, err := b.Put(t.Context(), e, strings.NewReader(content), old)
	if err != nil {
		t.Fatal(err)
	}
	return stored
}

// TestAnUnprovedEntryIsAskedForOnce checks that an entry that a listing leaves
// open costs one question, and none in the runs after.
func TestAnUnprovedEntryIsAskedForOnce(t *testing.T) {
	ask := &asked{Backend: memory.NewOpaque(likeS3)}
	dst := &reopened{t: t, inner: ask, dir: t.TempDir()}
	dst.open()
	src := memory.New()
	page := "link to " + strings.Repeat("x", 53) // as large as a link's page, and it looks like one
	put(t, src, "page", page, nil)
	put(t, ask, "page", page, nil) // by somebody else
	for run, want := range []int{1, 0, 0} {
		dst.again()
		ask.took()
		sum := copyTree(t, src, dst)
		if stats, opens := ask.took(); stats != want || opens != 0 || sum.Kept != 1 {
			t.Errorf("unchanged run %d: %d questions, %d reads, %d kept; want %d, 0, 1", run+1, stats, opens, sum.Kept, want)
		}
	}
	// Somebody replaces the file by a link of the same page.
	old, err := dst.Stat(t.Context(), "page")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ask.Put(t.Context(), core.Entry{Key: "page", Kind: core.Link, Target: core.Target{Key: strings.Repeat("x", 53)}}, nil, &old); err != nil {
		t.Fatal(err)
	}
	dst.again()
	if sum := copyTree(t, src, dst); sum.Files != 1 {
		t.Errorf("a file that became a link with the same token: %+v; want it put again", sum)
	}
	if e, err := ask.Stat(t.Context(), "page"); err != nil || e.Kind != core.File {
		t.Errorf("%+v, %v; want a file", e, err)
	}
}

// TestUnsettledIsNotRemembered checks that nothing is remembered of an entry that
// could change without showing it.
func TestUnsettledIsNotRemembered(t *testing.T) {
	dst := &reopened{t: t, inner: unsettled{memory.NewOpaque(likeS3)}, dir: t.TempDir()}
	dst.open()
	put(t, dst, "f", "content", nil)
	if _, err := dst.Stat(t.Context(), "f"); err != nil {
		t.Fatal(err)
	}
	dst.again()
	for e, err := range dst.List(t.Context(), "") {
		if err != nil || !e.Partial || e.MD5.Known() {
			t.Errorf("%+v, %v; want what the listing alone tells", e, err)
		}
	}
	if names, err := os.ReadDir(dst.dir); len(names) > 0 || err != nil {
		t.Errorf("files: %v, %v; want none", names, err)
	}
}

type unsettled struct{ *memory.Opaque }

func (u unsettled) Stat(ctx context.Context, key string) (core.Entry, error) {
	e, err := u.Opaque.Stat(ctx, key)
	e.Settled = false
	return e, err
}

func (u unsettled) Open(ctx context.Context, key string) (io.ReadCloser, core.Entry, error) {
	body, e, err := u.Opaque.Open(ctx, key)
	e.Settled = false
	return body, e, err
}

func (u unsettled) Put(ctx context.Context, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
	if e.Settled || !e.Changed.IsZero() {
		return core.Entry{}, errors.New("the entry has the age of another")
	}
	e, err := u.Opaque.Put(ctx, e, body, old)
	e.Settled = false
	return e, err
}

// TestTheAgeOfTheSourceIsNotTheDestinations checks that the copy of a settled
// source is not settled by that.
func TestTheAgeOfTheSourceIsNotTheDestinations(t *testing.T) {
	src := memory.NewOpaque(likeS3)
	put(t, src, "f", "content", nil)
	dst := cache.Over(unsettled{memory.NewOpaque(likeS3)}, cache.Open(t.TempDir(), "tree", quiet))
	if sum := copyTree(t, src, dst); sum.Files != 1 {
		t.Errorf("%+v; want one file", sum)
	}
}

// TestALinkIsRecordedAtOnce checks that the target of a link that was read is known in
// the next run, even of one that was written a moment ago; and that a link to another
// target is asked for again.
func TestALinkIsRecordedAtOnce(t *testing.T) {
	ask := &asked{Backend: unsettled{memory.NewOpaque(likeS3)}}
	src := &reopened{t: t, inner: ask, dir: t.TempDir()}
	src.open()
	link := core.Entry{Key: "l", Kind: core.Link, Target: core.Target{Key: "v1", Dir: core.NotDir}}
	stored, err := ask.Put(t.Context(), link, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := src.Open(t.Context(), "l"); err != nil {
		t.Fatal(err)
	}
	listed := func() (all []core.Entry) {
		src.again()
		for e, err := range src.List(t.Context(), "") {
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, e)
		}
		return all
	}
	if all := listed(); len(all) != 1 || all[0].Kind != core.Link || all[0].Target.Key != "v1" || all[0].Partial {
		t.Errorf("listed %+v; want the link, complete", all)
	}
	link.Target.Key = "v2"
	if _, err := ask.Put(t.Context(), link, nil, &stored); err != nil {
		t.Fatal(err)
	}
	if all := listed(); len(all) != 1 || !all[0].MaybeLink {
		t.Errorf("listed %+v after the link got another target; want an entry that may be a link", all)
	}
}

// TestMarksOfHeaders checks that the mark of the headers that a file was put with is
// known of the same content later, whatever its time, and of no other.
func TestMarksOfHeaders(t *testing.T) {
	f := likeS3
	f.Headers = true
	inner, dir := memory.NewOpaque(f), t.TempDir()
	mark := (&core.Headers{CacheControl: "no-cache"}).Mark()
	put := func(content string, mark core.HeaderMark) {
		t.Helper()
		c := cache.Over(unsettled{inner}, cache.Open(dir, "tree", quiet))
		defer core.Close(c) //nolint:errcheck // A cache that is not written shows below.
		e := core.Entry{Key: "a", Kind: core.File, Size: int64(len(content)), MD5: core.SumMD5([]byte(content)), HeaderMark: mark}
		old, err := inner.Stat(t.Context(), "a")
		if stored, perr := c.Put(t.Context(), e, strings.NewReader(content), seen(old, err)); perr != nil || stored.HeaderMark != mark {
			t.Fatalf("Put: %+v, %v", stored, perr)
		}
	}
	listed := func() (got core.HeaderMark) {
		t.Helper()
		c := cache.Over(inner, cache.Open(dir, "tree", quiet))
		defer core.Close(c) //nolint:errcheck // As above.
		for e, err := range c.List(t.Context(), "") {
			if err != nil || !e.Partial {
				t.Fatalf("List yields %+v, %v: the mark is no fact about the content", e, err)
			}
			got = e.HeaderMark
		}
		if e, err := c.Stat(t.Context(), "a"); err != nil || e.HeaderMark != got {
			t.Errorf("Stat has the mark %q, %v, and List %q", e.HeaderMark, err, got)
		}
		return got
	}
	put("one", mark)
	if got := listed(); got != mark {
		t.Errorf("after Put: %q, want %q", got, mark)
	}
	e, _ := inner.Stat(t.Context(), "a")
	if _, err := inner.SetHeaders(t.Context(), e, &core.Headers{CacheControl: "none"}, nil); err != nil {
		t.Fatal(err)
	}
	if got := listed(); got != mark {
		t.Errorf("after another time: %q, want %q", got, mark)
	}
	put("two", "")
	if got := listed(); got != "" {
		t.Errorf("of a content that was put without rules: %q", got)
	}
	put("two", mark)
	put("one", (*core.Headers)(nil).Mark())
	if got := listed(); got != (*core.Headers)(nil).Mark() {
		t.Errorf("of no headers: %q", got)
	}
}

func seen(e core.Entry, err error) *core.Entry {
	if err != nil {
		return nil
	}
	return &e
}

// claims is a store whose answers to Stat claim a wrong md5, as an ETag does that only
// looks like one, and which proves nothing.
type claims struct{ core.Backend }

func (c claims) Stat(ctx context.Context, key string) (core.Entry, error) {
	e, err := c.Backend.Stat(ctx, key)
	e.MD5 = core.SumMD5([]byte("something else"))
	return e, err
}

// TestAClaimIsNoFact checks that the md5 that reading an entry told stays, whatever
// the store claims later of the same version.
func TestAClaimIsNoFact(t *testing.T) {
	tree := &reopened{t: t, inner: claims{memory.NewOpaque(likeS3)}, dir: t.TempDir()}
	tree.open()
	put(t, tree, "a", "content", nil)
	body, _, err := tree.Open(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	_ = body.Close()
	for range 2 {
		tree.again()
		e, err := tree.Stat(t.Context(), "a")
		if err != nil || e.MD5 != core.SumMD5([]byte("content")) {
			t.Fatalf("md5 %v, %v; want that of the content", e.MD5, err)
		}
	}
}
