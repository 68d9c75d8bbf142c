package wire

import (
	"bytes"
	"crypto/md5" //nolint:gosec // The hash that S3 asks for.
	"encoding/base64"
	"encoding/xml"
	"io"
	"net/http"
	"net/textproto"
	"net/url"
)

// Names of headers, in canonical form.
const (
	ContentMD5      = "Content-Md5"
	ContentType     = "Content-Type"
	CacheControl    = "Cache-Control"
	IfMatch         = "If-Match"
	IfNoneMatch     = "If-None-Match"
	ETag            = "Etag"
	Range           = "Range"
	Redirect        = "X-Amz-Website-Redirect-Location"
	Encryption      = "X-Amz-Server-Side-Encryption"
	EncryptionKey   = "X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id"
	CustomerKey     = "X-Amz-Server-Side-Encryption-Customer-Algorithm"
	ACL             = "X-Amz-Acl"
	StorageClass    = "X-Amz-Storage-Class"
	CopySource      = "X-Amz-Copy-Source"
	CopySourceMatch = "X-Amz-Copy-Source-If-Match"
	// CopySourceUnmodified stands in for CopySourceMatch where there is no ETag.
	CopySourceUnmodified = "X-Amz-Copy-Source-If-Unmodified-Since"
	CopySourceRange      = "X-Amz-Copy-Source-Range"
	MetaDirective        = "X-Amz-Metadata-Directive"

	// MetaPrefix begins the names of user metadata.
	MetaPrefix = "X-Amz-Meta-"
)

// Request is one request of S3. It can be sent as often as need be, but not
// twice at once.
type Request struct {
	Method string
	Key    string      // in the bucket; empty for the bucket itself
	Query  url.Values  // nil for none
	Header http.Header // by names in canonical form

	// LeaveConflicts leaves every answer of status 409 to the caller: another
	// try of the same request would not help.
	LeaveConflicts bool
	// NoExpect sends the body at once, of whatever size it is.
	NoExpect bool

	body  io.ReadSeeker // nil for none
	start int64         // where it begins
	size  int64         // in bytes

	document bool   // the body is XML: it is always hashed
	crc32    string // of the body, once it was asked for
}

// NewRequest returns a request without a body.
func NewRequest(method, key string) *Request {
	return &Request{Method: method, Key: key, Header: make(http.Header, 8)}
}

// WithBody makes the next size bytes of body the body of r, and returns r. The
// body is sent from where it is now, each time that r is sent.
func (r *Request) WithBody(body io.ReadSeeker, size int64) (*Request, error) {
	start, err := body.Seek(0, io.SeekCurrent)
	if err != nil {
		return nil, err
	}
	r.body, r.start, r.size = body, start, size
	return r, nil
}

// namespace is that of every document of S3.
const namespace = "http://s3.amazonaws.com/doc/2006-03-01/"

// withDocument makes v, as an XML document with the name root, the body of r.
func (r *Request) withDocument(root string, v any) error {
	var b bytes.Buffer
	e := xml.NewEncoder(&b)
	if err := e.EncodeElement(v, xml.StartElement{Name: xml.Name{Space: namespace, Local: root}}); err != nil {
		return err
	}
	r.body, r.start, r.size, r.document = bytes.NewReader(b.Bytes()), 0, int64(b.Len()), true
	sum := md5.Sum(b.Bytes()) //nolint:gosec // The hash that S3 asks for.
	r.Set(ContentMD5, base64.StdEncoding.EncodeToString(sum[:]))
	r.Set(ContentType, "application/xml")
	return nil
}

// Size returns how long the body is, in bytes.
func (r *Request) Size() int64 { return r.size }

// Expects reports whether the body is sent only once the store has said that it wants
// it, unless the store lacks [ability.Expect] or NoExpect is set.
func (r *Request) Expects() bool { return r.size >= expectAbove }

// Get returns a header by its name in canonical form; empty if there is none.
func (r *Request) Get(name string) string {
	if v := r.Header[name]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// Set gives r a header. An empty value removes it.
func (r *Request) Set(name, value string) {
	if value == "" {
		delete(r.Header, name)
		return
	}
	r.Header[name] = []string{value}
}

// SetMetadata gives r user metadata, by names without x-amz-meta-.
func (r *Request) SetMetadata(meta map[string]string) {
	for name, value := range meta {
		r.Header[textproto.CanonicalMIMEHeaderKey(MetaPrefix+name)] = []string{value}
	}
}

// hasBody reports whether a body is to be sent, be it an empty one.
func (r *Request) hasBody() bool { return r.body != nil }

// rewind moves the body back to where it begins.
func (r *Request) rewind() error {
	_, err := r.body.Seek(r.start, io.SeekStart)
	return err
}
