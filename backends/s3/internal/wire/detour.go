package wire

import (
	"net/http"
	"net/url"
	"time"
)

// detourTime is for how long writes go straight to the host that the store named in
// a 307. S3 sends writes of a new bucket on until its name has spread.
const detourTime = time.Minute

// A detour is the host that writes are sent to for a while. Without it each body would
// be sent to a server that does not read it: such a server may close the
// connection before its answer is seen.
type detour struct {
	host   string
	region string // empty: that of the endpoint
	until  time.Time
}

// learnDetour remembers where a request to from was sent on to, if that is the same
// path on another host.
func (s *Sender) learnDetour(refused *Error, from, to *url.URL) {
	if refused.Status != http.StatusTemporaryRedirect || from.Scheme != to.Scheme || from.EscapedPath() != to.EscapedPath() {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.detour = detour{to.Host, refused.Region, time.Now().Add(detourTime)}
}

// takeDetour returns where r is sent instead of to u at e, if there is a detour for
// it.
func (s *Sender) takeDetour(r *Request, e *endpoint, u url.URL) (*endpoint, url.URL, bool) {
	if !r.hasBody() {
		return e, u, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.detour.host == "" || time.Now().After(s.detour.until) {
		return e, u, false
	}
	u.Host = s.detour.host
	return e.in(s.detour.region), u, true
}

// endDetour sends everything to the endpoint again.
func (s *Sender) endDetour() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.detour = detour{}
}
