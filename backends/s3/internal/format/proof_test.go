package format

import (
	"strings"
	"testing"

	"github.com/s3fc/s3fc/core"
)

// TestOnlyETagsOfContentAreFingerprints checks that a fingerprint is an ETag of the
// form of an md5, or of parts, and that an empty object has none, for it may be a
// link.
func TestOnlyETagsOfContentAreFingerprints(t *testing.T) {
	sum := strings.Repeat("0123456789abcdef", 2)
	for name, c := range map[string]struct {
		size  int64
		kind  core.Kind
		token string
		want  bool
	}{
		"md5":                 {100, core.File, sum, true},
		"parts":               {20 << 20, core.File, sum + "-3", true},
		"no md5":              {100, core.File, "1700000000-100", false},
		"nothing":             {100, core.File, "", false},
		"empty":               {0, core.File, sum, false},
		"a link":              {100, core.Link, sum, false},
		"something else":      {100, core.Other, sum, false},
		"parts without a sum": {20 << 20, core.File, "x-3", false},
	} {
		t.Run(name, func(t *testing.T) {
			e := core.Entry{Key: "k", Kind: c.kind, Size: c.size, Token: c.token}
			if got := (Layout{}).Fingerprint(e); (got == c.token && got != "") != c.want || !c.want && got != "" {
				t.Errorf("fingerprint %q of the ETag %q; want one: %v", got, c.token, c.want)
			}
			if got := (Layout{Express: true}).Fingerprint(e); got != "" {
				t.Errorf("fingerprint %q in a directory bucket, whose ETags are of nothing", got)
			}
		})
	}
}

// TestALinkPageHasThePrefixInItsFingerprint checks that the same page is another link
// under another prefix.
func TestALinkPageHasThePrefixInItsFingerprint(t *testing.T) {
	page := LinkPage("/site/v2/")
	e := core.Entry{Key: "latest", Kind: core.File, Size: int64(len(page)), Token: core.SumMD5(page).String(), MaybeLink: true}
	site, same, other := Layout{Prefix: "site/"}.Fingerprint(e), Layout{Prefix: "site/"}.Fingerprint(e), Layout{Prefix: "site2/"}.Fingerprint(e)
	if site == "" || site != same || site == other || site == (Layout{}).Fingerprint(e) {
		t.Errorf("fingerprints %q, %q below another prefix, %q of the whole bucket; want three", site, other, Layout{}.Fingerprint(e))
	}
	e.Token = "1700000000-100"
	if got := (Layout{Prefix: "site/"}).Fingerprint(e); got != "" {
		t.Errorf("fingerprint %q of an ETag that is no md5", got)
	}
}
