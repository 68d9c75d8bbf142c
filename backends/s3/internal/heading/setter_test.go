package heading

import (
	"net/http"
	"strings"
	"testing"

	"github.com/s3fc/s3fc/backends/s3/internal/wire"
	"github.com/s3fc/s3fc/core"
)

func TestAnObjectAbove5GiBIsRefused(t *testing.T) {
	s := new(Setter)
	if err := s.Check(core.Entry{Size: maxCopy}); err != nil {
		t.Errorf("5 GiB: %v", err)
	}
	if err := s.Check(core.Entry{Size: maxCopy + 1}); err == nil || !strings.Contains(err.Error(), "5 GiB") {
		t.Errorf("one byte more: %v", err)
	}
}

// TestTheObjectIsComparedAfterwards changes one thing at a time in the answer after a
// copy.
func TestTheObjectIsComparedAfterwards(t *testing.T) {
	answer := func(change ...string) *wire.Answer {
		h := http.Header{
			"Etag": {`"x"`}, "Cache-Control": {"no-cache"}, "Content-Language": {"de"}, "X-Amz-Meta-Md5": {core.SumMD5([]byte("a")).String()},
			"X-Amz-Tagging-Count": {"2"}, "X-Amz-Server-Side-Encryption": {"AES256"},
		}
		for i := 0; i < len(change); i += 2 {
			h[change[i]] = []string{change[i+1]}
		}
		return &wire.Answer{Header: h, Length: 1}
	}
	old := core.Entry{Key: "a", Kind: core.File, Size: 1, MD5: core.SumMD5([]byte("a"))}
	c := change{before: answer(), set: &core.Headers{CacheControl: "max-age=1"}}
	if err := c.check(old, old, answer("Cache-Control", "max-age=1")); err != nil {
		t.Errorf("all as it should be: %v", err)
	}
	for name, after := range map[string]*wire.Answer{
		"not set": answer(), "language lost": answer("Cache-Control", "max-age=1", "Content-Language", ""),
		"tags lost":         answer("Cache-Control", "max-age=1", "X-Amz-Tagging-Count", ""),
		"md5 lost":          answer("Cache-Control", "max-age=1", "X-Amz-Meta-Md5", ""),
		"encryption lost":   answer("Cache-Control", "max-age=1", "X-Amz-Server-Side-Encryption", ""),
		"another one there": answer("Cache-Control", "max-age=1", "X-Amz-Server-Side-Encryption", "aws:kms"),
	} {
		if c.check(old, old, after) == nil {
			t.Errorf("%s: it passes", name)
		}
	}
	link := old
	link.Kind = core.Link
	if c.check(old, link, answer("Cache-Control", "max-age=1")) == nil {
		t.Error("a link in its place passes")
	}
}
