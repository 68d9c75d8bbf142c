//go:build unix

package localfs

import (
	"strings"
	"testing"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/kit"
)

func TestCheckPut(t *testing.T) {
	tr, dir := newTree(t)
	max := maxPath - len(dir) - 1
	long := func(n int) string { // a key of n bytes
		return strings.Repeat(longName(99)+"/", n/100+1)[:n-1] + "a"
	}
	for _, e := range []core.Entry{
		file("a/b", ""), file(longName(255), ""), file("é/ ", ""), file(".s3fcignore", ""), file("a\\b:c*", ""), file("nul", ""),
		link("l", "."), link("a/l", "a"), link("l", strings.Repeat("a/", 2047)+"b"), file(long(max), ""),
	} {
		if err := tr.CheckPut(e); err != nil {
			t.Errorf("%.60s -> %.60s: %v", e.Key, e.Target.Key, err)
		}
	}
	for _, key := range []string{
		"", ".", "..", "../x", "a/../../x", "/abs", "//x", "a//b", "./x", "a/./b", "a/..", "a/", "a\x00", "a\nb", "\x7f", "\xff",
		longName(256), "a/" + longName(256) + "/b", long(max + 1), kit.TempName(""), "a/" + kit.TempName("") + "/b",
	} {
		isErr(t, core.DisplayKey(key), tr.CheckPut(file(key, "")), core.ErrUnsupportedKey)
		isErr(t, core.DisplayKey(key), tr.CheckPut(link(key, "x")), core.ErrUnsupportedKey)
	}
	url := link("l", "")
	url.Target.URL = "https://example.org/"
	for _, e := range []core.Entry{url, link("l", ""), link("l", "/x"), link("l", "../x"), link("l", "l"), link("l", "a\nb"), link("l", strings.Repeat("a", 4096)),
		link("a/a/a/l", "b"+strings.Repeat("/b", 2046))} {
		isErr(t, e.Target.String(), tr.CheckPut(e), core.ErrUnsupportedLink)
	}
	isErr(t, "an Other", tr.CheckPut(core.Entry{Key: "k"}), core.ErrUnsupportedKey)
}

func TestWindowsNames(t *testing.T) {
	for _, name := range []string{"CON", "con", "Nul.txt", "COM1", "lpt9.tar.gz", "COM¹", "aux ", "PRN .x", "conin$", "a.", "a ", "...", "a:b", "x:ads", `a\b`, "a*", "a?", `"`, "<", ">", "|", "COM0"} {
		if windowsName(name) == nil {
			t.Errorf("%q is not refused", name)
		}
	}
	for _, name := range []string{"console", "COM10", "COM", "nuls", "a.con", ".con", "com¹1", " a", "é", "aux-1"} {
		if err := windowsName(name); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
}
