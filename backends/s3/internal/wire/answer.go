package wire

import (
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/s3fc/s3fc/backends/s3/internal/format"
)

// Answer is a good answer of the store.
type Answer struct {
	Status int
	Header http.Header
	// Length is how long the body is, in bytes; -1 if the answer does not tell.
	Length int64
	// Body is to be closed by who got the answer from [Sender.Do]. Elsewhere it
	// was read.
	Body io.ReadCloser
}

// Get returns a header by its name in canonical form; empty if there is none.
func (a *Answer) Get(name string) string {
	if v := a.Header[name]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// ETag returns the object's ETag without quotes; empty if the answer has none.
func (a *Answer) ETag() string {
	tag := a.Get(ETag)
	return format.BareETag(&tag)
}

// IsS3 reports whether an answer has a sign that it is S3's: an ETag, or a header
// that begins with X-Amz-. The login page of a network has neither.
func (a *Answer) IsS3() bool {
	if a.ETag() != "" {
		return true
	}
	for name := range a.Header {
		if strings.HasPrefix(name, "X-Amz-") {
			return true
		}
	}
	return false
}

// Opaque reports whether the object is encrypted so that its ETag is no md5.
func (a *Answer) Opaque() bool {
	return format.OpaqueETag(a.Get(Encryption), a.optional(CustomerKey))
}

// Metadata returns the user metadata, by names in lower case.
func (a *Answer) Metadata() map[string]string { return MetadataOf(a.Header) }

// MetadataOf returns the user metadata in the header of a request or an answer,
// by names in lower case.
func MetadataOf(h http.Header) map[string]string {
	m := make(map[string]string, 4)
	for name, values := range h {
		if rest, ok := strings.CutPrefix(name, MetaPrefix); ok && len(values) > 0 {
			m[strings.ToLower(rest)] = values[0]
		}
	}
	return m
}

// Object returns the object that the answer to a HEAD or a GET shows.
func (a *Answer) Object(key string) format.Object {
	return format.Object{
		Key: key, Size: a.Length, ETag: a.ETag(), Redirect: a.optional(Redirect), Metadata: a.Metadata(), Opaque: a.Opaque(), Headers: a.Headers(),
		Changed: format.WholeSeconds(a.time("Last-Modified")), Answered: deref(a.time("Date")),
	}
}

// optional returns a header, or nil if there is none.
func (a *Answer) optional(name string) *string {
	if v := a.Header[name]; len(v) > 0 {
		return &v[0]
	}
	return nil
}

// time returns a header that is a date, or nil.
func (a *Answer) time(name string) *time.Time {
	if t, err := http.ParseTime(a.Get(name)); err == nil {
		return &t
	}
	return nil
}

func deref(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

// maxDrain is how much of a body is read, in bytes, so that its connection can be
// used again.
const maxDrain = 64 << 10

// drain reads the rest of a short body and closes it.
func (a *Answer) drain() {
	_, _ = io.CopyN(io.Discard, a.Body, maxDrain)
	_ = a.Body.Close()
}
