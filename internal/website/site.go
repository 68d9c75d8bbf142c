package website

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"net/url"
	"strings"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/kit"
)

// A Site serves pages. It is safe for concurrent use, and does not change.
type Site struct {
	Pages  Pages
	Config core.Website
}

// ServeHTTP implements [http.Handler].
func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		a := Answer{Status: http.StatusMethodNotAllowed, Code: "MethodNotAllowed", Message: "The specified method is not allowed against this resource."}
		a.Send(w, r)
		return
	}
	a := s.Visit(r.Context(), r.Host, r.URL, r.Method == http.MethodGet)
	defer a.Page.close()
	a.Send(w, r)
}

// An Answer is the response to a visitor.
type Answer struct {
	Status int
	// Location is where a redirect leads, as it is sent; empty for no redirect.
	Location string
	// Page is the page shown, nil for a redirect and for an error without a
	// document.
	Page *Page
	// Key is the key that was looked for; empty if none was.
	Key string
	// Code and Message describe an error.
	Code, Message string
	// NoDocument is the key of the document for errors, if it could not be shown.
	NoDocument string
	// Err is the failure behind an error that is neither a missing key nor a
	// missing permission.
	Err error
}

// Visit returns the answer to a visitor of host at u, with content if asked for.
// The caller closes the page's content.
func (s *Site) Visit(ctx context.Context, host string, u *url.URL, content bool) Answer {
	if s.Config.RedirectAll != "" {
		return Answer{Status: http.StatusMovedPermanently, Location: s.Config.RedirectAll + u.RequestURI()}
	}
	asked := Key(u)
	if a, ok := s.byRule(host, u, asked, 0); ok {
		return a
	}
	key := asked
	if key == "" || strings.HasSuffix(key, "/") {
		key += s.Config.Index
	}
	page, err := s.Pages.Page(ctx, key, content)
	switch {
	case err == nil && page.Redirect != "":
		page.close()
		return Answer{Status: http.StatusMovedPermanently, Location: page.Redirect, Key: key}
	case err == nil:
		return Answer{Status: http.StatusOK, Page: page, Key: key}
	case errors.Is(err, fs.ErrNotExist) && key == asked && s.has(ctx, key+"/"+s.Config.Index):
		return Answer{Status: http.StatusFound, Location: u.EscapedPath() + "/", Key: key}
	}
	return s.failed(ctx, host, u, failure(key, err), asked, content)
}

// Key is the key that a URL's path stands for. Like S3, it takes a plus sign for
// a space.
func Key(u *url.URL) string {
	key, err := url.PathUnescape(strings.ReplaceAll(u.EscapedPath(), "+", "%20"))
	if err != nil {
		key = u.Path
	}
	return strings.TrimPrefix(key, "/")
}

func (s *Site) has(ctx context.Context, key string) bool {
	page, err := s.Pages.Page(ctx, key, false)
	page.close()
	return err == nil
}

// failure is the answer without a document for an error.
func failure(key string, err error) Answer {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Answer{Status: http.StatusNotFound, Key: key, Code: "NoSuchKey", Message: "The specified key does not exist."}
	case errors.Is(err, fs.ErrPermission):
		return Answer{Status: http.StatusForbidden, Key: key, Code: "AccessDenied", Message: "Access Denied"}
	case errors.Is(err, core.ErrBudget):
		return Answer{Status: http.StatusServiceUnavailable, Key: key, Code: "SlowDown", Message: err.Error(), Err: err}
	}
	return Answer{Status: http.StatusInternalServerError, Key: key, Code: "InternalError", Message: err.Error(), Err: err}
}

// failed redirects by a rule, or puts the document for errors into an answer. S3
// shows that for its errors of the client.
func (s *Site) failed(ctx context.Context, host string, u *url.URL, a Answer, asked string, content bool) Answer {
	if redirect, ok := s.byRule(host, u, asked, a.Status); ok {
		return redirect
	}
	if s.Config.Error == "" || a.Status >= http.StatusInternalServerError {
		return a
	}
	page, err := s.Pages.Page(ctx, s.Config.Error, content)
	switch {
	case err != nil:
		a.NoDocument = s.Config.Error
	case page.Redirect != "":
		page.close()
		return Answer{Status: http.StatusMovedPermanently, Location: page.Redirect, Key: a.Key}
	default:
		a.Page = page
	}
	return a
}

// byRule returns the redirect of the first rule that applies.
func (s *Site) byRule(host string, u *url.URL, key string, status int) (a Answer, ok bool) {
	for _, rule := range s.Config.Rules {
		if rule.Status == status && strings.HasPrefix(key, rule.KeyPrefix) {
			code := rule.Code
			if code == 0 {
				code = http.StatusMovedPermanently
			}
			return Answer{Status: code, Location: location(rule, host, u, key), Key: key}, true
		}
	}
	return Answer{}, false
}

// location is where a rule sends a visitor of key.
func location(rule core.WebsiteRule, host string, u *url.URL, key string) string {
	to := url.URL{Scheme: rule.Scheme, Host: rule.Host, RawQuery: u.RawQuery}
	if to.Scheme == "" {
		to.Scheme = "http"
	}
	if to.Host == "" {
		to.Host = host
	}
	switch {
	case rule.NewKey != nil:
		key = *rule.NewKey
	case rule.NewPrefix != nil:
		key = *rule.NewPrefix + strings.TrimPrefix(key, rule.KeyPrefix)
	}
	// The endpoint takes a plus sign for a space, so it has to be escaped here.
	to.Path, to.RawPath = "/"+key, "/"+kit.EscapePath(key)
	return to.String()
}
