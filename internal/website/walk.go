package website

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// A Fault is a kind of fault of a path.
type Fault string

// The faults of paths.
const (
	// FaultMissing: the path, or the place that its redirects lead to, is a 404.
	FaultMissing Fault = "404"
	// FaultBelowLink: it is a 404, and below a link to a directory: a redirect is
	// for one path, and not for those below it.
	FaultBelowLink Fault = "below-link"
	// FaultForbidden: visitors may not read it.
	FaultForbidden Fault = "403"
	// FaultRing: its redirects lead back to themselves.
	FaultRing Fault = "ring"
	// FaultChain: more than one redirect leads to a page.
	FaultChain Fault = "chain"
	// FaultUnread: it could not be read, so nothing is known of it.
	FaultUnread Fault = "error"
)

// A Finding is a path with a fault.
type Finding struct {
	Path  string   `json:"path"`
	Fault Fault    `json:"reason"`
	Hops  []string `json:"hops,omitempty"` // the paths and URLs that its redirects lead to
	Link  string   `json:"link,omitempty"` // the key of the link that it is below
	Error string   `json:"error,omitempty"`
	From  []string `json:"from,omitempty"` // some of the pages that refer to it
	Pages int      `json:"pages"`          // how many pages refer to it
}

// Walked counts the paths and faults of a walk.
type Walked struct {
	Pages, Paths, Outside int
}

// maxFrom is how many of the pages that refer to a path are named.
const maxFrom = 3

// maxDocument is how much of a document is looked through for references, in
// bytes.
const maxDocument = 16 << 20

// host stands for the site in URLs of its own.
const host = "site.invalid"

// A walk follows the references of pages.
type walk struct {
	site    *Site
	queue   []string
	steps   map[string]*step // by path
	outside map[string]bool
	pages   int
}

// A step is a path that was seen.
type step struct {
	status int
	next   string // where it redirects: a path or a URL; empty if it does not
	err    error
	key    string
	start  bool
	from   []string
	pages  int
}

// Walk visits the site from these paths on: all that its HTML and CSS refer to,
// and the places that redirects lead to. Nothing outside the site is asked. It
// returns the paths with faults, in order.
func (s *Site) Walk(ctx context.Context, start []string) ([]Finding, Walked, error) {
	w := &walk{site: s, steps: make(map[string]*step), outside: make(map[string]bool)}
	for _, path := range start {
		w.add(path).start = true
	}
	for len(w.queue) > 0 {
		path := w.queue[0]
		w.queue = w.queue[1:]
		if err := w.visit(ctx, path); err != nil {
			return nil, Walked{}, err
		}
	}
	var found []Finding
	for _, path := range slices.Sorted(maps.Keys(w.steps)) {
		if f, ok := w.finding(ctx, path); ok {
			found = append(found, f)
		}
	}
	return found, Walked{Pages: w.pages, Paths: len(w.steps), Outside: len(w.outside)}, nil
}

// add returns the step of a path, which will be visited if it is new.
func (w *walk) add(path string) *step {
	st := w.steps[path]
	if st == nil {
		st = new(step)
		w.steps[path] = st
		w.queue = append(w.queue, path)
	}
	return st
}

// visit finds out about a path. The error is that of a context that ended.
func (w *walk) visit(ctx context.Context, path string) error {
	at, err := url.Parse(path)
	st := w.steps[path]
	if err != nil {
		st.err = err
		return nil
	}
	at = (&url.URL{Scheme: "http", Host: host, Path: "/"}).ResolveReference(at)
	a := w.site.Visit(ctx, host, at, true)
	defer a.Page.close()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	st.status, st.err, st.key = a.Status, a.Err, a.Key
	if a.Location != "" {
		st.next = w.refer(at, a.Location)
		return nil
	}
	if a.Page == nil {
		return nil
	}
	w.pages++
	content, err := io.ReadAll(io.LimitReader(a.Page.Content, maxDocument))
	if err != nil {
		st.err = err
		return nil
	}
	w.follow(at, path, a.Page.Header.Get("Content-Type"), content)
	return nil
}

// follow notes the references of a document.
func (w *walk) follow(at *url.URL, path, mediaType string, content []byte) {
	refs, base := references(mediaType, content)
	from := at
	if u, err := url.Parse(base); err == nil && base != "" {
		from = at.ResolveReference(u)
	}
	counted := make(map[string]bool)
	for _, ref := range refs {
		to := w.refer(from, ref)
		st := w.steps[to]
		if st == nil || counted[to] {
			continue
		}
		counted[to] = true
		if st.pages++; len(st.from) < maxFrom {
			st.from = append(st.from, path)
		}
	}
}

// refer resolves a reference. A path of the site will be visited, and a URL outside
// is counted; any other reference is "".
func (w *walk) refer(from *url.URL, ref string) string {
	u, err := from.Parse(strings.TrimSpace(ref))
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https":
		return ""
	case u.Host != host:
		w.outside[u.String()] = true
		return u.String()
	}
	path := u.EscapedPath()
	if path == "" {
		path = "/"
	}
	w.add(path)
	return path
}

// finding returns the fault of a path, which is a start or a page's reference.
func (w *walk) finding(ctx context.Context, path string) (f Finding, ok bool) {
	st := w.steps[path]
	if !st.start && st.pages == 0 {
		return f, false
	}
	f = Finding{Path: path, From: st.from, Pages: st.pages}
	seen := map[string]bool{path: true}
	for st.next != "" {
		f.Hops = append(f.Hops, st.next)
		if seen[st.next] {
			f.Fault = FaultRing
			return f, true
		}
		seen[st.next] = true
		next := w.steps[st.next]
		if next == nil { // outside
			break
		}
		st = next
	}
	switch {
	case st.err != nil:
		f.Fault, f.Error = FaultUnread, st.err.Error()
	case st.status == http.StatusForbidden:
		f.Fault = FaultForbidden
	case st.status >= http.StatusBadRequest:
		f.Fault = FaultMissing
		if f.Link = w.linkAbove(ctx, st.key); f.Link != "" {
			f.Fault = FaultBelowLink
		}
	case len(f.Hops) > 1:
		f.Fault = FaultChain
	}
	return f, f.Fault != ""
}

// linkAbove returns the key of a link that key is below, or "".
func (w *walk) linkAbove(ctx context.Context, key string) string {
	for i, c := range key {
		if c != '/' || i == 0 {
			continue
		}
		page, err := w.site.Pages.Page(ctx, key[:i], false)
		page.close()
		if err == nil && page.Redirect != "" {
			return key[:i]
		}
	}
	return ""
}

// String describes the finding in one line.
func (f Finding) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-10s %s", f.Fault, f.Path)
	for _, hop := range f.Hops {
		b.WriteString(" → " + hop)
	}
	switch {
	case f.Link != "":
		fmt.Fprintf(&b, "  (%s is a link, and redirects for itself alone)", f.Link)
	case f.Error != "":
		fmt.Fprintf(&b, "  (%s)", f.Error)
	}
	if len(f.From) > 0 {
		fmt.Fprintf(&b, "  from %s", strings.Join(f.From, ", "))
		if more := f.Pages - len(f.From); more > 0 {
			fmt.Fprintf(&b, " and %d more", more)
		}
	}
	return b.String()
}
