package s3server

import (
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// Quirks of connections.
var (
	// Stopped refuses connections from the start.
	Stopped = Quirk{
		Name: "stopped", Case: "A20", Stores: "every store, at times",
		setup: func(c *config) { c.stopped = true },
	}
	// PlainPort has a URL with https, and speaks HTTP there.
	PlainPort = Quirk{
		Name: "HTTP on the port of an https URL", Case: "A21", Stores: "wrong settings",
		setup: func(c *config) { c.plainPort = true },
	}
	// BadCertificate has a self-signed certificate.
	BadCertificate = Quirk{
		Name: "certificate not trusted", Case: "A21", Stores: "wrong settings; authorities of one's own",
		setup: func(c *config) { c.selfSigned = true },
	}
	// RedirectsPut answers each PUT with 307 to another host, where the same store
	// answers it.
	RedirectsPut = Quirk{
		Name: "writes redirected", Case: "A10", Stores: "AWS while the name of a new bucket spreads; other zones",
		setup: func(c *config) { c.elsewhere = true },
		layer: proxyLayer,
		wrap: func(s *Server, next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method != http.MethodPut || hostOf(s.Elsewhere) == r.Host {
					next.ServeHTTP(w, r)
					return
				}
				no := &refusal{
					status: http.StatusTemporaryRedirect, code: "TemporaryRedirect", message: "Please re-send this request to the specified temporary endpoint. Continue to use the original request endpoint for future requests.",
					header: http.Header{"Location": {s.Elsewhere + r.RequestURI}},
				}
				no.say("Endpoint", hostOf(s.Elsewhere)).send(w, r)
			})
		},
	}
)

// hostOf returns the host and port of a URL without a path.
func hostOf(url string) string {
	_, host, _ := strings.Cut(url, "://")
	return host
}

// Stops stops the server when it gets its nth request, which is not answered,
// and starts it again after d; never if d is 0.
func Stops(n int64, d time.Duration) Quirk {
	return Quirk{
		Name: "stops", Case: "A20", Stores: "every store, at times",
		layer: wireLayer,
		wrap: func(s *Server, next http.Handler) http.Handler {
			var seen atomic.Int64
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if seen.Add(1) != n {
					next.ServeHTTP(w, r)
					return
				}
				go func() {
					s.Stop()
					if d > 0 {
						time.Sleep(d)
						s.Start()
					}
				}()
				<-r.Context().Done()
				panic(http.ErrAbortHandler)
			})
		},
	}
}
