package s3

import (
	"bytes"
	"html"
	"slices"
	"strings"

	"github.com/s3fc/s3fc/core"
)

// pageSizes are the lengths in bytes of a link's page. A listing thereby tells
// which objects may be links. They are primes, so that hardly anything else has
// them.
var pageSizes = []int64{1021, 4093, 16381}

// pageMark is in every page of ours and in no other file.
const pageMark = "<!-- s3fc link 5d0f8a3e71c24b96 -->"

// A renderer makes the page for a redirect. What was ever written must be
// recognised for good: a change is a new renderer at the head of pages.
type renderer func(location string) []byte

// pages are all renderers, the one that is used for writing first.
var pages = []renderer{page1}

// page returns the page that is written for a redirect.
func page(location string) []byte { return pages[0](location) }

// page1 sends a browser on, without a script. A location that would not fit
// when it is repeated, which takes hundreds of ampersands, stands there once.
func page1(location string) []byte {
	to := html.EscapeString(location)
	head := "<!DOCTYPE html>" + pageMark + `
<html lang="en"><head><meta charset="utf-8"><title>Redirect</title>
<meta name="robots" content="noindex">
<meta http-equiv="refresh" content="0; url=` + to + `">
</head><body>`
	body := `<p>This page is a link to <a href="` + to + `">` + to + "</a>.</p>"
	const foot = "</body></html>\n"
	if n := len(head) + len(body) + len(foot); int64(n) > pageSizes[len(pageSizes)-1] {
		body = "<p>This page is a link.</p>"
	}
	return pad(head + body + foot)
}

// pad fills s with spaces up to the next page size.
func pad(s string) []byte {
	for _, size := range pageSizes {
		if n := int(size) - len(s); n >= 0 {
			return append(append(make([]byte, 0, size), s...), strings.Repeat(" ", n)...)
		}
	}
	panic("s3: a page is longer than the longest page size: its location was not checked")
}

// mayBeLink reports whether an object of this size in bytes may be a link: one
// of ours, or the classic empty one.
func mayBeLink(size int64) bool { return size == 0 || slices.Contains(pageSizes, size) }

// isPage reports whether body is a page that some version writes for location.
func isPage(body []byte, location string) bool {
	return slices.ContainsFunc(pages, func(r renderer) bool { return bytes.Equal(r(location), body) })
}

// isPageSum is isPage for a body of which only size and md5 are known.
func isPageSum(size int64, sum core.MD5, location string) bool {
	return slices.ContainsFunc(pages, func(r renderer) bool {
		p := r(location)
		return int64(len(p)) == size && core.SumMD5(p) == sum
	})
}

// looksLikePage reports whether head, the beginning of a file, is from a page
// of ours: such a file has the ETag of a link.
func looksLikePage(head []byte) bool { return bytes.Contains(head, []byte(pageMark)) }
