package s3server

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/johannesboyne/gofakes3"
)

// A behaviour is how the handler differs from AWS: the sum of its quirks. The
// zero value does not.
type behaviour struct {
	dropRedirect   bool
	refuseRedirect bool
	mergeMetadata  bool
	copyRedirect   bool
	noConditions   bool
	ignore         ignored
	noBatchETags   bool
	answerAllKeys  bool
	bareIfMatch    bool
	etags          etagForm
	saysKMS        bool
	noCompleteETag bool
	keepReserved   bool // in a copy's source, as JavaScript's decodeURI does
	listing        listing
}

// ignored are the conditions that are not looked at.
type ignored struct{ writes, deletes, copySource bool }

// An etagForm is how ETags look to a client.
type etagForm int

const (
	etagMD5    etagForm = iota
	etagOpaque          // of 32 hexadecimal digits that are no md5
	etagNone            // there are none
)

// noETag is the ETag in the metadata of an object that has none.
const noETag = "none"

// showETag returns an ETag as a client sees it, quoted; empty if the object
// has none.
func (h *handler) showETag(etag string) string {
	if etag == noETag || h.is.etags == etagNone {
		return ""
	}
	return quote(h.disguise(etag))
}

// setETag sets an answer's ETag to that of an object, or removes it.
func (h *handler) setETag(answer http.Header, etag string) {
	if shown := h.showETag(etag); shown != "" {
		answer.Set("ETag", shown)
		return
	}
	answer.Del("ETag")
}

// disguise returns the ETag that clients see in place of etag, and is its own
// inverse. Both are without quotes.
func (h *handler) disguise(etag string) string {
	if h.is.etags != etagOpaque {
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

// storedETag returns the ETag in the store that a client means by etag, with
// quotes or without.
func (h *handler) storedETag(etag string) string {
	if h.is.etags == etagNone {
		return neverMatches
	}
	return h.disguise(unquote(etag))
}

// showEncryption says in an answer how the object is encrypted.
func (h *handler) showEncryption(answer http.Header) {
	if h.is.saysKMS {
		answer.Set("X-Amz-Server-Side-Encryption", "aws:kms")
		answer.Set("X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id", "arn:aws:kms:us-east-1:111122223333:key/s3server")
	}
}

// neverMatches is an If-Match that no object fulfils.
const neverMatches = "\x00"

// ifMatch returns the condition that an If-Match header stands for.
func (h *handler) ifMatch(header string) string {
	if h.is.bareIfMatch && strings.HasPrefix(header, `"`) {
		return neverMatches
	}
	return h.storedETag(header)
}

// unmet is the error for a condition that does not hold, where AWS and a store
// that compares bare ETags differ.
func (h *handler) unmet(err error) error {
	if h.is.bareIfMatch && gofakes3.HasErrorCode(err, gofakes3.ErrNoSuchKey) {
		return gofakes3.ErrPreconditionFailed
	}
	return err
}

// merge adds to an object's new metadata those of the object that it replaces,
// where nothing replaces them.
func (h *handler) merge(bucket, key string, meta map[string]string) error {
	if !h.is.mergeMetadata {
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
		if _, set := meta[name]; !set && name != ETagKey {
			meta[name] = v
		}
	}
	return old.Contents.Close()
}

// completeETag is the ETag in the answer to the completion of an upload.
func (h *handler) completeETag(etag string) string {
	if h.is.noCompleteETag {
		return ""
	}
	return h.showETag(etag)
}

// decodeURI decodes as JavaScript's function of that name: an encoded character
// that has a meaning in URLs stays encoded.
func decodeURI(s string) (string, error) {
	for _, c := range ";/?:@&=+$,#" {
		encoded := fmt.Sprintf("%%%02X", c)
		s = strings.ReplaceAll(s, encoded, "%25"+encoded[1:])
	}
	return url.PathUnescape(s)
}
