package website

import (
	"fmt"
	"html"
	"io"
	"maps"
	"net/http"
	"strconv"
	"strings"
)

// Send answers a request with it.
func (a Answer) Send(w http.ResponseWriter, r *http.Request) {
	switch {
	case a.Location != "":
		w.Header().Set("Location", a.Location) // as it is; http.Redirect would rewrite it
		w.Header().Set("Content-Length", "0")
		w.WriteHeader(a.Status)
	case a.Page == nil:
		a.sendError(w, r)
	case a.Status == http.StatusOK:
		a.sendPage(w, r)
	default:
		maps.Copy(w.Header(), a.Page.Header)
		w.Header().Set("Content-Length", strconv.FormatInt(a.Page.Size, 10))
		w.WriteHeader(a.Status)
		if r.Method == http.MethodGet {
			_, _ = io.Copy(w, a.Page.Content) // a visitor who has gone needs none
		}
	}
}

// sendPage sends a page, a range of it, or that it has not changed. Like S3, it
// sends the whole if several ranges are asked for.
func (a Answer) sendPage(w http.ResponseWriter, r *http.Request) {
	maps.Copy(w.Header(), a.Page.Header)
	content, ok := a.Page.Content.(io.ReadSeeker)
	if !ok {
		content = &seekable{r: a.Page.Content, size: a.Page.Size}
	}
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "binary/octet-stream")
	}
	if strings.Contains(r.Header.Get("Range"), ",") {
		r = r.Clone(r.Context())
		r.Header.Del("Range")
	}
	if w.Header().Get("Content-Encoding") != "" && r.Header.Get("Range") == "" {
		w.Header().Set("Content-Length", strconv.FormatInt(a.Page.Size, 10)) // ServeContent leaves it out
	}
	http.ServeContent(w, r, "", a.Page.Modified, content)
}

// policy lets a page of an error load nothing.
const policy = "default-src 'none'; frame-ancestors 'self'"

// sendError sends an error as S3 shows it to a browser.
func (a Answer) sendError(w http.ResponseWriter, r *http.Request) {
	var b strings.Builder
	title := fmt.Sprintf("%d %s", a.Status, http.StatusText(a.Status))
	fmt.Fprintf(&b, "<html>\n<head><title>%s</title></head>\n<body>\n<h1>%[1]s</h1>\n", title)
	writeItems(&b, "Code", a.Code, "Message", a.Message, "Key", a.Key)
	if a.NoDocument != "" {
		b.WriteString("<h3>An Error Occurred While Attempting to Retrieve a Custom Error Document</h3>\n")
		writeItems(&b, "Code", "NoSuchKey", "Message", "The specified key does not exist.", "Key", a.NoDocument)
	}
	b.WriteString("<hr/>\n</body>\n</html>\n")
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(b.Len()))
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Amz-Error-Code", a.Code)
	w.WriteHeader(a.Status)
	if r.Method != http.MethodHead {
		_, _ = io.WriteString(w, b.String()) // a visitor who has gone needs none
	}
}

// writeItems writes a list of names and values; a value that is empty is left
// out.
func writeItems(b *strings.Builder, items ...string) {
	b.WriteString("<ul>\n")
	for i := 0; i < len(items); i += 2 {
		if items[i+1] != "" {
			fmt.Fprintf(b, "<li>%s: %s</li>\n", items[i], html.EscapeString(items[i+1]))
		}
	}
	b.WriteString("</ul>\n")
}
