package wire

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strconv"

	"github.com/s3fc/s3fc/backends/s3/internal/ability"
)

// Part is a part of a multipart upload.
type Part struct {
	Number int    `xml:"PartNumber"` // from 1
	ETag   string // as the store has it, with its quotes
	Size   int64  `xml:"Size,omitempty"` // in bytes, as a listing of parts tells it
	CRC32  string `xml:"ChecksumCRC32,omitempty"`
}

// CreateUpload begins a multipart upload with the headers of an object. It returns
// the upload's id and the answer.
func (s *Sender) CreateUpload(ctx context.Context, key string, header http.Header) (id string, a *Answer, err error) {
	r := NewRequest(http.MethodPost, key)
	r.Query, r.Header = url.Values{"uploads": {""}}, header.Clone()
	if s.o.Checksums {
		r.Set("X-Amz-Checksum-Algorithm", "CRC32")
	}
	var doc struct{ UploadId string } //nolint:revive,staticcheck // The name in S3's XML.
	// rclone serve s3 leaves "Result" away.
	if a, err = s.call(ctx, r, &doc, "InitiateMultipartUploadResult", "InitiateMultipartUpload"); err == nil && doc.UploadId == "" {
		err = ErrNotS3
	}
	return doc.UploadId, a, err
}

// UploadPart sends size bytes of body, which have this md5 in base64, as a part.
func (s *Sender) UploadPart(ctx context.Context, key, id string, number int, body io.ReadSeeker, size int64, md5 string) (Part, error) {
	r, err := NewRequest(http.MethodPut, key).WithBody(body, size)
	if err != nil {
		return Part{}, err
	}
	r.Query = partQuery(id, number)
	r.Set(ContentMD5, md5)
	a, err := s.sendExpecting(ctx, r)
	if err != nil {
		return Part{}, err
	}
	return Part{Number: number, ETag: a.Get(ETag), CRC32: r.crc32}, nil
}

// sendExpecting sends r, and once more without Expect if the store refuses it in
// words that may be about that.
func (s *Sender) sendExpecting(ctx context.Context, r *Request) (a *Answer, err error) {
	var optional []ability.Ability
	if r.Expects() {
		optional = []ability.Ability{ability.Expect}
	}
	err = s.o.Can.Try(ability.Attempt{Optional: optional, Send: func(with func(ability.Ability) bool) (err error) {
		r.NoExpect = !with(ability.Expect)
		a, err = s.Send(ctx, r)
		return err
	}})
	return a, err
}

func partQuery(id string, number int) url.Values {
	return url.Values{"partNumber": {strconv.Itoa(number)}, "uploadId": {id}}
}

// CompleteUpload makes an object of parts. The header has the conditions on the
// object that it replaces. Conflicts are not tried again: the upload has to begin
// anew.
func (s *Sender) CompleteUpload(ctx context.Context, key, id string, parts []Part, header http.Header) (etag string, a *Answer, err error) {
	type listed struct {
		PartNumber    int
		ETag          string
		ChecksumCRC32 string `xml:",omitempty"`
	}
	var doc struct{ Part []listed }
	for _, p := range parts {
		doc.Part = append(doc.Part, listed{p.Number, p.ETag, p.CRC32})
	}
	r := NewRequest(http.MethodPost, key)
	r.Query, r.Header, r.LeaveConflicts = url.Values{"uploadId": {id}}, header.Clone(), true
	if r.Header == nil {
		r.Header = make(http.Header, 2)
	}
	if err := r.withDocument("CompleteMultipartUpload", doc); err != nil {
		return "", nil, err
	}
	r.Set(ContentMD5, "") // some stores take the one of a completion for the object's
	var done struct{ ETag string }
	a, err = s.call(ctx, r, &done, "CompleteMultipartUploadResult", "CompleteMultipartUploadResponse") // moto has the other one
	return done.ETag, a, err
}

// AbortUpload frees the parts of an upload.
func (s *Sender) AbortUpload(ctx context.Context, key, id string) (*Answer, error) {
	r := NewRequest(http.MethodDelete, key)
	r.Query = url.Values{"uploadId": {id}}
	return s.Send(ctx, r)
}

// ListParts returns the parts of an upload that the store has.
func (s *Sender) ListParts(ctx context.Context, key, id string) ([]Part, error) {
	var all []Part
	for marker := ""; ; {
		r := NewRequest(http.MethodGet, key)
		r.Query = url.Values{"uploadId": {id}}
		if marker != "" {
			r.Query.Set("part-number-marker", marker)
		}
		var doc struct {
			IsTruncated          bool
			NextPartNumberMarker string
			Part                 []Part
		}
		if _, err := s.call(ctx, r, &doc, "ListPartsResult"); err != nil {
			return nil, err
		}
		all = append(all, doc.Part...)
		if !doc.IsTruncated || doc.NextPartNumberMarker == "" || doc.NextPartNumberMarker == marker {
			return all, nil
		}
		marker = doc.NextPartNumberMarker
	}
}
