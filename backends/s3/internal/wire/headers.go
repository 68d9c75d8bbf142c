package wire

import (
	"net/http"
	"strings"

	"github.com/s3fc/s3fc/core"
)

// headerNames are the names that S3 has for the headers of a file.
var headerNames = func() map[string]string {
	names := make(map[string]string)
	for _, name := range core.HeaderNames {
		names[name] = http.CanonicalHeaderKey(name)
	}
	names["storage-class"], names["server-side-encryption"], names["acl"] = StorageClass, Encryption, ACL
	return names
}()

// ownMetadata are the names of the metadata that s3fc writes for itself, and that of
// s3cmd, which repeats them.
var ownMetadata = map[string]bool{"md5": true, "mtime": true, "link-target": true, "s3cmd-attrs": true}

// SetHeaders gives r the headers of a file, over those that r has.
func (r *Request) SetHeaders(h *core.Headers) {
	if h == nil {
		return
	}
	for name, header := range headerNames {
		if v := h.Get(name); v != "" {
			r.Set(header, v)
		}
	}
	r.SetMetadata(h.Metadata)
}

// DropHeaders takes from r the headers of these names, as [core.Headers.Names] has
// them.
func (r *Request) DropHeaders(names []string) {
	for _, name := range names {
		if meta, ok := strings.CutPrefix(name, "metadata."); ok {
			r.Set(http.CanonicalHeaderKey(MetaPrefix+meta), "")
		} else if header := headerNames[name]; header != "" {
			r.Set(header, "")
		}
	}
}

// Headers returns the headers of the file that an answer shows. A store does not tell
// an object's ACL.
func (a *Answer) Headers() *core.Headers {
	h := new(core.Headers)
	for name, header := range headerNames {
		h.Set(name, a.Get(header))
	}
	for name, value := range a.Metadata() {
		if !ownMetadata[name] {
			if h.Metadata == nil {
				h.Metadata = make(map[string]string)
			}
			h.Metadata[name] = value
		}
	}
	return h
}

// keptHeaders are those of an object that a copy with new metadata would lose, or
// make anew, beside those that [Request.Describe] keeps.
var keptHeaders = []string{
	Redirect, Encryption, EncryptionKey, StorageClass, "X-Amz-Server-Side-Encryption-Bucket-Key-Enabled",
}

// Keep gives r, a copy with new metadata, everything that the object of an answer has
// beside its content and its tags. A store does not tell the object's ACL.
func (r *Request) Keep(a *Answer) {
	r.Describe(a)
	for _, name := range keptHeaders {
		r.Set(name, a.Get(name))
	}
	r.SetMetadata(a.Metadata())
}
