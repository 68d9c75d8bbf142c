package transport

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"

	"github.com/s3fc/s3fc/core"
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
	tr.OnProxyConnectResponse = proxyRefusal
	tr.WriteBufferSize, tr.ReadBufferSize = 32<<10, 32<<10
	return tr
}

// proxyRefusal is the error of a proxy that does not connect to the host of a request,
// and will not in a moment either; nil for another answer.
func proxyRefusal(_ context.Context, proxy *url.URL, request *http.Request, answer *http.Response) error {
	switch code := answer.StatusCode; {
	case code == http.StatusProxyAuthRequired:
		return core.Final(fmt.Errorf("the proxy %s wants a password: write http://USER:PASSWORD@%s in HTTPS_PROXY, or name %s in NO_PROXY",
			proxy.Redacted(), proxy.Host, request.URL.Hostname()))
	case code >= 400 && code < 500:
		return core.Final(fmt.Errorf("the proxy %s does not connect to %s: %s: ask its operator, or name the host in NO_PROXY",
			proxy.Redacted(), request.URL.Host, answer.Status))
	}
	return nil
}

// newHTTPClient returns a client that follows no redirect: a request is signed for
// one host.
func newHTTPClient(rt http.RoundTripper) *http.Client {
	return &http.Client{Transport: rt, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}
