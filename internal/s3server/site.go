package s3server

import (
	"context"
	"errors"
	"fmt"
	"html"
	"io"
	"io/fs"
	"net/http"
	"strconv"
	"strings"
)

// A Page is one object, as a website shows it.
type Page struct {
	Header   http.Header   // Content-Type, ETag and what else is sent with it
	Redirect string        // where it redirects to, as it is sent; "" for content
	Size     int64         // bytes
	Content  io.ReadCloser // never nil; the site closes it
}

// Pages are the objects of a website.
type Pages interface {
	// Page returns the object at key, or an error that is [fs.ErrNotExist].
	Page(ctx context.Context, key string) (*Page, error)
}

// A Site serves pages as S3's website endpoint does: GET and HEAD only; the
// first rule that holds for the key as it was asked for decides; then a path
// that ends in a slash is its index document; then an object's redirect is
// answered 301; "/dir" without an object but with an index document below it
// is answered 302 to "/dir/"; all else is 404, by the rules for errors or with
// the error document. It is safe for concurrent use if its Pages are.
type Site struct {
	Pages Pages
	Index string // the index document's name, as "index.html"
	Error string // the key of the error document, or ""
	Rules []RoutingRule
}

// ServeHTTP implements [http.Handler].
func (s Site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		siteError(w, r, http.StatusMethodNotAllowed, "MethodNotAllowed", "The specified method is not allowed against this resource.")
		return
	}
	asked := strings.TrimPrefix(r.URL.Path, "/")
	if s.route(w, r, asked, 0) {
		return
	}
	key := asked
	if key == "" || strings.HasSuffix(key, "/") {
		key += s.Index
	}
	page, err := s.Pages.Page(r.Context(), key)
	switch {
	case err == nil:
		serve(w, r, page, http.StatusOK)
	case !errors.Is(err, fs.ErrNotExist):
		siteError(w, r, http.StatusInternalServerError, "InternalError", err.Error())
	case s.isDirectory(r, key):
		redirect(w, r.URL.EscapedPath()+"/", http.StatusFound)
	case s.route(w, r, asked, http.StatusNotFound):
	default:
		s.notFound(w, r, key)
	}
}

// isDirectory reports whether nothing but a slash is missing from the path.
func (s Site) isDirectory(r *http.Request, key string) bool {
	if strings.HasSuffix(r.URL.Path, "/") {
		return false
	}
	page, err := s.Pages.Page(r.Context(), key+"/"+s.Index)
	if err != nil {
		return false
	}
	_ = page.Content.Close()
	return true
}

func (s Site) notFound(w http.ResponseWriter, r *http.Request, key string) {
	if s.Error != "" {
		if page, err := s.Pages.Page(r.Context(), s.Error); err == nil {
			serve(w, r, page, http.StatusNotFound)
			return
		}
	}
	siteError(w, r, http.StatusNotFound, "NoSuchKey", "The specified key does not exist: "+key)
}

// serve sends a page, or its redirect.
func serve(w http.ResponseWriter, r *http.Request, page *Page, status int) {
	defer page.Content.Close() //nolint:errcheck // Reading is over.
	if page.Redirect != "" {
		redirect(w, page.Redirect, http.StatusMovedPermanently)
		return
	}
	for name, v := range page.Header {
		w.Header()[name] = v
	}
	if status == http.StatusOK {
		status = readStatus(r, w.Header())
	}
	if status == http.StatusNotModified || status == http.StatusPreconditionFailed {
		w.WriteHeader(status)
		return
	}
	w.Header().Set("Content-Length", strconv.FormatInt(page.Size, 10))
	w.WriteHeader(status)
	if r.Method == http.MethodGet {
		_, _ = io.Copy(w, page.Content)
	}
}

// redirect sends the location as it is; http.Redirect would rewrite it.
func redirect(w http.ResponseWriter, location string, status int) {
	w.Header().Set("Location", location)
	w.Header().Set("Content-Length", "0")
	w.WriteHeader(status)
}

// siteError is an error for a browser.
func siteError(w http.ResponseWriter, r *http.Request, status int, code, message string) {
	text := fmt.Sprintf("<html>\n<head><title>%d %s</title></head>\n<body>\n<h1>%[1]d %[2]s</h1>\n<ul>\n<li>Code: %s</li>\n<li>Message: %s</li>\n</ul>\n</body>\n</html>\n",
		status, http.StatusText(status), code, html.EscapeString(message))
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = io.WriteString(w, text)
	}
}
