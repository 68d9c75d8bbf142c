package s3server

import (
	"encoding/hex"
	"net/http"
	"strings"

	"github.com/johannesboyne/gofakes3"
)

// putObject stores an object with verified content and the headers of this request
// alone.
func (h *handler) putObject(w http.ResponseWriter, r *http.Request, bucket, key string) error {
	cond, err := h.writeConditions(r.Header)
	if err != nil {
		return err
	}
	meta, err := h.objectHeaders(r.Header)
	if err != nil {
		return err
	}
	if err := h.merge(bucket, key, meta); err != nil {
		return err
	}
	b, err := openBody(r)
	if err != nil {
		return err
	}
	if err := h.checkEarly(bucket, key, cond); err != nil {
		return h.quirks.conditionError(err)
	}
	if _, err := h.store.PutObject(bucket, key, meta, b, b.size, cond); err != nil {
		return h.quirks.conditionError(err)
	}
	sum := b.MD5()
	h.written(w.Header(), hex.EncodeToString(sum[:]))
	echoChecksums(w.Header(), r.Header)
	w.WriteHeader(http.StatusOK)
	return nil
}

// checkEarly checks the conditions before the body is read. The store checks them
// again when it commits.
func (h *handler) checkEarly(bucket, key string, cond *gofakes3.PutConditions) error {
	if cond == nil {
		return nil
	}
	o, err := h.store.HeadObject(bucket, key)
	if err != nil {
		if gofakes3.HasErrorCode(err, gofakes3.ErrNoSuchKey) {
			return CheckConditions(cond, false, "")
		}
		return err
	}
	defer o.Contents.Close() //nolint:errcheck // A HEAD has no content.
	return CheckConditions(cond, true, ETagOf(o))
}

// written sets the headers of the answer to a write.
func (h *handler) written(answer http.Header, etag string) {
	h.quirks.setETag(answer, etag)
	h.quirks.showEncryption(answer)
}

// echoChecksums copies the request's checksums, which were verified, into the
// answer.
func echoChecksums(answer, in http.Header) {
	for name, v := range in {
		if strings.HasPrefix(name, checksumPrefix) && newChecksum(name) != nil {
			answer[name] = v
		}
	}
}
