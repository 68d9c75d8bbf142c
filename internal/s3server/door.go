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

// A door is a loopback port at which a handler answers, and which can be shut
// and opened again. It is safe for concurrent use.
type door struct {
	handler http.Handler
	tls     *tls.Config // nil: plain HTTP
	addr    string      // host:port, once it was opened

	mu     sync.Mutex
	server *http.Server // nil: shut
	ended  chan struct{}
	locked bool // for good
}

// open listens, at the same port as before. To open an open door does nothing.
func (d *door) open() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.server != nil || d.locked {
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
	d.addr = l.Addr().String()
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

// shut refuses connections and breaks those that are open.
func (d *door) shut() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.server == nil {
		return
	}
	_ = d.server.Close() // whoever is still there finds the connection broken
	<-d.ended
	d.server = nil
}

// lock shuts the door for good.
func (d *door) lock() {
	d.mu.Lock()
	d.locked = true
	d.mu.Unlock()
	d.shut()
}

// selfSigned is a TLS configuration with a certificate for 127.0.0.1 that
// nobody trusts.
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
