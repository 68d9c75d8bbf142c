package transport

import (
	"net"
	"net/http"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

// dialTimeout is how long a connection may take to be made, and its TLS handshake:
// a host that leads nowhere is told of within 10 s.
const dialTimeout = 8 * time.Second

// newConnections returns a transport that keeps a connection for each job. It
// takes over the settings of base, the SDK's own client (a CA bundle).
func newConnections(base any, jobs int) *http.Transport {
	var tr *http.Transport
	if b, ok := base.(*awshttp.BuildableClient); ok {
		tr = b.GetTransport()
	} else {
		tr = http.DefaultTransport.(*http.Transport).Clone()
	}
	idle := max(64, 2*jobs)
	tr.DialContext = (&net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second}).DialContext
	tr.TLSHandshakeTimeout = dialTimeout
	tr.MaxIdleConns, tr.MaxIdleConnsPerHost = idle, idle
	tr.IdleConnTimeout = 90 * time.Second
	tr.DisableCompression = true // the stored bytes are the hashed ones
	tr.ForceAttemptHTTP2 = false
	tr.WriteBufferSize, tr.ReadBufferSize = 32<<10, 32<<10
	return tr
}

// newHTTPClient returns a client that follows no redirect: a request is signed for
// one host.
func newHTTPClient(rt http.RoundTripper) *http.Client {
	return &http.Client{Transport: rt, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}
