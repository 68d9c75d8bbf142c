package wire

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/s3fc/s3fc/backends/s3/internal/ability"

	"github.com/s3fc/s3fc/core"
)

// expectAbove is the size in bytes above which a body is only sent once the
// store has said that it wants it.
const expectAbove = 2 << 20

var userAgent = []string{"s3fc"}

// build makes the HTTP request of one attempt, and signs it.
func (s *Sender) build(ctx context.Context, r *Request, e *endpoint, u *url.URL) (*http.Request, error) {
	req := (&http.Request{Method: r.Method, URL: u, Host: u.Host, Header: make(http.Header, len(r.Header)+len(e.header)+6)}).WithContext(ctx)
	for name, values := range e.header {
		req.Header[http.CanonicalHeaderKey(name)] = values
	}
	for name, values := range r.Header {
		if signed(name) {
			req.Header[name] = values
		}
	}
	if s.o.RequesterPays {
		req.Header["X-Amz-Request-Payer"] = []string{"requester"}
	}
	if err := s.addChecksum(r, req.Header); err != nil {
		return nil, err
	}
	hash, err := s.signer.bodyHash(r, e)
	if err != nil {
		return nil, err
	}
	if err := s.signer.sign(ctx, req, e, hash, time.Now().Add(s.clockSkew())); err != nil {
		return nil, err
	}
	for name, values := range r.Header {
		if !signed(name) {
			req.Header[name] = values
		}
	}
	req.Header["User-Agent"] = userAgent
	return req, s.addBody(r, req)
}

// addBody gives req the body of r.
func (s *Sender) addBody(r *Request, req *http.Request) error {
	if !r.hasBody() || r.size == 0 {
		return nil
	}
	if err := r.rewind(); err != nil {
		return err
	}
	req.Body, req.ContentLength = &lentBody{r: io.LimitReader(r.body, r.size)}, r.size
	if r.Expects() && !r.NoExpect && s.o.Can.Has(ability.Expect) {
		req.Header["Expect"] = []string{"100-continue"}
	}
	return nil
}

// crc32Header is a checksum of the body, for stores that want one.
const crc32Header = "X-Amz-Checksum-Crc32"

// addChecksum adds the CRC32 of r's body to h, and takes the Content-MD5 away, if
// the bucket is one that wants it so.
func (s *Sender) addChecksum(r *Request, h http.Header) error {
	if s.o.NoMD5 {
		delete(h, ContentMD5)
	}
	if !s.o.Checksums || !r.hasBody() {
		return nil
	}
	sum, err := r.checksum()
	if err == nil {
		h[crc32Header] = []string{sum}
	}
	return err
}

// checksum returns the CRC32 of the body, which is read for it once.
func (r *Request) checksum() (string, error) {
	if r.crc32 != "" {
		return r.crc32, nil
	}
	if err := r.rewind(); err != nil {
		return "", err
	}
	h := crc32.NewIEEE()
	if _, err := io.CopyN(h, core.Unpaced(r.body), r.size); err != nil {
		return "", err
	}
	r.crc32 = base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, h.Sum32()))
	return r.crc32, nil
}
