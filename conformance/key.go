package conformance

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/s3fc/s3fc/core"
)

var keyCases = []Case{
	{
		Name: "Keys", Guide: "Keys",
		Why: "a name may have any character; one that is encoded, decoded or normalised on its way names another file",
		Run: run(checkKeys),
	},
	{
		Name: "LongKeys", Guide: "Keys",
		Why: "a key that is too long must be refused before anything is written; any other one must arrive",
		Run: run(checkLongKeys),
	},
	{
		Name: "InvalidKeys", Guide: "Keys",
		Why: "keys come from strangers, and must not reach any other entry, nor leave the store",
		Run: run(checkInvalidKeys),
	},
}

// oddKeys are valid. Pairs that look alike must stay two keys.
var oddKeys = []string{
	"with space", " lead", "trail ", "two  spaces", "tab-less", "dir with space/x y", "+", "a+b", "%", "%2F", "a%2Fb", "%41", "A", "100%",
	"?", "q?x=1&y", "#", "frag#x", "&", "a&amp;b", "<b>", "\"quoted\"", "it's", "`tick`", "back\\slash", "..\\up", "c:colon", "star*", "pipe|x", ";", "=",
	"@", "$HOME", "~", "~user", "-dash", "--flag", ".hidden", "..two", "...", "a..b", "dot.", "x/.y/..z/w", "(paren)", "[brack]", "{brace}", "!", "^", ",",
	"\u00e9-nfc", "e\u0301-nfc", "日本語/ファイル", "😀/👩\u200d👩\u200d👧", "nbsp\u00a0x", "rtl\u202ex", "\ufeffbom", "\ufffd", "ß", "İ", "__0x2f__", "__0x25__",
	"a/b/c/d/e/f/g/h/i/j/k/l", "index.html", "x.s3fc", "con.txt", "nul",
}

func checkKeys(p *probe) {
	var held []string
	for _, key := range oddKeys {
		if p.carries(fileOf(key, bytesOf(key, 30)), bytesOf(key, 30)) {
			held = append(held, key)
		}
	}
	if len(held) < len(oddKeys)/2 {
		p.failf("CheckPut refuses more than half of the valid keys: %d of %d are stored: %q", len(held), len(oddKeys), held)
	}
	for _, key := range held {
		p.holds(key, bytesOf(key, 30))
	}
	p.holdsKeys(held...)
	for _, key := range held {
		if err := p.b.Delete(p.ctx, p.stat(key)); err != nil {
			p.failf("Delete(%q): %w", key, err)
		}
		p.nothing(key)
	}
	p.holdsKeys()
}

// keyOf is a key of n bytes, of segments no longer than seg.
func keyOf(n, seg int) string {
	b := []byte(strings.Repeat("k", n))
	for i := seg; i < n-1; i += seg + 1 {
		b[i] = '/'
	}
	return string(b)
}

// segmentLength is how long the segments of a long key may be.
func segmentLength(p *probe) int {
	if p.features.MaxSegment > 0 {
		return min(200, p.features.MaxSegment)
	}
	return 200
}

func checkLongKeys(p *probe) {
	fits := []string{keyOf(1500, segmentLength(p)), strings.Repeat("s", 255), "d/" + strings.Repeat("é", 127)}
	var over []string
	if n := p.features.MaxKey; n > 0 {
		fits[0] = keyOf(n, segmentLength(p))
		over = append(over, keyOf(n+1, segmentLength(p)), keyOf(2*n, segmentLength(p)))
	}
	if n := p.features.MaxSegment; n > 0 {
		fits = append(fits[:1], strings.Repeat("s", n), "d/"+strings.Repeat("t", n))
		over = append(over, strings.Repeat("s", n+1), "d/"+strings.Repeat("t", n+1)+"/x")
	}
	for _, key := range fits {
		if p.features.MaxKey > 0 && len(key) > p.features.MaxKey {
			continue
		}
		if !p.carries(fileOf(key, "content"), "content") {
			p.failf("a key of %d bytes is refused, but is within Features.MaxKey and Features.MaxSegment", len(key))
			continue
		}
		p.holds(key, "content")
	}
	before := len(p.keys(""))
	for _, key := range over {
		_, err := p.try(fileOf(key, "content"), "content", nil)
		p.refused(fmt.Sprintf("Put of a key of %d bytes", len(key)), err, core.ErrUnsupportedKey)
		p.refused(fmt.Sprintf("CheckPut of a key of %d bytes", len(key)), core.CheckPut(p.b, fileOf(key, "")), core.ErrUnsupportedKey)
		p.nothing(key)
	}
	if after := len(p.keys("")); after != before {
		p.failf("List yielded %d entries after keys that are too long; want %d", after, before)
	}
}

// invalidKeys are not valid, and must not be taken for a, b or d/x.
var invalidKeys = []string{
	"", ".", "..", "/", "/a", "//a", "./a", "a/", "a/.", "a//", "d//x", "d/./x", "d/../a", "../a", "d/x/", "d/x/../x", "x/..", "../../a",
	"a\x00", "a\x00b", "\x00", "\x00a", "d/\x00", "a\nb", "a\r", "\x7f", "\x1b[2J", "c1\u0085", "a\xff", "\xc3\x28", "\xed\xa0\x80",
}

func checkInvalidKeys(p *probe) {
	p.files("a", "b", "d/x")
	canary := p.stat("a")
	for _, key := range invalidKeys {
		_, err := p.try(fileOf(key, "evil"), "evil", nil)
		p.refused(fmt.Sprintf("Put(%q)", key), err, core.ErrUnsupportedKey)
		_, err = p.try(fileOf(key, "evil"), "evil", &canary)
		p.refused(fmt.Sprintf("Put(%q) over an entry", key), err, core.ErrUnsupportedKey)
		if p.features.Links {
			_, err = p.try(linkOf(key, core.Target{Key: "a"}), "", nil)
			p.refused(fmt.Sprintf("Put(%q) of a link", key), err, core.ErrUnsupportedKey)
		}
		checkUnreachable(p, key, canary)
	}
	for _, key := range []string{"a", "b", "d/x"} {
		p.holds(key, bytesOf(key, 20))
	}
	p.holdsKeys("a", "b", "d/x")
}

func checkUnreachable(p *probe, key string, canary core.Entry) {
	_, statErr := p.b.Stat(p.ctx, key)
	rc, _, openErr := p.b.Open(p.ctx, key)
	if rc != nil {
		_ = rc.Close()
	}
	for op, err := range map[string]error{"Stat": statErr, "Open": openErr} {
		if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, core.ErrUnsupportedKey) {
			p.failf("%s(%q): %s, and nor is it core.ErrUnsupportedKey", op, key, notErr(err, fs.ErrNotExist))
		}
	}
	canary.Key = key
	_ = p.b.Delete(p.ctx, canary) // with or without an error, no entry may be gone
}
