package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/s3server"
	"github.com/s3fc/s3fc/internal/testkit/long"
)

func fill(t testing.TB, tree *Tree, keys ...string) {
	t.Helper()
	var wg sync.WaitGroup
	work := make(chan string)
	for range 8 {
		wg.Go(func() {
			for k := range work {
				rawPut(t, tree, k, "x")
			}
		})
	}
	for _, k := range keys {
		work <- k
	}
	close(work)
	wg.Wait()
}

// TestListPages checks that a listing takes max(1, ceil(n/1000)) requests, with
// neighbours of the prefix on both sides.
func TestListPages(t *testing.T) {
	long.Only(t)
	tree, s := serve(t, Options{Prefix: "p"})
	fill(t, tree, "o/x", "p", "p-", "p.", "p0/x", "q/x")
	have := 0
	for _, n := range []int{1, 999, 1000, 1001, 2000, 2500} {
		var more []string
		for ; have < n; have++ {
			more = append(more, fmt.Sprintf("p/%05d", have))
		}
		fill(t, tree, more...)
		var got []core.Entry
		sent := counts(t, tree, s, func() { got = list(t, tree, "") })
		if want := req(core.ClassList, int64(max(1, (n+999)/1000))); sent != want || len(got) != n {
			t.Errorf("%d keys: %d entries for %v; want %v", n, len(got), sent, want)
		}
		if !slices.IsSortedFunc(got, func(a, b core.Entry) int { return strings.Compare(a.Key, b.Key) }) {
			t.Errorf("%d keys: not in key order", n)
		}
	}
	if got := keys(list(t, tree, "02497")); !slices.Equal(got, []string{"02498", "02499"}) {
		t.Errorf("after 02497: %v", got)
	}
}

func TestListOddKeys(t *testing.T) {
	tree, _ := serve(t, Options{Prefix: "p"})
	rawPut(t, tree, "p/", "")
	rawPut(t, tree, "p/dir/", "")
	rawPut(t, tree, "p/full/", "content")
	for _, k := range []string{"p/a b+%é", "p/a..__0x2f__b", "p/a../b", "p/a-b", "p/a.txt", "p/a/1", "p/a0", "p/a//b", "p//lead", "p/x/../y", "p/ctl\x01", "p/tab\tx", "p/nl\nx"} {
		rawPut(t, tree, k, "x")
	}
	want := map[string]bool{ // whether the key is a valid one
		"a b+%é": true, "a..__0x2f__b": true, "a../b": true, "a-b": true, "a.txt": true, "a/1": true, "a0": true,
		"a//b": false, "/lead": false, "x/../y": false, "ctl\x01": false, "tab\tx": false, "nl\nx": false, "full/": false,
	}
	got := map[string]bool{}
	previous := ""
	for _, e := range list(t, tree, "") {
		got[e.Key] = e.Kind == core.File && e.Partial
		if !got[e.Key] && (e.Kind != core.Other || e.Problem == nil) {
			t.Errorf("%q: %+v; want an Other with a problem", e.Key, e)
		}
		if e.Key <= previous {
			t.Errorf("%q comes after %q", e.Key, previous)
		}
		previous = e.Key
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("listing (-want +got):\n%s", diff)
	}
}

// TestKeysOfGoCDK checks that keys that Go CDK would rewrite are read as they are.
func TestKeysOfGoCDK(t *testing.T) {
	for _, prefix := range []string{"", "p..", "x__0x2f__"} {
		tree, s := serve(t, Options{Prefix: prefix})
		for _, key := range []string{"a../b", "a..__0x2f__b", "__0x1__", "...../x", "plain"} {
			putFile(t, tree, key, key)
			sent := counts(t, tree, s, func() {
				stat(t, tree, key)
				if got, _ := readAll(t, tree, key); got != key {
					t.Errorf("%q: content %q", key, got)
				}
			})
			if want := req(core.ClassHead, 1).Add(req(core.ClassGet, 1)); sent != want {
				t.Errorf("%q: %v; want %v", key, sent, want)
			}
		}
		want := []string{"...../x", "__0x1__", "a../b", "a..__0x2f__b", "plain"}
		if got := keys(list(t, tree, "")); !slices.Equal(got, want) {
			t.Errorf("listing = %q; want %q", got, want)
		}
	}
}

func TestListIsPrefix(t *testing.T) {
	tree, s := serve(t, Options{Prefix: "site/"})
	if got := list(t, tree, ""); len(got) != 0 {
		t.Errorf("an empty prefix lists %v", got)
	}
	fill(t, tree, "site2/x", "site-x", "sit", "site")
	other := openAt(t, s.URL, Options{Prefix: "site"})
	var err error
	for _, err = range other.List(t.Context(), "") { //nolint:revive // Only the last error is wanted.
	}
	if err == nil || !strings.Contains(err.Error(), "s3://test/site is one object") {
		t.Errorf("listing a single object: %v; want a hint", err)
	}
	if _, keyed := core.ErrorKey(err); keyed {
		t.Errorf("the error %v has a key; it must end the listing", err)
	}
	fill(t, tree, "site/x")
	if got := keys(list(t, other, "")); !slices.Equal(got, []string{"x"}) {
		t.Errorf("listing = %v; want x alone", got)
	}
}

func TestListErrors(t *testing.T) {
	_, s := serve(t, Options{})
	missing := openAt(t, s.URL, Options{Bucket: "missing"})
	err := listError(t.Context(), missing)
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), `bucket "missing" does not exist`) {
		t.Errorf("listing a missing bucket: %v", err)
	}
	if err := listError(canceled(t), missing); !errors.Is(err, context.Canceled) {
		t.Errorf("listing with an ended context: %v", err)
	}
}

func listError(ctx context.Context, tree *Tree) error {
	for _, err := range tree.List(ctx, "") {
		if err != nil {
			return err
		}
	}
	return nil
}

// TestListCanceled checks that a listing that is cut short never looks complete.
func TestListCanceled(t *testing.T) {
	tree, _ := serve(t, Options{})
	fill(t, tree, "a", "b", "c")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var got []string
	var last error
	for e, err := range tree.List(ctx, "") {
		got, last = append(got, e.Key), err
		cancel()
	}
	if !errors.Is(last, context.Canceled) || len(got) != 2 {
		t.Errorf("got %q, %v; want one key and then context.Canceled", got, last)
	}
}

func TestListBreak(t *testing.T) {
	long.Only(t)
	tree, _ := serve(t, Options{})
	var all []string
	for i := range 1500 {
		all = append(all, fmt.Sprintf("%05d", i))
	}
	fill(t, tree, all...)
	list(t, tree, "")
	ignore := goleak.IgnoreCurrent()
	for range 3 {
		for _, err := range tree.List(t.Context(), "") {
			if err != nil {
				t.Error(err)
			}
			break
		}
	}
	tree.transport.Close()
	goleak.VerifyNone(t, ignore, goleak.IgnoreAnyFunction("net/http.(*conn).serve"), goleak.IgnoreAnyFunction("net/http.(*connReader).backgroundRead"))
}

// TestListPrefetch checks that the next page is fetched while this one is worked
// on.
func TestListPrefetch(t *testing.T) {
	second := make(chan struct{})
	page := func(token, key string) string {
		return `<?xml version="1.0"?><ListBucketResult><IsTruncated>` + fmt.Sprint(token != "") + `</IsTruncated><NextContinuationToken>` + token +
			`</NextContinuationToken><Contents><Key>` + key + `</Key><Size>1</Size></Contents></ListBucketResult>`
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("continuation-token") == "" {
			_, _ = fmt.Fprint(w, page("more", "a+b"))
			return
		}
		close(second)
		_, _ = fmt.Fprint(w, page("", "b"))
	}))
	t.Cleanup(srv.Close)
	var got []string
	for e, err := range openAt(t, srv.URL, Options{}).List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		if got = append(got, e.Key); len(got) == 1 {
			<-second // deadlock if it were asked for only later
		}
	}
	if want := []string{"a+b", "b"}; !slices.Equal(got, want) {
		t.Errorf("got %q; want %q, the first not decoded as the answer does not say that it is encoded", got, want)
	}
}

// TestListLies checks that an answer which cannot be right is never taken for a
// complete listing.
func TestListLies(t *testing.T) {
	for name, c := range map[string]struct{ body, want string }{
		"no token":           {`<IsTruncated>true</IsTruncated>`, "goes on"},
		"two encodings":      {`<IsTruncated>false</IsTruncated><EncodingType>url</EncodingType><Contents><Key>p/%zz</Key></Contents><Contents><Key>p%2Fa</Key></Contents>`, "more than one way"},
		"outside the prefix": {`<IsTruncated>false</IsTruncated><Contents><Key>q/a</Key></Contents>`, "under the prefix"},
		"no end":             {`<Contents><Key>p/a</Key></Contents>`, "no answer of S3"},
		"objects missing":    {`<IsTruncated>false</IsTruncated><KeyCount>2</KeyCount><Contents><Key>p/a</Key></Contents>`, "add lacks=key-count"},
		"all missing":        {`<IsTruncated>false</IsTruncated><KeyCount>501</KeyCount>`, "KeyCount is 501"},
	} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = fmt.Fprint(w, `<?xml version="1.0"?><ListBucketResult>`+c.body+`</ListBucketResult>`)
		}))
		err := listError(t.Context(), openAt(t, srv.URL, Options{Prefix: "p"}))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v; want an error with %q", name, err, c.want)
		}
		srv.Close()
	}
}

// A KeyCount that is too small, or of which the person says that it is wrong, stops
// no listing.
func TestWrongKeyCounts(t *testing.T) {
	for name, c := range map[string]struct {
		o     Options
		count int
		noted bool
	}{"too small": {Options{}, 0, true}, "said to be wrong": {Options{Lacks: "key-count"}, 1000, true}, "right": {Options{}, 1, false}} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = fmt.Fprintf(w, `<ListBucketResult><IsTruncated>false</IsTruncated><KeyCount>%d</KeyCount><Contents><Key>a</Key></Contents></ListBucketResult>`, c.count)
		}))
		tree := openAt(t, srv.URL, c.o)
		if got := keys(list(t, tree, "")); !slices.Equal(got, []string{"a"}) {
			t.Errorf("%s: listed %v", name, got)
		}
		if notes := tree.can.Notes(); (len(notes) > 0) != c.noted {
			t.Errorf("%s: notes %q", name, notes)
		}
		srv.Close()
	}
}

func TestListUnordered(t *testing.T) {
	tree, _ := serve(t, Options{}, s3server.BackwardPages)
	fill(t, tree, "a", "b")
	if got := keys(list(t, tree, "")); len(got) != 2 {
		t.Errorf("got %v; want both keys, in whatever order", got)
	}
	if !openAt(t, "http://127.0.0.1:1", Options{Bucket: "b--use1-az4--x-s3"}).Features().Unordered {
		t.Error("a directory bucket does not say that it is unordered")
	}
}

// Some stores do not know the token, and answer with the first page for ever.
func TestListOfAStoreThatRepeatsAPageEnds(t *testing.T) {
	first := `<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken>` +
		`<Contents><Key>a</Key><Size>1</Size><ETag>"e"</ETag></Contents></ListBucketResult>`
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, first) }))
	t.Cleanup(s.Close)
	if err := listError(t.Context(), openAt(t, s.URL, Options{})); err == nil || !strings.Contains(err.Error(), "the same page") {
		t.Errorf("%v, want an error", err)
	}
}
