package s3server

import (
	"crypto/md5" //nolint:gosec // S3's ETag.
	"errors"
	"hash"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/johannesboyne/gofakes3"
)

// A body reads the content of a request, decodes it, and verifies length and
// checksums at its end: it returns io.EOF only if they match.
type body struct {
	size   int64 // promised, in bytes
	read   int64
	src    io.Reader
	md5    hash.Hash
	checks []check
}

// openBody returns the body of a request, to be verified by its headers.
func openBody(r *http.Request) (*body, error) {
	b := &body{size: r.ContentLength, src: r.Body, md5: md5.New()} //nolint:gosec // S3's ETag.
	chunks, err := b.unchunk(r)
	if err != nil {
		return nil, err
	}
	if b.size < 0 {
		return nil, gofakes3.ErrorMessage(gofakes3.ErrMissingContentLength, "You must provide the Content-Length HTTP header.")
	}
	for _, find := range []func() ([]check, error){
		func() ([]check, error) { return md5Check(r.Header, b.md5) },
		func() ([]check, error) { return payloadCheck(r.Header) },
		func() ([]check, error) { return headerChecks(r.Header) },
		func() ([]check, error) { return trailerCheck(r.Header, chunks) },
	} {
		checks, err := find()
		if err != nil {
			return nil, err
		}
		b.checks = append(b.checks, checks...)
	}
	return b, nil
}

// unchunk decodes an aws-chunked body.
func (b *body) unchunk(r *http.Request) (*chunkedReader, error) {
	if !strings.HasPrefix(r.Header.Get("X-Amz-Content-Sha256"), "STREAMING-") {
		return nil, nil
	}
	size, err := strconv.ParseInt(r.Header.Get("X-Amz-Decoded-Content-Length"), 10, 64)
	if err != nil || size < 0 {
		return nil, gofakes3.ErrorMessage(gofakes3.ErrMissingContentLength, "You must provide the x-amz-decoded-content-length HTTP header.")
	}
	chunks := newChunkedReader(r.Body)
	b.size, b.src = size, chunks
	return chunks, nil
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.src.Read(p)
	b.read += int64(n)
	b.md5.Write(p[:n])
	for _, c := range b.checks {
		if c.Hash != b.md5 {
			c.Write(p[:n])
		}
	}
	if err == io.EOF { //nolint:errorlint // Readers return io.EOF as it is.
		err = b.verify()
	}
	return n, err
}

// verify returns io.EOF if length and checksums match.
func (b *body) verify() error {
	if b.read != b.size {
		return gofakes3.ErrorMessagef(gofakes3.ErrIncompleteBody, "The body has %d bytes, and %d were announced", b.read, b.size)
	}
	var errs []error
	for _, c := range b.checks {
		errs = append(errs, c.verify())
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return io.EOF
}

// MD5 returns the md5 of the bytes read so far, so that a store need not compute
// it.
func (b *body) MD5() [md5.Size]byte { return [md5.Size]byte(b.md5.Sum(nil)) }

// all returns a small body, verified.
func (b *body) all() ([]byte, error) { return io.ReadAll(b) }
