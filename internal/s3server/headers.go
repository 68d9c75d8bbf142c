package s3server

import (
	"maps"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/johannesboyne/gofakes3"
)

const (
	metaPrefix     = "X-Amz-Meta-"
	redirectHeader = "X-Amz-Website-Redirect-Location"
	// metadataLimit is the limit for the user's metadata and for the system's, each
	// counted separately, in bytes of names and values.
	metadataLimit = 2 << 10
	keyLimit      = 1024 // bytes
)

// systemHeaders are the headers of a request, besides the user's metadata,
// that belong to the object.
var systemHeaders = []string{
	"Cache-Control", "Content-Disposition", "Content-Encoding", "Content-Language", "Content-Type", "Expires",
	redirectHeader, "X-Amz-Storage-Class",
	"X-Amz-Server-Side-Encryption", "X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id",
}

// objectHeaders returns the headers of a request that are stored with the object,
// checked.
func (h *handler) objectHeaders(in http.Header) (map[string]string, error) {
	meta := make(map[string]string)
	for name, values := range in {
		if strings.HasPrefix(name, metaPrefix) {
			meta[name] = strings.Join(values, ",")
		}
	}
	if size := headerSize(meta, len(metaPrefix)); size > metadataLimit {
		return nil, gofakes3.ErrorMessagef(gofakes3.ErrMetadataTooLarge, "Your metadata headers have %d bytes, and %d is the maximum", size, metadataLimit)
	}
	system, err := h.systemMetadata(in)
	maps.Copy(meta, system)
	return meta, err
}

func (h *handler) systemMetadata(in http.Header) (map[string]string, error) {
	meta := make(map[string]string)
	for _, name := range systemHeaders {
		if v := in.Get(name); v != "" {
			meta[name] = v
		}
	}
	stripChunked(meta)
	if err := h.checkRedirect(meta); err != nil {
		return nil, err
	}
	if size := headerSize(meta, 0); size > metadataLimit {
		return nil, gofakes3.ErrorMessagef(gofakes3.ErrMetadataTooLarge, "Your system metadata have %d bytes, and %d is the maximum", size, metadataLimit)
	}
	if meta["Content-Type"] == "" {
		meta["Content-Type"] = "binary/octet-stream"
	}
	meta["Last-Modified"] = time.Now().UTC().Format(http.TimeFormat)
	return meta, nil
}

// stripChunked removes aws-chunked from Content-Encoding: it describes how the
// request was sent, not the object.
func stripChunked(meta map[string]string) {
	var kept []string
	for enc := range strings.SplitSeq(meta["Content-Encoding"], ",") {
		if enc = strings.TrimSpace(enc); enc != "" && enc != "aws-chunked" {
			kept = append(kept, enc)
		}
	}
	if kept == nil {
		delete(meta, "Content-Encoding")
		return
	}
	meta["Content-Encoding"] = strings.Join(kept, ",")
}

// checkRedirect refuses a redirect that AWS would refuse, and applies the quirks to
// any other.
func (h *handler) checkRedirect(meta map[string]string) error {
	v := meta[redirectHeader]
	switch {
	case v == "":
		return nil
	case h.quirks.refuseRedirect:
		return gofakes3.ErrorMessage(gofakes3.ErrNotImplemented, "Website redirection is not supported.")
	case h.quirks.dropRedirect:
		delete(meta, redirectHeader)
		return nil
	case strings.HasPrefix(v, "/"), strings.HasPrefix(v, "http://"), strings.HasPrefix(v, "https://"):
		return nil
	}
	return gofakes3.ErrorMessage(errInvalidRedirect, "The website redirect location must have a prefix of 'http://' or 'https://' or '/'.")
}

// headerSize is the size of names, each less skip bytes, and values.
func headerSize(meta map[string]string, skip int) int {
	size := 0
	for name, v := range meta {
		size += len(name) - skip + len(v)
	}
	return size
}

// checkKey refuses a key that AWS cannot store.
func checkKey(key string) error {
	if len(key) > keyLimit {
		return gofakes3.ErrorMessagef(gofakes3.ErrKeyTooLong, "Your key has %d bytes, and %d is the maximum", len(key), keyLimit)
	}
	if !utf8.ValidString(key) {
		return gofakes3.ErrorMessage(gofakes3.ErrInvalidURI, "The key is not valid UTF-8")
	}
	return nil
}
