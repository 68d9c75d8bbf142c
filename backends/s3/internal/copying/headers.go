package copying

import (
	"maps"
	"slices"

	"github.com/s3fc/s3fc/backends/s3/internal/wire"
	"github.com/s3fc/s3fc/core"
)

// properties are the headers that S3 does not copy with an object: each write gives
// them anew.
var properties = map[string]string{"storage-class": wire.StorageClass, "server-side-encryption": wire.Encryption, "acl": wire.ACL}

// keepsHeaders reports whether a copy would have the headers that the entry names, and
// no others. An entry without Headers keeps those of the object. A content type that is
// not given is the store's, which depends on name and content.
func (j *job) keepsHeaders() bool {
	want := j.from.Entry.Headers
	if want == nil {
		return true
	}
	have := j.head.Headers()
	differs := func(name string) bool {
		_, given := properties[name]
		return !given && have.Get(name) != want.Get(name) && !(name == "content-type" && want.Get(name) == "")
	}
	return !slices.ContainsFunc(core.HeaderNames, differs) && maps.Equal(have.Metadata, want.Metadata)
}

// setProperties gives r the properties that a copy does not take from its source.
func (j *job) setProperties(r *wire.Request) {
	for name, header := range properties {
		if v := j.from.Entry.Headers.Get(name); v != "" {
			r.Set(header, v)
		}
	}
}
