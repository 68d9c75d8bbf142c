package s3

import (
	"strconv"
	"strings"

	"github.com/s3fc/s3fc/core"
)

// bareETag returns an ETag as it is kept in a Token: without quotes.
func bareETag(etag *string) string {
	if etag == nil {
		return ""
	}
	return strings.Trim(strings.TrimPrefix(*etag, "W/"), `"`)
}

// quoteETag returns a Token as a condition has it.
func quoteETag(token string) string { return `"` + token + `"` }

// parseParts reads the ETag of a multipart upload, "<hex>-<number of parts>".
func parseParts(token string) (sum core.MD5, count int, ok bool) {
	hex, n, ok := strings.Cut(token, "-")
	if !ok {
		return core.MD5{}, 0, false
	}
	sum, ok = core.ParseMD5(hex)
	count, err := strconv.Atoi(n)
	return sum, count, ok && err == nil && count > 0
}

const (
	mib = int64(1) << 20

	// singleMax is the size in bytes up to which a file goes up in one request.
	singleMax = 16 * mib
	// minPart and maxParts are the rule of partSize.
	minPart  = 8 * mib
	maxParts = 10_000
)

// partSize returns the size in bytes of the parts in which a file of size bytes
// goes up. It must never change: the ETag of what was stored depends on it.
func partSize(size int64) int64 {
	p := minPart
	for countParts(size, p) > maxParts {
		p *= 2
	}
	return p
}

func countParts(size, part int64) int64 { return (size + part - 1) / part }

// commonParts are the part sizes in MiB of other tools, likely ones first.
var commonParts = []int64{8, 5, 16, 15, 10, 20, 25, 32, 50, 64, 100, 128, 256, 512, 1024}

// partSizes returns the part sizes under which an object of size bytes has
// count parts: ours first, then those of other tools.
func partSizes(size int64, count int) []int64 {
	var sizes []int64
	add := func(p int64) {
		if countParts(size, p) != int64(count) {
			return
		}
		for _, have := range sizes {
			if have == p {
				return
			}
		}
		sizes = append(sizes, p)
	}
	add(partSize(size))
	for _, m := range commonParts {
		add(m * mib)
	}
	return sizes
}
