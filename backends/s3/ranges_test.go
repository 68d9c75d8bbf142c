package s3

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"

	"github.com/s3fc/s3fc/backends/s3/internal/ability"
	"github.com/s3fc/s3fc/backends/s3/internal/format"
	"github.com/s3fc/s3fc/backends/s3/internal/ranged"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/s3server"
	"github.com/s3fc/s3fc/internal/testkit/httpfault"
	"github.com/s3fc/s3fc/internal/testkit/long"

	"github.com/s3fc/s3fc/core/reconcile"
)

// small is a rule by which tests need no large objects.
var small = ranged.Rule{Above: 128 << 10, Size: 64 << 10, Long: 256 << 10}

// The sizes of ranges; see the package ranged.
const (
	atOnce     = 4
	rangeTries = 8
)

// budget is memory of which ranges take as much as they may.
const budget = 2 * atOnce * 64 << 10

// openRanged opens a tree that reads in ranges as small has it. At the end, all memory has to be given back.
func openRanged(t *testing.T, opts ...s3server.Option) (*Tree, *s3server.Server) {
	t.Helper()
	pool := core.NewBuffers(budget)
	tree, s := serve(t, Options{Env: core.Env{Buffers: pool}}, opts...)
	tree.opener.Rule = small
	t.Cleanup(func() {
		if all, err := pool.Get(canceled(t), budget); err != nil {
			t.Error("memory was not given back")
		} else {
			pool.Put(all)
		}
	})
	return tree, s
}

// openLarge opens a file that a listing said is large.
func openLarge(t testing.TB, tree *Tree, key string) (io.ReadCloser, core.Entry, error) {
	t.Helper()
	return tree.Open(core.WithSizeHint(t.Context(), 1<<30), key)
}

// readLarge reads a file that a listing said is large. The bytes read are returned
// with an error, too.
func readLarge(t testing.TB, tree *Tree, key string) ([]byte, core.Entry, error) {
	t.Helper()
	r, e, err := openLarge(t, tree, key)
	if err != nil {
		return nil, e, err
	}
	b, err := io.ReadAll(r)
	return b, e, errors.Join(err, r.Close())
}

func TestALargeObjectIsReadInRanges(t *testing.T) {
	tree, s := openRanged(t)
	for _, size := range []int{128<<10 + 1, 192 << 10, 1 << 20, 1<<20 - 1, 1<<20 + 1, 3<<20 + 12345} {
		want := string(pattern(size))
		key := fmt.Sprint(size)
		put := putFile(t, tree, key, want)
		var got []byte
		var e core.Entry
		var err error
		sent := counts(t, tree, s, func() { got, e, err = readLarge(t, tree, key) })
		if err != nil || string(got) != want {
			t.Errorf("%d bytes: %d were read, equal: %v; %v", size, len(got), string(got) == want, err)
		}
		if e.Size != int64(size) || e.MD5 != put.MD5 || e.Token != put.Token {
			t.Errorf("%d bytes: the entry is %+v; want what was put", size, e)
		}
		if cost := tree.OpenCost(e); sent != cost || cost != req(core.ClassGet, format.CountParts(int64(size), small.Size)) {
			t.Errorf("%d bytes: %v were sent, and %v announced", size, sent, cost)
		}
	}
}

func TestAWrongSizeHintCostsNothing(t *testing.T) {
	tree, s := openRanged(t)
	for _, c := range []struct{ size, gets int64 }{{0, 2}, {1, 1}, {small.Size - 1, 1}, {small.Size, 1}, {small.Size + 1, 2}} {
		key, want := fmt.Sprint(c.size), string(pattern(int(c.size)))
		putFile(t, tree, key, want)
		var got []byte
		var e core.Entry
		var err error
		sent := counts(t, tree, s, func() { got, e, err = readLarge(t, tree, key) })
		if err != nil || string(got) != want || e.Size != c.size || sent != req(core.ClassGet, c.gets) {
			t.Errorf("%d bytes: %d were read of %d, %v; %v were sent, want %d", c.size, len(got), e.Size, err, sent, c.gets)
		}
	}
	putLink(t, tree, "link", "0")
	if r, e, err := openLarge(t, tree, "link"); r != nil || err != nil || e.Kind != core.Link {
		t.Errorf("a link: %v, %+v, %v", r, e, err)
	}
	rawPut(t, tree, "fat", string(pattern(1<<20)), redirectTo("/elsewhere"))
	if r, e, err := openLarge(t, tree, "fat"); r != nil || err != nil || e.Kind != core.Link {
		t.Errorf("a large object with a redirect: %v, %+v, %v", r, e, err)
	}
	if _, _, err := openLarge(t, tree, "none"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("nothing: %v", err)
	}
}

func TestWithoutAHintAnObjectIsOneGET(t *testing.T) {
	tree, s := openRanged(t)
	putFile(t, tree, "a", string(pattern(1<<20)))
	sent := counts(t, tree, s, func() { _, _ = readAll(t, tree, "a") })
	if sent != req(core.ClassGet, 1) {
		t.Errorf("%v were sent", sent)
	}
}

// gets is a handler that changes the nth GET of an object, from 1, or those from
// then on.
func gets(n int64, onward bool, change func(w http.ResponseWriter, r *http.Request, next http.Handler)) s3server.Option {
	var seen atomic.Int64
	return s3server.Wrap(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet && strings.Count(r.URL.Path, "/") > 1 {
				if k := seen.Add(1); k == n || onward && k > n {
					change(w, r, next)
					return
				}
			}
			next.ServeHTTP(w, r)
		})
	})
}

func TestAnObjectThatChangesBetweenRangesIsNoMixture(t *testing.T) {
	blind := func(_ http.ResponseWriter, r *http.Request) { r.Header.Del("If-Match") }
	for name, seen := range map[string]func(http.ResponseWriter, *http.Request){"condition held": nil, "condition ignored": blind} {
		for what, now := range map[string]int{"other content": 1 << 20, "shorter": 100 << 10, "longer": 2 << 20, "empty": 0, "gone": -1} {
			t.Run(name+"/"+what, func(t *testing.T) {
				opt := gets(1, true, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
					if seen != nil {
						seen(w, r)
					}
					next.ServeHTTP(w, r)
				})
				tree, _ := openRanged(t, opt)
				old := putFile(t, tree, "a", string(pattern(1<<20)))
				r, _, err := openLarge(t, tree, "a")
				if err != nil {
					t.Fatal(err)
				}
				defer r.Close()
				if now < 0 {
					err = tree.Delete(t.Context(), old)
				} else {
					put(t, tree, fileEntry("a", strings.Repeat("x", now)), strings.NewReader(strings.Repeat("x", now)), &old)
				}
				if err != nil {
					t.Fatal(err)
				}
				got, err := io.ReadAll(r)
				if !errors.Is(err, core.ErrChanged) || core.IsTransient(err) {
					t.Errorf("%v; want %v for good", err, core.ErrChanged)
				}
				if !bytes.HasPrefix(pattern(1<<20), got) {
					t.Error("what was read is not of the first version")
				}
			})
		}
	}
}

func TestARangeThatFailsIsAskedForAgain(t *testing.T) {
	want := pattern(1 << 20)
	for _, c := range httpfault.Classes() {
		if c.Concerns != nil || strings.Contains(c.Name, "stop") || strings.Contains(c.Name, "no answer") { // as long as stallTimeout
			continue
		}
		t.Run(c.Name, func(t *testing.T) {
			if strings.HasSuffix(c.Name, "without end") {
				long.Only(t)
			}
			for _, n := range []int{1, 2, 17} {
				var faults httpfault.Switch
				tree, _ := openRanged(t, s3server.Wrap(faults.Wrap))
				putFile(t, tree, "a", string(want))
				faults.Set(httpfault.At(n, c))
				got, _, err := readLarge(t, tree, "a")
				switch {
				case err == nil && !bytes.Equal(got, want):
					t.Errorf("at request %d, %d wrong bytes, and no error", n, len(got))
				case !bytes.HasPrefix(want, got):
					t.Errorf("at request %d, what was read before %v is not the beginning", n, err)
				case err != nil && c.Heals && c.Times <= 1 && !core.IsTransient(err):
					t.Errorf("at request %d: %v", n, err)
				case err != nil && c.Heals && c.Times <= 1 && strings.Contains(c.Name, "cut on its way down"):
					t.Errorf("at request %d, a body that broke off was not gone on with: %v", n, err)
				}
			}
		})
	}
}

func TestOnlyTheRestOfABrokenRangeIsAskedForAgain(t *testing.T) {
	var mu sync.Mutex
	var asked []string
	opt := s3server.Wrap(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			asked = append(asked, r.Header.Get("Range"))
			mu.Unlock()
			if r.Header.Get("Range") == "bytes=131072-196607" {
				cutAfter(w, r, next, 1000)
			}
			next.ServeHTTP(w, r)
		})
	})
	tree, s := openRanged(t, opt)
	want := pattern(1 << 20)
	putFile(t, tree, "a", string(want))
	var got []byte
	var err error
	sent := counts(t, tree, s, func() { got, _, err = readLarge(t, tree, "a") })
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	if sent != req(core.ClassGet, 17) || !slices.Contains(asked, "bytes=132072-196607") {
		t.Errorf("%v were sent, %q; want one for each of 16 ranges, and one for the rest of the third", sent, asked)
	}
}

// cutAfter breaks the answer off after n bytes of its body.
func cutAfter(w http.ResponseWriter, r *http.Request, next http.Handler, n int) {
	rec := httptest.NewRecorder()
	next.ServeHTTP(rec, r)
	maps.Copy(w.Header(), rec.Header())
	w.Header().Set("Content-Length", strconv.Itoa(rec.Body.Len()))
	w.WriteHeader(rec.Code)
	_, _ = w.Write(rec.Body.Bytes()[:n])
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

func TestARangeThatAlwaysBreaksOffEndsTheBody(t *testing.T) {
	tree, _ := openRanged(t, gets(2, true, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		cutAfter(w, r, next, 10)
	}))
	want := pattern(1 << 20)
	putFile(t, tree, "a", string(want))
	before := tree.Requests()
	got, _, err := readLarge(t, tree, "a")
	sent := tree.Requests().Sub(before)
	if core.IsTransient(err) || !errors.Is(err, io.ErrUnexpectedEOF) || !bytes.HasPrefix(want, got) {
		t.Errorf("%d bytes, %v; want an error for good", len(got), err)
	}
	if most := int64(1 + rangeTries*atOnce); sent[core.ClassGet] > most {
		t.Errorf("%v were sent; want %d at the most", sent, most)
	}
}

// A connection closed without an answer gives io.EOF, too.
func TestNoAnswerIsNotTheEnd(t *testing.T) {
	long.Only(t)
	for _, n := range []int64{2, 9} {
		if n > 2 && !long.Enabled() {
			break
		}
		tree, _ := openRanged(t, gets(n, true, func(http.ResponseWriter, *http.Request, http.Handler) {
			panic(http.ErrAbortHandler)
		}))
		want := pattern(1 << 20)
		putFile(t, tree, "a", string(want))
		r, _, err := openLarge(t, tree, "a")
		if err != nil {
			t.Fatal(err)
		}
		var got bytes.Buffer
		for err == nil {
			_, err = io.CopyN(&got, r, 1000)
		}
		if _, err := r.Read(make([]byte, 1)); err == nil || errors.Is(err, io.EOF) {
			t.Errorf("%v after %d bytes; want another error than an end", err, got.Len())
		}
		if got.Len() == len(want) || !bytes.HasPrefix(want, got.Bytes()) {
			t.Errorf("%d bytes were read; want the beginning", got.Len())
		}
		_ = r.Close() // it has told its error
	}
}

// A store that does not know ranges, or not always, or answers another one,
// costs time, and never a wrong byte.
func TestAStoreThatIgnoresRangesIsReadWhole(t *testing.T) {
	whole := func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		r.Header.Del("Range")
		next.ServeHTTP(w, r)
	}
	shifted := func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if from, to, ok := strings.Cut(strings.TrimPrefix(r.Header.Get("Range"), "bytes="), "-"); ok {
			a, _ := strconv.Atoi(from)
			b, _ := strconv.Atoi(to)
			r.Header.Set("Range", fmt.Sprintf("bytes=%d-%d", a+1, b+1))
		}
		next.ServeHTTP(w, r)
	}
	unlabelled := func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		next.ServeHTTP(without{w, "Content-Range"}, r)
	}
	unknown := func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if r.Header.Get("Range") == "" {
			next.ServeHTTP(w, r)
			return
		}
		w.WriteHeader(http.StatusNotImplemented)
		_, _ = io.WriteString(w, "<Error><Code>NotImplemented</Code><Message>A header is not implemented</Message></Error>")
	}
	want := pattern(1 << 20)
	for name, change := range map[string]func(http.ResponseWriter, *http.Request, http.Handler){
		"answers all": whole, "answers another": shifted, "does not say which": unlabelled, "refuses": unknown,
	} {
		for _, from := range []int64{1, 2, 5} {
			t.Run(fmt.Sprintf("%s from %d", name, from), func(t *testing.T) {
				tree, _ := openRanged(t, gets(from, true, change))
				putFile(t, tree, "a", string(want))
				got, e, err := readLarge(t, tree, "a")
				if err != nil && (from == 1 || !core.IsTransient(err) || !bytes.HasPrefix(want, got)) {
					t.Fatalf("%d bytes, then %v; want all, or what another try mends", len(got), err)
				}
				if err != nil { // as apply does
					got, e, err = readLarge(t, tree, "a")
				}
				if err != nil || !bytes.Equal(got, want) || e.Size != int64(len(want)) {
					t.Errorf("%d bytes of %d, %v", len(got), e.Size, err)
				}
				if notes := tree.can.Notes(); from > 1 && !slices.Contains(notes, ability.Ranges.Note()) {
					t.Errorf("notes %q; want that ranges are not kept to", notes)
				}
			})
		}
	}
}

// without drops a header of the answer.
type without struct {
	http.ResponseWriter
	name string
}

func (w without) WriteHeader(status int) {
	w.Header().Del(w.name)
	w.ResponseWriter.WriteHeader(status)
}

func TestWhereNoMemoryIsLeftRangesComeStraightThrough(t *testing.T) {
	tree, s := openRanged(t)
	want := pattern(1 << 20)
	putFile(t, tree, "a", string(want))
	all, err := tree.opts.Env.Buffers.Get(t.Context(), budget)
	if err != nil {
		t.Fatal(err)
	}
	defer tree.opts.Env.Buffers.Put(all)
	var got []byte
	sent := counts(t, tree, s, func() { got, _, err = readLarge(t, tree, "a") })
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	if n := 1 + format.CountParts(1<<20-small.Size, small.Long); sent != req(core.ClassGet, n) {
		t.Errorf("%v were sent; want one range and then %d long ones", sent, n-1)
	}
}

func TestWhoClosesOrCancelsLeavesNothingBehind(t *testing.T) {
	for name, end := range map[string]func(r io.Closer, cancel func()){
		"close":  func(r io.Closer, _ func()) { _ = r.Close() },
		"cancel": func(_ io.Closer, cancel func()) { cancel() },
	} {
		for _, read := range []int64{0, 1, 100 << 10, 1<<20 - 1} {
			t.Run(fmt.Sprintf("%s after %d", name, read), func(t *testing.T) {
				tree, _ := openRanged(t) // which sees whether all memory comes back
				putFile(t, tree, "a", string(pattern(1<<20)))
				ignore := goleak.IgnoreCurrent()
				ctx, cancel := context.WithCancel(core.WithSizeHint(t.Context(), 1<<30))
				defer cancel()
				r, _, err := tree.Open(ctx, "a")
				if err != nil {
					t.Fatal(err)
				}
				if _, err := io.CopyN(io.Discard, r, read); err != nil {
					t.Fatal(err)
				}
				end(r, cancel)
				if n, err := io.Copy(io.Discard, r); err == nil && name == "close" {
					t.Errorf("%d bytes were read after the end, and no error", n)
				}
				_ = r.Close() // a second time is harmless
				tree.transport.Close()
				goleak.VerifyNone(t, ignore, goleak.IgnoreAnyFunction("net/http.(*conn).serve"), goleak.IgnoreAnyFunction("net/http.(*connReader).backgroundRead"))
			})
		}
	}
}

func TestASpentRequestLimitEndsTheBody(t *testing.T) {
	s := s3server.New(t)
	writer := openAt(t, s.URL, Options{})
	putFile(t, writer, "a", string(pattern(1<<20)))
	tree := openAt(t, s.URL, Options{Env: core.Env{Budget: core.NewBudget(5)}})
	tree.opener.Rule = small
	if _, _, err := readLarge(t, tree, "a"); !errors.Is(err, core.ErrBudget) || core.IsTransient(err) {
		t.Errorf("%v; want %v", err, core.ErrBudget)
	}
	if got := tree.Requests(); got != req(core.ClassGet, 5) {
		t.Errorf("%v were sent", got)
	}
}

// TestCopiesOfLargeFilesNeverWaitForEachOther copies files whose parts are as
// large as the whole budget, from one store that is read ahead to another.
func TestCopiesOfLargeFilesNeverWaitForEachOther(t *testing.T) {
	long.Only(t)
	const files, size = 2, format.SingleMax + 1
	for name, limit := range map[string]int64{"less than a part": 4 << 20, "two parts": 16 << 20} {
		t.Run(name, func(t *testing.T) {
			pool := core.NewBuffers(limit)
			src, _ := serve(t, Options{Env: core.Env{Buffers: pool}})
			dst, _ := serve(t, Options{Env: core.Env{Buffers: pool}})
			src.opener.Rule = ranged.Rule{Above: 1 << 20, Size: 1 << 20, Long: 4 << 20}
			content := string(pattern(int(size)))
			for i := range files {
				rawPut(t, src, fmt.Sprint(i), content)
			}
			r := &reconcile.Reconciler{Src: src, Dst: dst, Buffers: pool}
			plan, err := r.Prepare(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer plan.Close()
			if sum, err := r.Apply(t.Context(), plan, nil); err != nil || sum.Files != files || sum.Errors != 0 {
				t.Fatalf("%+v, %v; want %d files", sum, err, files)
			}
			for i := range files {
				if e := stat(t, dst, fmt.Sprint(i)); e.MD5 != core.SumMD5([]byte(content)) {
					t.Errorf("%d: md5 %v is stored", i, e.MD5)
				}
			}
		})
	}
}
