package s3server

import (
	"crypto/md5" //nolint:gosec // S3's ETag.
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/johannesboyne/gofakes3"
)

// ETagKey is the name in an object's metadata of its ETag, without quotes, if that
// is not the md5 of its content. A [Store] sets it; the handler sends it as ETag.
const ETagKey = "X-Fakes3-Etag"

// minPart is the smallest size in bytes of a part that is not the last.
const minPart = 5 << 20

// A Store keeps buckets and objects for a [Handler]. It is gofakes3's own
// interfaces with stronger promises:
//
//   - PutObject replaces an object with all its metadata, at once for every
//     reader, honours its conditions in the same instant ([CheckConditions]),
//     and stores nothing unless input ends after exactly size bytes
//   - metadata are response headers by canonical name, Last-Modified among them
//   - ListBucket lists in byte order, honours prefix, delimiter, marker and a
//     positive MaxKeys, says truncated only if something follows, and then
//     NextMarker is the last key or common prefix; the ETags are quoted
//   - GetObject returns one version of the object, however long it is read
//
// Errors are gofakes3's. A Store is safe for concurrent use.
type Store interface {
	gofakes3.Backend
	gofakes3.MultipartBackend

	// DeleteObjectIf deletes the object if its ETag is etag, without quotes; it
	// is ErrPreconditionFailed if it is another. That nothing is there is no
	// error.
	DeleteObjectIf(bucket, key, etag string) error

	// CompleteMultipartUploadIf is CompleteMultipartUpload under conditions,
	// which may be nil. It returns the quoted ETag.
	CompleteMultipartUploadIf(bucket, key string, id gofakes3.UploadID, in *gofakes3.CompleteMultipartUploadRequest, cond *gofakes3.PutConditions) (etag string, err error)

	// BucketConfig returns the configuration of that name, nil if there is none.
	BucketConfig(bucket, name string) ([]byte, error)

	// SetBucketConfig keeps a configuration; nil removes it.
	SetBucketConfig(bucket, name string, value []byte) error
}

// ETagOf returns an object's ETag without quotes.
func ETagOf(o *gofakes3.Object) string {
	if etag := o.Metadata[ETagKey]; etag != "" {
		return etag
	}
	return hex.EncodeToString(o.Hash)
}

// A Part describes a stored part of a multipart upload.
type Part struct {
	Size int64 // bytes
	MD5  [md5.Size]byte
}

// AssembleParts compares the parts in a client's request to complete an upload with
// the uploaded ones, and returns the object's ETag without quotes, as md5-N.
func AssembleParts(in *gofakes3.CompleteMultipartUploadRequest, part func(number int) (Part, bool)) (etag string, err error) {
	if len(in.Parts) == 0 {
		return "", gofakes3.ErrMalformedXML
	}
	for i := 1; i < len(in.Parts); i++ {
		if in.Parts[i].PartNumber <= in.Parts[i-1].PartNumber {
			return "", gofakes3.ErrInvalidPartOrder
		}
	}
	whole := md5.New() //nolint:gosec // S3's ETag.
	for i, p := range in.Parts {
		have, ok := part(p.PartNumber)
		if !ok || !sameETag(p.ETag, hex.EncodeToString(have.MD5[:])) {
			return "", gofakes3.ErrorMessagef(gofakes3.ErrInvalidPart, "part %d was not uploaded, or has another ETag", p.PartNumber)
		}
		if i < len(in.Parts)-1 && have.Size < minPart {
			return "", gofakes3.ErrorMessagef(errEntityTooSmall, "part %d has %d bytes: all parts but the last need %d", p.PartNumber, have.Size, minPart)
		}
		whole.Write(have.MD5[:])
	}
	return fmt.Sprintf("%x-%d", whole.Sum(nil), len(in.Parts)), nil
}

// sameETag compares two ETags, each with quotes or without.
func sameETag(a, b string) bool { return unquote(a) == unquote(b) }

func unquote(etag string) string { return strings.Trim(etag, `"`) }

func quote(etag string) string { return `"` + etag + `"` }
