package wire

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// URL returns the URL of an object, without a signature.
func (s *Sender) URL(key string) *url.URL {
	u := s.endpoint().to(key, nil)
	return &u
}

// BegunUpload is an upload in parts that was begun and has not ended.
type BegunUpload struct {
	Key       string
	UploadID  string `xml:"UploadId"`
	Initiated time.Time
}

// ListUploads returns the first thousand uploads below a prefix that have not ended, and
// whether there are more.
func (s *Sender) ListUploads(ctx context.Context, prefix string) (ups []BegunUpload, more bool, err error) {
	r := NewRequest(http.MethodGet, "")
	r.Query = url.Values{"uploads": {""}}
	if prefix != "" {
		r.Query.Set("prefix", prefix)
	}
	var doc struct {
		Upload      []BegunUpload
		IsTruncated bool
	}
	_, err = s.call(ctx, r, &doc, "ListMultipartUploadsResult")
	return doc.Upload, doc.IsTruncated, err
}
