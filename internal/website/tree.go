package website

import (
	"bytes"
	"context"
	"crypto/md5" //nolint:gosec // S3's ETag.
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"regexp"
	"strings"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/kit"
	"github.com/s3fc/s3fc/internal/mediatype"
)

// TreePages are the pages that a tree would have as a site: each link with the
// Location that would be stored, and each file with the headers that it is stored with,
// or, where the tree keeps none, with the type that it would get.
// It is safe for concurrent use.
type TreePages struct {
	Tree core.Tree
	// Prefix comes before each key; it is empty or ends with a slash.
	Prefix string
	// Free says that reading costs nothing, so that a page is the same whether its
	// content is asked for or not.
	Free bool
}

// Page implements [Pages]. A request for a page is one Open or one Stat.
func (p TreePages) Page(ctx context.Context, key string, content bool) (*Page, error) {
	key, ok := strings.CutPrefix(key, p.Prefix)
	if !ok || core.CheckKey(key) != nil {
		return nil, fs.ErrNotExist
	}
	if !content && !p.Free {
		e, err := p.Tree.Stat(ctx, key)
		if err != nil {
			return nil, err
		}
		return p.page(e, nil)
	}
	body, e, err := p.Tree.Open(ctx, key)
	if err != nil {
		return nil, err
	}
	page, err := p.page(e, body)
	if err != nil || !content {
		page.close()
		if page != nil {
			page.Content = nil
		}
	}
	return page, err
}

// page is the page of an entry. It owns body, which is nil if the content is not
// wanted.
func (p TreePages) page(e core.Entry, body io.ReadCloser) (*Page, error) {
	switch e.Kind {
	case core.Link:
		return &Page{Redirect: kit.Location(p.Prefix, e.Target)}, nil
	case core.Other:
		return nil, fs.ErrNotExist // a copy would leave it out
	}
	page := &Page{Header: make(http.Header), Modified: e.Changed, Size: e.Size, Content: body}
	if page.Modified.IsZero() {
		page.Modified = e.ModTime
	}
	t := mediatype.ByName(e.Key)
	if body != nil {
		head, err := page.peek()
		if err != nil {
			return nil, errors.Join(err, body.Close())
		}
		t = mediatype.Detect(e.Key, head)
	}
	if t != "" {
		page.Header.Set("Content-Type", t)
	}
	if tag := etag(e, page.Content); tag != "" {
		page.Header.Set("ETag", `"`+tag+`"`)
	}
	stored(e.Headers, page.Header)
	return page, nil
}

// shown are the headers of a stored file that a website endpoint sends.
var shown = []string{"content-type", "cache-control", "content-encoding", "content-disposition", "content-language"}

// stored puts the headers that a file is stored with, as far as they are known, in place
// of those that its name and content call for.
func stored(have *core.Headers, h http.Header) {
	if have == nil {
		return
	}
	for _, name := range shown {
		if v := have.Get(name); v != "" {
			h.Set(name, v)
		}
	}
	for name, v := range have.Metadata {
		h.Set("X-Amz-Meta-"+name, v)
	}
}

const (
	// headSize is how much of a content tells its type.
	headSize = 3 << 10
	// wholeSize is the size up to which a content is read before it is sent: S3's
	// ETag is its md5.
	wholeSize = 1 << 20
)

// peek reads the beginning of the content, or all of it if that is short.
func (p *Page) peek() ([]byte, error) {
	size := int64(headSize)
	if p.Size <= wholeSize {
		size = p.Size
	}
	head := make([]byte, size)
	n, err := io.ReadFull(p.Content, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return nil, err
	}
	head = head[:n]
	if p.Size > wholeSize {
		p.Content = struct {
			io.Reader
			io.Closer
		}{io.MultiReader(bytes.NewReader(head), p.Content), p.Content}
		return head, nil
	}
	if _, err := io.Copy(io.Discard, p.Content); err != nil { // a content that changed says so at its end
		return nil, err
	}
	p.Content = whole{bytes.NewReader(head), p.Content}
	return head, nil
}

// whole is a content that is in memory.
type whole struct {
	*bytes.Reader
	io.Closer
}

// s3ETag is the form of S3's own ETags.
var s3ETag = regexp.MustCompile(`^[0-9a-f]{32}(-[0-9]+)?$`)

// etag is the ETag that S3 would show, as far as that is known, or else another
// that changes when the content does.
func etag(e core.Entry, content io.Reader) string {
	if s3ETag.MatchString(e.Token) {
		return e.Token
	}
	if e.MD5.Known() {
		return e.MD5.String()
	}
	if w, ok := content.(whole); ok {
		sum := md5.New()               //nolint:gosec // See the import.
		_, _ = io.Copy(sum, w.Reader)  // memory
		_, _ = w.Seek(0, io.SeekStart) // as above
		return fmt.Sprintf("%x", sum.Sum(nil))
	}
	if e.Token == "" {
		return ""
	}
	return fmt.Sprintf("%x", md5.Sum([]byte(e.Token))) //nolint:gosec // See the import.
}
