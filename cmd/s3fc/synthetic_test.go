package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path"
	"sort"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/s3fc/s3fc/core"
)

// synthetic is a tree of so many files, each of which holds its own key. Entries
// are made when they are asked for.
type synthetic int

// withSynthetic adds the scheme synthetic, with the number of files as the host,
// to those of the program.
func withSynthetic(mux *core.Mux) *core.Mux {
	mux.Handle(core.Scheme{Name: "synthetic", Open: func(_ context.Context, u *url.URL, _ core.Env) (core.Backend, error) {
		n, err := strconv.Atoi(u.Host)
		return synthetic(n), err
	}})
	return mux
}

// key is that of file number i; they are in the order of their numbers.
func (synthetic) key(i int) string { return fmt.Sprintf("dir%05d/file%07d.html", i/100, i) }

// after is the number of the first file whose key is greater than key.
func (s synthetic) after(key string) int {
	return sort.Search(int(s), func(i int) bool { return s.key(i) > key })
}

func (s synthetic) entry(i int) core.Entry {
	key := s.key(i)
	return core.Entry{Key: key, Kind: core.File, Size: int64(len(key)), ModTime: time.Unix(int64(i), 0), Token: fmt.Sprintf("%d.%x.%x", i, i*i, i)}
}

func (s synthetic) find(key string) (core.Entry, error) {
	i := s.after(key) - 1
	if i < 0 || s.key(i) != key {
		return core.Entry{}, fs.ErrNotExist
	}
	e := s.entry(i)
	e.Settled = true
	return e, nil
}

func (s synthetic) List(_ context.Context, after string) iter.Seq2[core.Entry, error] {
	return func(yield func(core.Entry, error) bool) {
		for i := s.after(after); i < int(s); i++ {
			if !yield(s.entry(i), nil) {
				return
			}
		}
	}
}

// Keys implements [core.KeyLister], as a directory does.
func (s synthetic) Keys(context.Context) iter.Seq[string] {
	return func(yield func(string) bool) {
		for i := range int(s) {
			if !yield(s.key(i)) {
				return
			}
		}
	}
}

func (s synthetic) Stat(_ context.Context, key string) (core.Entry, error) { return s.find(key) }

func (s synthetic) Open(_ context.Context, key string) (io.ReadCloser, core.Entry, error) {
	e, err := s.find(key)
	if err != nil {
		return nil, e, err
	}
	return io.NopCloser(strings.NewReader(key)), e, nil
}

func (synthetic) Features() core.Features {
	return core.Features{Links: true, ModTimes: true, Create: core.GuardAtomic, Replace: core.GuardAtomic}
}

func (s synthetic) Identity() string { return fmt.Sprint("synthetic ", int(s)) }

var errReadOnly = errors.New("a synthetic tree is never to be changed")

func (synthetic) Put(context.Context, core.Entry, io.Reader, *core.Entry) (core.Entry, error) {
	return core.Entry{}, errReadOnly
}

func (synthetic) Delete(context.Context, core.Entry) error { return errReadOnly }

// serve lists the files as a bucket does that holds them, on loopback, and
// counts the pages. It answers nothing else.
func (s synthetic) serve(t testing.TB) (endpoint string, pages *atomic.Int64) {
	pages = new(atomic.Int64)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		if r.Method != http.MethodGet || q.Get("list-type") != "2" || q.Get("prefix") != "" {
			t.Errorf("an unchanged copy sent %s %s", r.Method, r.URL)
			w.WriteHeader(http.StatusNotImplemented)
			return
		}
		pages.Add(1)
		from := s.after(max(q.Get("start-after"), q.Get("continuation-token")))
		page := s.page
		if q.Get("delimiter") == "/" {
			page = s.dirs
		}
		_, _ = io.WriteString(w, page(from)) // the client may be gone
	}))
	t.Cleanup(srv.Close)
	return srv.URL, pages
}

// page is the page of the listing that begins with the file number from.
func (s synthetic) page(from int) string {
	var b strings.Builder
	to := min(from+1000, int(s))
	s.head(&b, from, to, 1)
	for i := from; i < to; i++ {
		key := s.key(i)
		sum := core.SumMD5([]byte(key)).Sum()
		b.WriteString(`<Contents><Key>` + key + `</Key><LastModified>2020-01-01T00:00:00.000Z</LastModified><ETag>&quot;` + hex.EncodeToString(sum[:]) +
			`&quot;</ETag><Size>` + strconv.Itoa(len(key)) + `</Size><StorageClass>STANDARD</StorageClass></Contents>`)
	}
	b.WriteString(`</ListBucketResult>`)
	return b.String()
}

// dirs is a page of directories that begins with that of the file number from.
func (s synthetic) dirs(from int) string {
	var b strings.Builder
	to := min(from-from%100+100_000, int(s))
	s.head(&b, from, to, 100)
	for i := from - from%100; i < to; i += 100 {
		fmt.Fprintf(&b, `<CommonPrefixes><Prefix>%s/</Prefix></CommonPrefixes>`, path.Dir(s.key(i)))
	}
	b.WriteString(`</ListBucketResult>`)
	return b.String()
}

// head begins a page of all files from from to before to, so many of which are
// one entry of it.
func (s synthetic) head(b *strings.Builder, from, to, each int) {
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>test</Name>`)
	fmt.Fprintf(b, `<KeyCount>%d</KeyCount><MaxKeys>1000</MaxKeys><IsTruncated>%v</IsTruncated>`, (to-from+each-1)/each, to < int(s))
	if to < int(s) {
		fmt.Fprintf(b, `<NextContinuationToken>%s</NextContinuationToken>`, s.key(to-1))
	}
}
