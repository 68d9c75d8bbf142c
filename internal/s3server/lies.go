package s3server

import (
	"net/http"
	"strings"
)

// Lies are ways in which real stores differ from AWS. The zero value tells the
// truth.
type Lies struct {
	// DropRedirect accepts redirects and forgets them, as MinIO and SeaweedFS do.
	DropRedirect bool
	// RefuseRedirect answers a redirect with 501, as OpenStack Swift does.
	RefuseRedirect bool
	// NoConditions answers If-Match and If-None-Match on writes and deletes with
	// 501.
	NoConditions bool
	// IgnoreConditions does not look at them.
	IgnoreConditions bool
	// NoBatchETag answers a batch delete that has ETags with 501.
	NoBatchETag bool
	// Unordered lists each page backwards.
	Unordered bool
	// KMS shows ETags of 32 hexadecimal digits that are no md5s, and says on
	// every read and write of an object that it is encrypted with a key of KMS.
	KMS bool
}

// shownETag is what a client sees of an ETag, without quotes.
func (h *handler) shownETag(etag string) string {
	if !h.lies.KMS {
		return etag
	}
	sum, parts, multipart := strings.Cut(etag, "-")
	b := []byte(sum)
	for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
		b[i], b[j] = b[j], b[i]
	}
	if multipart {
		return string(b) + "-" + parts
	}
	return string(b)
}

// storedETag is the inverse of shownETag, with quotes or without.
func (h *handler) storedETag(etag string) string { return h.shownETag(unquote(etag)) }

// showEncryption says in an answer how the object is encrypted.
func (h *handler) showEncryption(answer http.Header) {
	if h.lies.KMS {
		answer.Set("X-Amz-Server-Side-Encryption", "aws:kms")
		answer.Set("X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id", "arn:aws:kms:us-east-1:111122223333:key/s3server")
	}
}
