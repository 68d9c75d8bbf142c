package s3

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/s3fc/s3fc/backends/localfs"
	"github.com/s3fc/s3fc/backends/s3/internal/format"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/reconcile"
	"github.com/s3fc/s3fc/internal/cache"
	"github.com/s3fc/s3fc/internal/s3server"
	"github.com/s3fc/s3fc/internal/testkit/long"
)

const mib = 1 << 20

// puller pulls a bucket to a directory, each time as a run of its own.
type puller struct {
	*testing.T
	tree          *Tree
	server        *s3server.Server
	dir, memories string // the destination, and where the caches are
	cached        bool
}

func newPuller(t *testing.T, opts ...s3server.Option) *puller {
	tree, s := serve(t, Options{}, opts...)
	tree.opener.Rule.Above = 16 * mib
	return &puller{T: t, tree: tree, server: s, dir: filepath.Join(t.TempDir(), "dst"), memories: t.TempDir()}
}

// open opens the directory, and both sides' caches if there are any.
func (p *puller) open() (src, dst core.Backend) {
	p.Helper()
	dir, err := localfs.New(p.dir, localfs.Options{Create: true})
	if err != nil {
		p.Fatal(err)
	}
	src, dst = p.tree, dir
	if p.cached {
		quiet := slog.New(slog.DiscardHandler)
		src = cache.Over(unclosable{src}, cache.Open(p.memories, "src", quiet))
		dst = cache.Over(dst, cache.Open(p.memories, "dst", quiet))
	}
	return src, dst
}

// unclosable is a tree that outlives its cache.
type unclosable struct{ core.Backend }

func (u unclosable) Unwrap() core.Tree { return u.Backend }

// pull runs once, and returns its summary and requests.
func (p *puller) pull() (sum reconcile.Summary, sent core.Requests, failed error) {
	p.Helper()
	src, dst := p.open()
	defer func() {
		for _, t := range []core.Backend{src, dst} {
			if c, ok := t.(io.Closer); ok && t != core.Backend(p.tree) {
				_ = c.Close()
			}
		}
	}()
	sent = counts(p, p.tree, p.server, func() {
		r := &reconcile.Reconciler{Src: src, Dst: dst}
		plan, err := r.Prepare(p.Context())
		if err != nil {
			p.Fatal(err)
		}
		defer plan.Close()
		sum, err = r.Apply(p.Context(), plan, func(a reconcile.Action) {
			if a.Err != nil {
				failed = a.Err
			}
		})
		if err != nil {
			p.Fatal(err)
		}
	})
	return sum, sent, failed
}

func (p *puller) holds(key string, want []byte) {
	p.Helper()
	got, err := os.ReadFile(filepath.Join(p.dir, key))
	if err != nil || !bytes.Equal(got, want) {
		p.Errorf("%d bytes of %s are as they were put: %v, %v", len(got), key, bytes.Equal(got, want), err)
	}
}

// foreign puts a file as another tool does: in parts, without an md5, long ago.
func (p *puller) foreign(key string, content []byte, part int) {
	p.Helper()
	meta := map[string]string{"X-Amz-Meta-Mtime": "1000000000.5", "Last-Modified": time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat)}
	storeParts(p.T, p.server, key, content, part, meta)
}

// A large file is pulled by its parts, with fewer requests than in ranges, and a second
// run asks nothing and reads nothing: the cache has the hash of the parts.
func TestALargeFileIsPulledByItsParts(t *testing.T) {
	for name, c := range map[string]struct {
		put   func(p *puller, content []byte)
		first core.Requests
	}{
		"ours": {func(p *puller, content []byte) {
			e := fileEntry("a", string(content))
			e.ModTime = time.Unix(1e9, 0)
			put(p, p.tree, e, bytes.NewReader(content), nil)
		}, req(core.ClassList, 1).Add(req(core.ClassGet, 4))},
		"another tool's": {func(p *puller, content []byte) { p.foreign("a", content, 10*mib) }, req(core.ClassList, 1).Add(req(core.ClassHead, 1)).Add(req(core.ClassGet, 3))},
		"of parts that nobody guesses": {func(p *puller, content []byte) { p.foreign("a", content, 7*mib) },
			req(core.ClassList, 1).Add(req(core.ClassHead, 1)).Add(req(core.ClassGet, 4))},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPuller(t)
			p.cached = true
			content := pattern(20 * mib)
			c.put(p, content)
			sum, sent, err := p.pull()
			if err != nil || sum.Files != 1 || sent != c.first {
				t.Errorf("%d files, sent %v, %v; want %v", sum.Files, sent, err, c.first)
			}
			p.holds("a", content)
			if most := p.tree.OpenCost(core.Entry{Kind: core.File, Size: 20 * mib}); sent[core.ClassGet]+sent[core.ClassHead] > most[core.ClassGet] {
				t.Errorf("sent %v; the plan counts %v", sent, most)
			}
			sum, sent, err = p.pull()
			if err != nil || sum.Kept != 1 || sent != req(core.ClassList, 1) || sum.Compared != 0 {
				t.Errorf("again: %d kept, %d bytes read, sent %v, %v; want 1 LIST alone", sum.Kept, sum.Compared, sent, err)
			}
		})
	}
}

// corrupting changes the first byte of the first answer to a GET of a range from first
// on, while it is on.
func corrupting(first string, on *atomic.Bool) s3server.Option {
	return s3server.Wrap(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet && strings.HasPrefix(r.Header.Get("Range"), "bytes="+first+"-") && on.Swap(false) {
				w = &flipped{ResponseWriter: w}
			}
			next.ServeHTTP(w, r)
		})
	})
}

// flipped is an answer whose first byte is another.
type flipped struct {
	http.ResponseWriter
	done bool
}

func (f *flipped) Write(p []byte) (int, error) {
	if !f.done && len(p) > 0 {
		f.done = true
		p = append([]byte{p[0] ^ 1}, p[1:]...)
	}
	return f.ResponseWriter.Write(p)
}

// A wrong byte is never given the file's name, and the old file stays.
func TestAWrongByteOfAPartIsNotPublished(t *testing.T) {
	var on atomic.Bool
	on.Store(true)
	p := newPuller(t, corrupting("16777216", &on))
	content := pattern(20 * mib)
	putFile(t, p.tree, "a", string(content))
	if err := os.MkdirAll(p.dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(p.dir, "a"), []byte("old"), 0o666); err != nil {
		t.Fatal(err)
	}
	if sum, _, err := p.pull(); !errors.Is(err, core.ErrCorrupt) || sum.Files != 0 {
		t.Errorf("%d files, %v; want ErrCorrupt", sum.Files, err)
	}
	p.holds("a", []byte("old"))
	if names, err := os.ReadDir(p.dir); err != nil || len(names) != 1 {
		t.Errorf("there are %v, %v; want the old file alone", names, err)
	}
	if _, _, err := p.pull(); err != nil {
		t.Error(err)
	}
	p.holds("a", content)
}

// Where no md5 is stored either, the file is read again, and only if the bytes stay the
// same is the ETag taken for none.
func TestAWrongByteWithoutAnMD5IsReadAgain(t *testing.T) {
	long.Only(t)
	var on atomic.Bool
	on.Store(true)
	p := newPuller(t, corrupting("16777216", &on))
	content := pattern(20 * mib)
	p.foreign("a", content, 8*mib)
	sum, sent, err := p.pull()
	if err != nil || sum.Files != 1 || sent[core.ClassGet] != 8 {
		t.Errorf("%d files, sent %v, %v; want two readings", sum.Files, sent, err)
	}
	p.holds("a", content)
}

// In stores whose ETags of parts are no md5s, the md5 in the metadata decides.
func TestLargeFilesOfStoresWhoseETagsAreNoMD5s(t *testing.T) {
	long.Only(t)
	for _, q := range []s3server.Quirk{s3server.OpaqueETags, s3server.OpaquePartsETags, s3server.KMS, s3server.NoETags} {
		t.Run(q.Name, func(t *testing.T) {
			p := newPuller(t, q)
			content := pattern(20 * mib)
			putFile(t, p.tree, "a", string(content))
			putFile(t, p.tree, "b", string(content))
			if sum, _, err := p.pull(); err != nil || sum.Files != 2 {
				t.Errorf("%d files, %v", sum.Files, err)
			}
			p.holds("a", content)
			p.holds("b", content)
		})
	}
}

// What comes in parts can be put in parts to another bucket, in order.
func TestLargeFilesGoFromBucketToBucket(t *testing.T) {
	long.Only(t)
	from, _ := serve(t, Options{})
	from.opener.Rule.Above = 16 * mib
	to, _ := serve(t, Options{})
	content := pattern(20 * mib)
	putFile(t, from, "a", string(content))
	r := &reconcile.Reconciler{Src: from, Dst: to}
	plan, err := r.Prepare(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer plan.Close()
	sum, err := r.Apply(context.WithoutCancel(t.Context()), plan, nil)
	if err != nil || sum.Files != 1 {
		t.Fatalf("%+v, %v", sum, err)
	}
	got, e := readAll(t, to, "a")
	if got != string(content) || e.Token != stat(t, from, "a").Token {
		t.Errorf("%d bytes, %+v", len(got), e)
	}
	if _, count, ok := format.ParsePartsETag(e.Token); !ok || count != 3 {
		t.Errorf("ETag %s, want one of 3 parts", e.Token)
	}
}

// Without a cache, an unchanged large file is read once, and another of its size is
// told from it by its parts.
func TestAnUnchangedLargeFileIsProvedByItsParts(t *testing.T) {
	p := newPuller(t)
	content := pattern(33 * mib)
	putFile(t, p.tree, "a", string(content))
	if sum, _, err := p.pull(); err != nil || sum.Files != 1 {
		t.Fatalf("%+v, %v", sum, err)
	}
	sum, sent, err := p.pull()
	if err != nil || sum.Kept != 1 || sent != req(core.ClassList, 1) || sum.Compared != int64(len(content)) {
		t.Errorf("unchanged: %d kept, %d bytes read, sent %v, %v", sum.Kept, sum.Compared, sent, err)
	}
	content[20*mib] ^= 1
	if err := os.WriteFile(filepath.Join(p.dir, "a"), content, 0o666); err != nil {
		t.Fatal(err)
	}
	content[20*mib] ^= 1
	if sum, _, err := p.pull(); err != nil || sum.Files != 1 {
		t.Errorf("a byte is another: %+v, %v", sum, err)
	}
	p.holds("a", content)
}
