package quirks

import (
	"maps"
	"path/filepath"
	"strings"

	"github.com/s3fc/s3fc/internal/s3server"
)

// foreign are objects that another tool put, with their headers.
var foreign = []struct {
	key, content string
	header       map[string]string
}{
	{"page.html", gzipped("<p>compressed</p>"), map[string]string{"Content-Type": "text/html", "Content-Encoding": "gzip"}},
	{"text.txt", padded("text ", 3000), map[string]string{"Content-Type": "text/plain"}},
	{"empty", "", nil},
	{"rclone", "with a note of its md5", map[string]string{"X-Amz-Meta-Md5chksum": "not base64"}},
	{"a b+c", "special", map[string]string{"Content-Type": "binary/octet-stream"}},
	{"link", "", map[string]string{"X-Amz-Website-Redirect-Location": "/text.txt"}},
}

// pullForeign pulls a bucket that another tool filled.
func (s *story) pullForeign() (well bool) {
	s.Helper()
	s.server.CreateBucket("foreign")
	for _, o := range foreign {
		meta := maps.Clone(o.header)
		if meta == nil {
			meta = make(map[string]string)
		}
		meta["Last-Modified"] = "Thu, 01 Jan 2026 00:00:00 GMT"
		_, err := s.server.Store().PutObject("foreign", o.key, meta, strings.NewReader(o.content), int64(len(o.content)), nil)
		s.must(err)
	}
	if s.has(s3server.NoETags) {
		s.server.PutWithoutETag("foreign", "no-etag", "no ETag")
	}
	return s.copy(s.inBucket("foreign"), s.inDir(filepath.Join(s.back, "..", "foreign")))
}
