package preview

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/s3fc/s3fc/internal/website"
)

const (
	scriptPath = Inside + "live.js"
	eventsPath = Inside + "live"
	// beat is the pause between two signs of life: who has gone is noticed then.
	beat = 15 * time.Second
)

// script reloads a page when it is told to, and when the preview is back after it
// was gone.
const script = `{
  const events = new EventSource("` + eventsPath + `");
  let lost = false;
  events.addEventListener("change", () => location.reload());
  events.addEventListener("error", () => { lost = true; });
  events.addEventListener("open", () => { if (lost) location.reload(); });
}
`

// tag is put at the end of each page.
const tag = `<script src="` + scriptPath + `"></script>`

// Live reloads pages that are open in browsers. It is safe for concurrent use.
type Live struct {
	mu      sync.Mutex
	changed chan struct{} // closed at the next change
}

// NewLive returns a Live.
func NewLive() *Live { return &Live{changed: make(chan struct{})} }

// Changed reloads the pages that are open.
func (l *Live) Changed() {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.changed)
	l.changed = make(chan struct{})
}

func (l *Live) next() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.changed
}

func (l *Live) serves(path string) bool { return path == scriptPath || path == eventsPath }

// ServeHTTP implements [http.Handler].
func (l *Live) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	if r.URL.Path == scriptPath {
		w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
		_, _ = io.WriteString(w, script) // a browser that has gone needs none
		return
	}
	l.tell(w, r)
}

// tell sends an event for each change, until the browser goes.
func (l *Live) tell(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	ticks := time.NewTicker(beat)
	defer ticks.Stop()
	text := ": here\n\n"
	for {
		next := l.next()
		if _, err := io.WriteString(w, text); err != nil {
			return
		}
		if err := http.NewResponseController(w).Flush(); err != nil {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-next:
			text = "event: change\ndata:\n\n"
		case <-ticks.C:
			text = ": still here\n\n"
		}
	}
}

// Over returns pages with the script in those that are HTML. They have no ETag:
// they are not as they are stored.
func (l *Live) Over(pages website.Pages) website.Pages { return livePages{pages} }

type livePages struct{ website.Pages }

// Page implements [website.Pages].
func (l livePages) Page(ctx context.Context, key string, content bool) (*website.Page, error) {
	p, err := l.Pages.Page(ctx, key, content)
	if err != nil || p.Redirect != "" || !strings.HasPrefix(p.Header.Get("Content-Type"), "text/html") || p.Header.Get("Content-Encoding") != "" {
		return p, err
	}
	p.Header.Del("ETag")
	p.Modified = time.Time{}
	p.Size += int64(len(tag))
	if p.Content != nil {
		p.Content = struct {
			io.Reader
			io.Closer
		}{io.MultiReader(p.Content, bytes.NewReader([]byte(tag))), p.Content}
	}
	return p, nil
}
