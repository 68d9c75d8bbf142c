package website

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"
)

// A Page is an object of a site.
type Page struct {
	// Header is sent with the content: Content-Type, ETag and so on.
	Header http.Header
	// Modified is when the object last changed, or the zero time.
	Modified time.Time
	// Redirect is the Location that the object redirects to, or empty.
	Redirect string
	// Size is the length of the content in bytes.
	Size int64
	// Content is nil unless it was asked for. Where it is an [io.Seeker], a range
	// is read without the bytes before it.
	Content io.ReadCloser
}

func (p *Page) close() {
	if p != nil && p.Content != nil {
		_ = p.Content.Close() // only read
	}
}

// Pages are the objects of a site. They are safe for concurrent use.
type Pages interface {
	// Page returns the object at key, with its content if that is wanted and the
	// object does not redirect; the caller closes it. An error that is
	// [fs.ErrNotExist] or [fs.ErrPermission] is shown to visitors as such.
	Page(ctx context.Context, key string, content bool) (*Page, error)
}

// seekable makes content that can only be read fit for [http.ServeContent]: seeking
// forward reads, and other seeks fail.
type seekable struct {
	r        io.Reader
	size     int64
	at, want int64
}

// Read implements [io.Reader].
func (s *seekable) Read(p []byte) (int, error) {
	if s.want < s.at || s.r == nil {
		return 0, errBackward
	}
	if n := s.want - s.at; n > 0 {
		if _, err := io.CopyN(io.Discard, s.r, n); err != nil {
			return 0, err
		}
		s.at = s.want
	}
	n, err := s.r.Read(p)
	s.at += int64(n)
	s.want = s.at
	return n, err
}

var errBackward = errors.New("this content is read from front to back, once")

// Seek implements [io.Seeker].
func (s *seekable) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += s.want
	case io.SeekEnd:
		offset += s.size
	}
	s.want = offset
	return offset, nil
}
