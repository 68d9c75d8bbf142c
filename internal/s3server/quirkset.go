package s3server

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/johannesboyne/gofakes3"
)

// A quirkSet is the sum of the handler's quirks. The zero value behaves as AWS.
type quirkSet struct {
	dropRedirect   bool
	refuseRedirect bool
	mergeMetadata  bool
	copyRedirect   bool
	noConditions   bool
	ignore         ignoredConditions
	noBatchETags   bool
	answerAllKeys  bool
	bareIfMatch    bool
	etags          etagForm
	saysKMS        bool
	noCompleteETag bool
	keepReserved   bool // in a copy's source, as JavaScript's decodeURI does
	listing        listing
}

// ignoredConditions says which conditions are ignored.
type ignoredConditions struct{ writes, deletes, copySource bool }

// An etagForm is the form in which clients see ETags.
type etagForm int

const (
	etagMD5         etagForm = iota
	etagOpaque               // of 32 hexadecimal digits that are no md5
	etagOpaqueParts          // those of uploads in parts are no md5s
	etagNone                 // there are none
)

// noETag is the ETag in the metadata of an object that has none.
const noETag = "none"

// showETag returns an object's ETag as a client sees it, with quotes; empty for
// none.
func (q *quirkSet) showETag(etag string) string {
	if etag == noETag || q.etags == etagNone {
		return ""
	}
	return quote(q.clientETag(etag))
}

// setETag sets an answer's ETag to that of an object, or removes it.
func (q *quirkSet) setETag(answer http.Header, etag string) {
	if shown := q.showETag(etag); shown != "" {
		answer.Set("ETag", shown)
		return
	}
	answer.Del("ETag")
}

// clientETag returns the ETag that clients see in place of etag. It is its own
// inverse; both are without quotes.
func (q *quirkSet) clientETag(etag string) string {
	sum, parts, multipart := strings.Cut(etag, "-")
	if q.etags != etagOpaque && (q.etags != etagOpaqueParts || !multipart) {
		return etag
	}
	b := []byte(sum)
	for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
		b[i], b[j] = b[j], b[i]
	}
	if multipart {
		return string(b) + "-" + parts
	}
	return string(b)
}

// storedETag returns the ETag in the store for an ETag that a client sent, with
// quotes or without.
func (q *quirkSet) storedETag(etag string) string {
	if q.etags == etagNone {
		return neverMatches
	}
	return q.clientETag(unquote(etag))
}

// showEncryption says in an answer how the object is encrypted.
func (q *quirkSet) showEncryption(answer http.Header) {
	if q.saysKMS {
		answer.Set("X-Amz-Server-Side-Encryption", "aws:kms")
		answer.Set("X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id", "arn:aws:kms:us-east-1:111122223333:key/s3server")
	}
}

// neverMatches is an ETag that no object has.
const neverMatches = "\x00"

// ifMatch returns the ETag for the condition in an If-Match header.
func (q *quirkSet) ifMatch(header string) string {
	if q.bareIfMatch && strings.HasPrefix(header, `"`) {
		return neverMatches
	}
	return q.storedETag(header)
}

// conditionError returns the error for a condition that failed with err: for an
// object that is missing, Ceph answers 412 and AWS 404.
func (q *quirkSet) conditionError(err error) error {
	if q.bareIfMatch && gofakes3.HasErrorCode(err, gofakes3.ErrNoSuchKey) {
		return gofakes3.ErrPreconditionFailed
	}
	return err
}

// merge adds the metadata of the replaced object to those of the new one, which
// win.
func (h *handler) merge(bucket, key string, meta map[string]string) error {
	if !h.quirks.mergeMetadata {
		return nil
	}
	old, err := h.store.HeadObject(bucket, key)
	if gofakes3.HasErrorCode(err, gofakes3.ErrNoSuchKey) {
		return nil
	}
	if err != nil {
		return err
	}
	for name, v := range old.Metadata {
		if _, set := meta[name]; !set && name != ETagKey && name != PartsKey {
			meta[name] = v
		}
	}
	return old.Contents.Close()
}

// completeETag returns the ETag for the answer to the completion of an upload.
func (q *quirkSet) completeETag(etag string) string {
	if q.noCompleteETag {
		return ""
	}
	return q.showETag(etag)
}

// decodeURI decodes like JavaScript's function of that name: reserved characters of
// URLs stay encoded.
func decodeURI(s string) (string, error) {
	for _, c := range ";/?:@&=+$,#" {
		encoded := fmt.Sprintf("%%%02X", c)
		s = strings.ReplaceAll(s, encoded, "%25"+encoded[1:])
	}
	return url.PathUnescape(s)
}
