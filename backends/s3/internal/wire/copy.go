package wire

import (
	"context"
	"net/http"
	"strings"

	"github.com/s3fc/s3fc/backends/s3/internal/format"
)

// Source names an object of this bucket as the source of a copy.
func (s *Sender) Source(key string) string {
	if strings.HasPrefix(s.o.Bucket, "arn:") {
		return format.EscapePath(s.o.Bucket + "/object/" + key)
	}
	return format.EscapePath(s.o.Bucket + "/" + key)
}

// Describe gives r the headers of an object that a copy with new metadata would
// lose: its type, how it is encoded and cached.
func (r *Request) Describe(a *Answer) {
	for _, name := range []string{ContentType, CacheControl, "Content-Disposition", "Content-Encoding", "Content-Language"} {
		r.Set(name, a.Get(name))
	}
	if a.time("Expires") != nil {
		r.Set("Expires", a.Get("Expires"))
	}
}

// Copy copies an object within the store: r is a PUT whose header names the
// [Sender.Source]. It returns the ETag of the copy with its quotes.
func (s *Sender) Copy(ctx context.Context, r *Request) (etag string, a *Answer, err error) {
	var doc struct{ ETag string }
	a, err = s.call(ctx, r, &doc, "CopyObjectResult")
	return doc.ETag, a, err
}

// CopyPart copies a range of an object as a part of an upload.
func (s *Sender) CopyPart(ctx context.Context, key, id string, number int, header http.Header) (Part, error) {
	r := NewRequest(http.MethodPut, key)
	r.Query, r.Header = partQuery(id, number), header
	var doc struct{ ETag, ChecksumCRC32 string }
	_, err := s.call(ctx, r, &doc, "CopyPartResult")
	return Part{Number: number, ETag: doc.ETag, CRC32: doc.ChecksumCRC32}, err
}
