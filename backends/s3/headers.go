package s3

import (
	"context"
	"io/fs"
	"net/http"
	"strings"

	"github.com/s3fc/s3fc/backends/s3/internal/wire"
	"github.com/s3fc/s3fc/core"
)

// headerNames are the names that S3 has for the headers of a file.
var headerNames = func() map[string]string {
	names := make(map[string]string)
	for _, name := range core.HeaderNames {
		names[name] = http.CanonicalHeaderKey(name)
	}
	for _, name := range []string{"storage-class", "server-side-encryption", "acl"} {
		names[name] = http.CanonicalHeaderKey("x-amz-" + name)
	}
	return names
}()

// setHeaders gives a request the headers of a file, over those that every object has.
func setHeaders(r *wire.Request, h *core.Headers) {
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

// ownMetadata are the names of the metadata that s3fc writes for itself.
var ownMetadata = map[string]bool{"md5": true, "mtime": true, "link-target": true}

// Headers implements [core.HeaderKeeper] with one HEAD. A store does not tell an
// object's ACL.
func (t *Tree) Headers(ctx context.Context, key string) (*core.Headers, error) {
	if !t.readable(key) {
		return nil, t.fail("stat", key, fs.ErrNotExist)
	}
	a, err := t.objects.Head(ctx, t.full(key))
	if err != nil {
		return nil, t.fail("stat", key, err)
	}
	return headersOf(a), nil
}

// headersOf returns the headers of the file that an answer shows.
func headersOf(a *wire.Answer) *core.Headers {
	h := new(core.Headers)
	for name, header := range headerNames {
		h.Set(name, a.Get(header))
	}
	for name, value := range a.Metadata() {
		if !ownMetadata[name] && !strings.HasPrefix(name, "s3cmd-") {
			if h.Metadata == nil {
				h.Metadata = make(map[string]string)
			}
			h.Metadata[name] = value
		}
	}
	return h
}
