package s3

import (
	"strings"
	"testing"

	"github.com/s3fc/s3fc/backends/s3/internal/format"
	"github.com/s3fc/s3fc/core"
)

// TestAFileOfTheBytesOfAPageDoesNotPassForTheLink, nor the link for the file.
func TestAFileOfTheBytesOfAPageDoesNotPassForTheLink(t *testing.T) {
	tree, s := serve(t, Options{})
	l := putLink(t, tree, "l", "target")
	content := string(format.LinkPage("/target"))
	var f core.Entry
	if got := counts(t, tree, s, func() { f = put(t, tree, fileEntry("l", content), strings.NewReader(content), &l) }); got != req(core.ClassPut, 3).Add(req(core.ClassHead, 1)) {
		t.Errorf("took %v; want 3 PUT, and the HEAD after the first file that replaces a link", got)
	}
	listed := list(t, tree, "")[0]
	if listed.Size != l.Size || listed.Token == l.Token || listed.Token != f.Token {
		t.Errorf("listed as %+v; the link was %+v", listed, l)
	}
	if tree.Proves(listed, core.Evidence{Kind: core.Link, Target: core.Target{Key: "target"}}) {
		t.Error("the file proves the link")
	}
	if got, e := readAll(t, tree, "l"); got != content || e.Kind != core.File || e.MD5 != core.SumMD5([]byte(content)) {
		t.Errorf("read back: %+v", e)
	}
	if got := counts(t, tree, s, func() { putLink(t, tree, "m", "target") }); got != req(core.ClassPut, 1) {
		t.Errorf("a link takes %v; want 1 PUT", got)
	}
}
