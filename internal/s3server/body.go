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

// A body is the content that a request carries: decoded, and verified when it
// ends. Its reader gets io.EOF only if all that was promised holds, so a store
// that stores nothing on an error stores nothing false.
type body struct {
	size   int64 // promised, in bytes
	read   int64
	src    io.Reader
	md5    hash.Hash
	checks []check
}

// openBody reads from the headers what the body has to be.
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

// unchunk puts the decoder in front if the body is aws-chunked.
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

// verify returns io.EOF if the body is what was promised.
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

// MD5 is the md5 of what was read; a store need not compute it again.
func (b *body) MD5() [md5.Size]byte { return [md5.Size]byte(b.md5.Sum(nil)) }

// all returns a small body, verified.
func (b *body) all() ([]byte, error) { return io.ReadAll(b) }
