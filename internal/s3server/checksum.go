package s3server

import (
	"crypto/md5"  //nolint:gosec // S3's ETag and Content-MD5.
	"crypto/sha1" //nolint:gosec // One of S3's checksums.
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"net/http"
	"strings"

	"github.com/johannesboyne/gofakes3"
)

const checksumPrefix = "X-Amz-Checksum-"

// nvme is the polynomial of CRC-64/NVME, reversed.
var nvme = crc64.MakeTable(0x9a6c9329ac4bc9b5)

// newChecksum returns the hash for an x-amz-checksum header, or nil for any other
// header.
func newChecksum(header string) hash.Hash {
	switch strings.TrimPrefix(http.CanonicalHeaderKey(header), checksumPrefix) {
	case "Crc32":
		return crc32.NewIEEE()
	case "Crc32c":
		return crc32.New(crc32.MakeTable(crc32.Castagnoli))
	case "Crc64nvme":
		return crc64.New(nvme)
	case "Sha1":
		return sha1.New() //nolint:gosec // One of S3's checksums.
	case "Sha256":
		return sha256.New()
	}
	return nil
}

// A check is an expected hash of a body.
type check struct {
	hash.Hash
	want     func() (sum string, ok bool) // raw bytes; asked at the end of the body
	mismatch error
}

func (c check) verify() error {
	if want, ok := c.want(); !ok || want != string(c.Sum(nil)) {
		return c.mismatch
	}
	return nil
}

func fixed(sum []byte) func() (string, bool) {
	return func() (string, bool) { return string(sum), true }
}

// md5Check is for Content-MD5.
func md5Check(in http.Header, h hash.Hash) ([]check, error) {
	values, sent := in["Content-Md5"]
	if !sent {
		return nil, nil
	}
	sum, err := base64.StdEncoding.DecodeString(values[0])
	if err != nil || len(sum) != md5.Size {
		return nil, gofakes3.ErrorMessage(gofakes3.ErrInvalidDigest, "The Content-MD5 you specified was invalid.")
	}
	return []check{{h, fixed(sum), gofakes3.ErrorMessage(gofakes3.ErrBadDigest, "The Content-MD5 you specified did not match what we received.")}}, nil
}

// payloadCheck is for the sha256 that a signature was made over.
func payloadCheck(in http.Header) ([]check, error) {
	v := in.Get("X-Amz-Content-Sha256")
	sum, err := hex.DecodeString(v)
	if v == "" || err != nil || len(sum) != sha256.Size {
		return nil, nil // UNSIGNED-PAYLOAD, STREAMING-…
	}
	return []check{{sha256.New(), fixed(sum), gofakes3.ErrorMessage(errSHA256Mismatch, "The provided 'x-amz-content-sha256' header does not match what was computed.")}}, nil
}

// headerChecks is for the checksums in a request's header.
func headerChecks(in http.Header) ([]check, error) {
	var checks []check
	for name, values := range in {
		h := newChecksum(name)
		if !strings.HasPrefix(name, checksumPrefix) || h == nil {
			continue
		}
		sum, err := base64.StdEncoding.DecodeString(values[0])
		if err != nil || len(sum) != h.Size() {
			return nil, gofakes3.ErrorMessagef(errInvalidRequest, "Value for %s header is invalid.", strings.ToLower(name))
		}
		checks = append(checks, check{h, fixed(sum), badChecksum(name)})
	}
	return checks, nil
}

// trailerCheck is for the checksum that follows an aws-chunked body.
func trailerCheck(in http.Header, chunks *chunkedReader) ([]check, error) {
	name := http.CanonicalHeaderKey(in.Get("X-Amz-Trailer"))
	h := newChecksum(name)
	if chunks == nil || h == nil {
		return nil, nil
	}
	want := func() (string, bool) {
		sum, err := base64.StdEncoding.DecodeString(chunks.trailer.Get(name))
		return string(sum), err == nil && len(sum) > 0
	}
	return []check{{h, want, badChecksum(name)}}, nil
}

func badChecksum(header string) error {
	kind := strings.ToUpper(strings.TrimPrefix(header, checksumPrefix))
	return gofakes3.ErrorMessagef(gofakes3.ErrBadDigest, "The %s you specified did not match the calculated checksum.", kind)
}
