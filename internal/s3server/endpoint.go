package s3server

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"sync"
	"time"
)

// An endpoint serves a handler on a loopback port, which can be closed and opened
// again. It is safe for concurrent use.
type endpoint struct {
	handler http.Handler
	tls     *tls.Config // nil: plain HTTP
	addr    string      // host:port; empty before the first open

	mu      sync.Mutex
	server  *http.Server // nil: closed
	ended   chan struct{}
	forGood bool // closed for good
}

// open listens on the same port as before. If the endpoint is open, it does
// nothing.
func (d *endpoint) open() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.server != nil || d.forGood {
		return nil
	}
	at := d.addr
	if at == "" {
		at = "127.0.0.1:0"
	}
	l, err := net.Listen("tcp", at)
	if err != nil {
		return err
	}
	if d.addr == "" {
		d.addr = l.Addr().String()
	}
	d.server = &http.Server{Handler: d.handler, ReadHeaderTimeout: time.Minute}
	if d.tls != nil {
		l = tls.NewListener(l, d.tls)
		d.server.ErrorLog = log.New(io.Discard, "", 0) // a failed handshake is meant
	}
	d.ended = make(chan struct{})
	go func(s *http.Server, ended chan struct{}) {
		_ = s.Serve(l) // until Close
		close(ended)
	}(d.server, d.ended)
	return nil
}

// close refuses new connections and breaks the open ones.
func (d *endpoint) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.server == nil {
		return
	}
	_ = d.server.Close() // breaks the connections that are open
	<-d.ended
	d.server = nil
}

// closeForGood closes the endpoint; open does nothing from then on. It lets go of
// the handler: package testing keeps the functions that it has called for cleanup,
// and with them a store for each test that has ended.
func (d *endpoint) closeForGood() {
	d.mu.Lock()
	d.forGood = true
	d.mu.Unlock()
	d.close()
	d.handler = nil
}

// selfSigned returns a TLS configuration with a self-signed certificate for
// 127.0.0.1.
func selfSigned() (*tls.Config, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, nil
}
