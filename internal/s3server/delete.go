package s3server

import (
	"encoding/xml"
	"net/http"

	"github.com/johannesboyne/gofakes3"
)

const batchLimit = 1000 // keys

// deleteObject deletes one object, if its ETag is that of If-Match.
func (h *handler) deleteObject(w http.ResponseWriter, r *http.Request, bucket, key string) error {
	match := r.Header.Get("If-Match")
	if match != "" && h.quirks.noConditions {
		return gofakes3.ErrNotImplemented
	}
	if err := h.remove(bucket, key, match); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// remove deletes under a condition; an empty match is none.
func (h *handler) remove(bucket, key, match string) error {
	if match == "" || match == "*" || h.quirks.ignore.deletes {
		_, err := h.store.DeleteObject(bucket, key)
		return err
	}
	return h.store.DeleteObjectIf(bucket, key, h.quirks.storedETag(match))
}

type batch struct {
	Quiet   bool
	Objects []batchObject `xml:"Object"`
}

type batchObject struct {
	Key  string
	ETag string
}

type batchResult struct {
	XMLName xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ DeleteResult"`
	Deleted []batchDeleted
	Error   []batchError
}

type batchDeleted struct{ Key string }

type batchError struct {
	Key     string
	Code    gofakes3.ErrorCode
	Message string
}

// deleteObjects deletes up to 1000 objects, each under its own condition, and
// answers 200 with the errors inside.
func (h *handler) deleteObjects(w http.ResponseWriter, r *http.Request, bucket, _ string) error {
	in, err := h.readBatch(r)
	if err != nil {
		return err
	}
	var out batchResult
	for _, o := range in.Objects {
		if err := h.remove(bucket, o.Key, o.ETag); err != nil {
			resp := describe(err)
			out.Error = append(out.Error, batchError{o.Key, resp.Code, resp.Message})
		} else if !in.Quiet || h.quirks.answerAllKeys {
			out.Deleted = append(out.Deleted, batchDeleted{o.Key})
		}
	}
	answerXML(w, r, http.StatusOK, out)
	return nil
}

func (h *handler) readBatch(r *http.Request) (*batch, error) {
	b, err := openBody(r)
	if err != nil {
		return nil, err
	}
	if len(b.checks) == 0 || r.Header.Get("Content-Md5") == "" && !hasChecksum(r.Header) {
		return nil, gofakes3.ErrorMessage(errInvalidRequest, "Missing required header for this request: Content-MD5 OR x-amz-checksum-*")
	}
	raw, err := b.all()
	if err != nil {
		return nil, err
	}
	var in batch
	if err := xml.Unmarshal(raw, &in); err != nil || len(in.Objects) == 0 || len(in.Objects) > batchLimit {
		return nil, gofakes3.ErrorMessage(gofakes3.ErrMalformedXML, gofakes3.ErrMalformedXML.Message())
	}
	for _, o := range in.Objects {
		if o.ETag != "" && (h.quirks.noBatchETags || h.quirks.noConditions) {
			return nil, gofakes3.ErrorMessage(gofakes3.ErrNotImplemented, "ETag in DeleteObjects is not supported.")
		}
	}
	return &in, nil
}

func hasChecksum(in http.Header) bool {
	for name := range in {
		if newChecksum(name) != nil {
			return true
		}
	}
	return newChecksum(in.Get("X-Amz-Trailer")) != nil
}
