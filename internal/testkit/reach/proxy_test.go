package reach

import (
	"encoding/pem"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/s3fc/s3fc/internal/s3server"
	"github.com/s3fc/s3fc/internal/testkit/long"
)

// A proxy forwards requests for any host to one store: those for https by CONNECT.
type proxy struct {
	plain  http.Handler // of the store
	secure string       // its address with TLS
	deny   bool         // it wants a password

	mu    sync.Mutex
	asked map[string]int // by method and host
}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.asked[r.Method+" "+r.Host]++
	p.mu.Unlock()
	switch {
	case p.deny:
		w.Header().Set("Proxy-Authenticate", "Basic")
		w.WriteHeader(http.StatusProxyAuthRequired)
	case r.Method == http.MethodConnect:
		p.connect(w)
	default:
		p.plain.ServeHTTP(w, r)
	}
}

func (p *proxy) connect(w http.ResponseWriter) {
	store, err := net.Dial("tcp", p.secure)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	w.WriteHeader(http.StatusOK)
	client, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		_ = store.Close()
		return
	}
	join(client, store)
}

// hosts returns how often the proxy was asked, by method and host.
func (p *proxy) hosts() map[string]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked
}

// behindProxy starts a store that is only reached through a proxy, as example.com with
// TLS and as any host without. It returns the proxy, its URL, and the file of the
// authority that the store's certificate is of.
func behindProxy(t *testing.T) (p *proxy, address, authority string) {
	t.Helper()
	store := frontOf(t, s3server.New(t, s3server.Credentials(s3server.AccessKey, s3server.SecretKey)).URL)
	secure := quiet(httptest.NewTLSServer(store))
	t.Cleanup(secure.Close)
	p = &proxy{plain: store, secure: secure.Listener.Addr().String(), asked: map[string]int{}}
	front := quiet(httptest.NewServer(p))
	t.Cleanup(front.Close)
	return p, front.URL, authorityOf(t, secure)
}

// authorityOf writes the file of the authority that a server's certificate is of.
func authorityOf(t *testing.T, s *httptest.Server) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "authority.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestHTTPSProxy checks that a store is reached through HTTPS_PROXY, with the
// certificate of an authority of one's own, and that signatures survive it.
func TestHTTPSProxy(t *testing.T) {
	long.Only(t)
	p, address, authority := behindProxy(t)
	env := append(keys(), "HTTPS_PROXY="+address, "AWS_CA_BUNDLE="+authority)
	roundTrip(t, env, bucket("https://example.com"))
	if asked := p.hosts(); asked["CONNECT example.com:443"] == 0 || len(asked) != 1 {
		t.Errorf("the proxy was asked for %v; want example.com:443 alone", asked)
	}
}

// TestHTTPProxy checks that a store without TLS is reached through HTTP_PROXY.
func TestHTTPProxy(t *testing.T) {
	p, address, _ := behindProxy(t)
	roundTrip(t, append(keys(), "HTTP_PROXY="+address), bucket("http://store.invalid"))
	if asked := p.hosts(); asked["PUT store.invalid"] == 0 {
		t.Errorf("the proxy was asked for %v", asked)
	}
}

// TestNoProxy checks that the proxy is not asked for hosts of NO_PROXY and loopback addresses.
func TestNoProxy(t *testing.T) {
	long.Only(t)
	p, address, _ := behindProxy(t)
	env := append(keys(), "HTTP_PROXY="+address, "HTTPS_PROXY="+address, "NO_PROXY=.invalid")
	got := run(t, env, "copy", madeSite(t), bucket("http://store.invalid"))
	if got.code != 1 || !strings.Contains(got.stderr, "no such host") || got.took > soon {
		t.Errorf("a host that no proxy is asked for: exit code %d after %v, %s", got.code, got.took, got.stderr)
	}
	store := s3server.New(t)
	roundTrip(t, env, bucket(store.URL))
	if asked := p.hosts(); len(asked) != 0 {
		t.Errorf("the proxy was asked for %v; want nothing", asked)
	}
}

// TestAProxyThatIsAwayOrRefuses checks that the error names the proxy and comes soon.
func TestAProxyThatIsAwayOrRefuses(t *testing.T) {
	p, address, authority := behindProxy(t)
	p.deny = true
	for name, c := range map[string]struct{ proxy, endpoint, says string }{
		"away":             {"http://127.0.0.1:1", "https://example.com", "proxy"},
		"away, plain":      {"http://127.0.0.1:1", "http://store.invalid", "proxy"},
		"refuses CONNECT":  {address, "https://example.com", "USER:PASSWORD@"},
		"refuses requests": {address, "http://store.invalid", "USER:PASSWORD@"},
	} {
		t.Run(name, func(t *testing.T) {
			env := append(keys(), "HTTP_PROXY="+c.proxy, "HTTPS_PROXY="+c.proxy, "AWS_CA_BUNDLE="+authority)
			got := run(t, env, "copy", madeSite(t), bucket(c.endpoint))
			if got.code != 1 || !strings.Contains(got.stderr, c.says) || got.took > soon {
				t.Errorf("exit code %d after %v, want %q in: %s", got.code, got.took, c.says, got.stderr)
			}
		})
	}
}
