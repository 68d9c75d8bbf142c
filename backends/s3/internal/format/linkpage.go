package format

import (
	"bytes"
	"html"
	"slices"
	"strings"

	"github.com/s3fc/s3fc/core"
)

// LongestLinkPage is the length of the longest link page in bytes.
const LongestLinkPage = 16381

// linkPageSizes are the lengths of link pages in bytes, so that a listing shows
// which objects may be links. They are primes, which few other objects have.
var linkPageSizes = []int64{1021, 4093, LongestLinkPage}

// linkPageMark is in every link page and in no other file.
const linkPageMark = "<!-- s3fc link 5d0f8a3e71c24b96 -->"

// linkPages are all versions of the link page; the first is the one that is
// written. A version must be recognised for good: a change is a new version at
// the head.
var linkPages = []func(location string) []byte{linkPage1}

// LinkPage returns the body of a link with this redirect, of [MaxLocation] bytes
// at most.
func LinkPage(location string) []byte { return linkPages[0](location) }

// linkPage1 sends a browser on, without a script. A location that would not fit
// when it is repeated, which takes hundreds of ampersands, stands there once.
func linkPage1(location string) []byte {
	to := html.EscapeString(location)
	head := "<!DOCTYPE html>" + linkPageMark + `
<html lang="en"><head><meta charset="utf-8"><title>Redirect</title>
<meta name="robots" content="noindex">
<meta http-equiv="refresh" content="0; url=` + to + `">
</head><body>`
	body := `<p>This page is a link to <a href="` + to + `">` + to + "</a>.</p>"
	const foot = "</body></html>\n"
	if n := len(head) + len(body) + len(foot); n > LongestLinkPage {
		body = "<p>This page is a link.</p>"
	}
	return pad(head + body + foot)
}

// pad fills s with spaces up to the next size of a link page.
func pad(s string) []byte {
	for _, size := range linkPageSizes {
		if n := int(size) - len(s); n >= 0 {
			return append(append(make([]byte, 0, size), s...), strings.Repeat(" ", n)...)
		}
	}
	panic("s3: a link page is too long: its location was not checked")
}

// MayBeLink reports whether an object of this size in bytes may be a link: one
// of ours, or the classic empty one.
func MayBeLink(size int64) bool { return size == 0 || slices.Contains(linkPageSizes, size) }

// IsLinkPage reports whether body is the link page for location in any version.
func IsLinkPage(body []byte, location string) bool {
	return slices.ContainsFunc(linkPages, func(page func(string) []byte) bool { return bytes.Equal(page(location), body) })
}

// IsLinkPageSum is [IsLinkPage] for a body of which only size and md5 are known.
func IsLinkPageSum(size int64, sum core.MD5, location string) bool {
	return slices.ContainsFunc(linkPages, func(page func(string) []byte) bool {
		p := page(location)
		return int64(len(p)) == size && core.SumMD5(p) == sum
	})
}

// HasLinkPageMark reports whether head, the beginning of a file, is from a link
// page: such a file would have the ETag of a link.
func HasLinkPageMark(head []byte) bool { return bytes.Contains(head, []byte(linkPageMark)) }
