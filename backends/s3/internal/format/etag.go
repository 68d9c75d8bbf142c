package format

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/s3fc/s3fc/core"
)

// BareETag returns an ETag as a Token has it: without quotes. Nil is empty.
func BareETag(etag *string) string {
	if etag == nil {
		return ""
	}
	return strings.Trim(strings.TrimPrefix(*etag, "W/"), `"`)
}

// QuoteETag returns a Token as a condition has it.
func QuoteETag(token string) string { return `"` + token + `"` }

// ParsePartsETag reads the ETag of a multipart upload, "<hex>-<number of parts>".
func ParsePartsETag(token string) (sum core.MD5, count int, ok bool) {
	hex, n, ok := strings.Cut(token, "-")
	if !ok {
		return core.MD5{}, 0, false
	}
	sum, ok = core.ParseMD5(hex)
	count, err := strconv.Atoi(n)
	return sum, count, ok && err == nil && count > 0
}

// PartsETag returns the ETag of a multipart upload, without quotes.
func PartsETag(h core.PartsHash) string { return fmt.Sprintf("%s-%d", h.MD5, h.Count) }
