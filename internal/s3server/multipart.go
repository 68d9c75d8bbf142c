package s3server

import (
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"net/http"
	"strconv"

	"github.com/johannesboyne/gofakes3"
)

func uploadID(r *http.Request) gofakes3.UploadID {
	return gofakes3.UploadID(r.URL.Query().Get("uploadId"))
}

func partNumber(r *http.Request) (int, error) {
	n, err := strconv.Atoi(r.URL.Query().Get("partNumber"))
	if err != nil || n < 1 || n > gofakes3.MaxUploadPartNumber {
		return 0, gofakes3.ErrorInvalidArgument("partNumber", r.URL.Query().Get("partNumber"), "Part number must be an integer between 1 and 10000, inclusive")
	}
	return n, nil
}

// createUpload starts a multipart upload. The object gets the headers of this
// request.
func (h *handler) createUpload(w http.ResponseWriter, r *http.Request, bucket, key string) error {
	meta, err := h.objectHeaders(r.Header)
	if err != nil {
		return err
	}
	if err := h.merge(bucket, key, meta); err != nil {
		return err
	}
	id, err := h.store.CreateMultipartUpload(bucket, key, meta)
	if err != nil {
		return err
	}
	h.quirks.showEncryption(w.Header())
	answerXML(w, r, http.StatusOK, gofakes3.InitiateMultipartUploadResult{Bucket: bucket, Key: key, UploadID: id})
	return nil
}

func (h *handler) uploadPart(w http.ResponseWriter, r *http.Request, bucket, key string) error {
	number, err := partNumber(r)
	if err != nil {
		return err
	}
	b, err := openBody(r)
	if err != nil {
		return err
	}
	if _, err := h.store.UploadPart(bucket, key, uploadID(r), number, b.size, b); err != nil {
		return err
	}
	sum := b.MD5()
	w.Header().Set("ETag", quote(hex.EncodeToString(sum[:])))
	echoChecksums(w.Header(), r.Header)
	w.WriteHeader(http.StatusOK)
	return nil
}

// completeUpload makes the object of the parts that the client names.
func (h *handler) completeUpload(w http.ResponseWriter, r *http.Request, bucket, key string) error {
	cond, err := h.writeConditions(r.Header)
	if err != nil {
		return err
	}
	b, err := openBody(r)
	if err != nil {
		return err
	}
	raw, err := b.all()
	if err != nil {
		return err
	}
	var in gofakes3.CompleteMultipartUploadRequest
	if err := xml.Unmarshal(raw, &in); err != nil {
		return gofakes3.ErrorMessage(gofakes3.ErrMalformedXML, gofakes3.ErrMalformedXML.Message())
	}
	etag, err := h.store.CompleteMultipartUploadIf(bucket, key, uploadID(r), &in, cond)
	if err != nil {
		return h.quirks.conditionError(err)
	}
	h.quirks.showEncryption(w.Header())
	answerXML(w, r, http.StatusOK, gofakes3.CompleteMultipartUploadResult{
		Location: fmt.Sprintf("http://%s%s", r.Host, r.URL.EscapedPath()),
		Bucket:   bucket, Key: key, ETag: h.quirks.completeETag(unquote(etag)),
	})
	return nil
}
