// Package preview serves a site to browsers on this machine: its pages as S3 would
// serve them, and an overview of it below /_s3fc/.
package preview

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/s3fc/s3fc/internal/website"
)

// Inside is the beginning of the paths that are the preview's own. A key of the
// site that begins so is at the same path with its underscore as %5F.
const Inside = "/_s3fc/"

// A Preview serves a site. Its fields are set before use.
type Preview struct {
	Site *website.Site
	// Hosts are the names besides localhost by which the preview may be asked for.
	// Requests for other names come from pages of strangers, whose name leads to
	// this machine. Every IP address may be asked for.
	Hosts []string
	// Pages answers below Inside, with that left out of the path but for its last
	// slash; nil for nothing.
	Pages http.Handler
	// Live reloads the pages that are open; nil for none.
	Live *Live
	// Log, if not nil, is told of each request.
	Log func(r *http.Request, status int)
}

// policy keeps the site's pages, which may not be the user's own, from other
// services of this machine and its network: they load only from the site itself and
// over TLS.
const policy = "default-src 'self' https: data: blob: 'unsafe-inline' 'unsafe-eval'; connect-src 'self' https: wss:; " +
	"form-action 'self' https:; frame-src 'self' https: data: blob:; base-uri 'self'; frame-ancestors 'self'; object-src 'self'"

// ServeHTTP implements [http.Handler].
func (p *Preview) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	status := &statusWriter{ResponseWriter: w, status: http.StatusOK}
	p.serve(status, r)
	if p.Log != nil {
		p.Log(r, status.status)
	}
}

func (p *Preview) serve(w http.ResponseWriter, r *http.Request) {
	if !p.allows(r.Host) {
		http.Error(w, "This preview is not at "+r.Host+". Allow the name with --host.", http.StatusMisdirectedRequest)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "This preview answers GET and HEAD.", http.StatusMethodNotAllowed)
		return
	}
	if strings.HasPrefix(r.URL.EscapedPath(), Inside) {
		p.serveInside(w, r)
		return
	}
	w.Header().Set("Content-Security-Policy", policy)
	p.Site.ServeHTTP(&uncached{w}, r)
}

// uncached keeps browsers from keeping an answer: they keep a 301 for good, and the next
// site at this address is another. The header that is stored is shown under another name.
type uncached struct{ http.ResponseWriter }

// WriteHeader implements [http.ResponseWriter].
func (w *uncached) WriteHeader(status int) {
	h := w.Header()
	if stored := h.Get("Cache-Control"); stored != "" {
		h.Set("X-S3fc-Cache-Control", stored)
	}
	h.Set("Cache-Control", "no-store")
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap is for [http.ResponseController].
func (w *uncached) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (p *Preview) serveInside(w http.ResponseWriter, r *http.Request) {
	switch {
	case p.Live != nil && p.Live.serves(r.URL.Path):
		p.Live.ServeHTTP(w, r)
	case p.Pages != nil:
		http.StripPrefix(strings.TrimSuffix(Inside, "/"), p.Pages).ServeHTTP(w, r)
	default:
		http.NotFound(w, r)
	}
}

// allows reports whether the preview may be asked for at host.
func (p *Preview) allows(host string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	if _, err := netip.ParseAddr(strings.Trim(name, "[]")); err == nil {
		return true
	}
	return name == "localhost" || strings.HasSuffix(name, ".localhost") || slices.ContainsFunc(p.Hosts, func(h string) bool { return strings.EqualFold(h, name) })
}

// statusWriter notes the status of an answer.
type statusWriter struct {
	http.ResponseWriter
	status int
}

// WriteHeader implements [http.ResponseWriter].
func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap is for [http.ResponseController].
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
