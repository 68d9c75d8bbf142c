package conformance

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"github.com/s3fc/s3fc/core"
)

var readCases = []Case{
	{
		Name: "Missing",
		Why:  "core tells what is absent from what cannot be read by fs.ErrNotExist alone, and deletes on that ground",
		Run:  run(checkMissing),
	},
	{
		Name: "ErrorsAreTyped",
		Why:  "a person has to be told which key an error is about",
		Run:  run(checkErrors),
	},
	{
		Name: "OpenMatchesStat",
		Why:  "what was planned with Stat is carried out with Open; if they differ, every run changes the same files again",
		Run:  run(checkOpenMatchesStat),
	},
	{
		Name: "ReadersAgree",
		Why:  "a body is read again, or in parallel parts, where its reader offers that",
		Run:  run(checkReaders),
	},
}

func checkMissing(p *probe) {
	p.holdsKeys()
	p.nothing("a")
	p.nothing("a/b/c")
	p.files("f", "d/x")
	for _, key := range []string{"f/x", "f/x/y", "d", "d/y", "e", "F2", "d/x/y"} {
		p.nothing(key)
	}
}

func checkErrors(p *probe) {
	_, statErr := p.b.Stat(p.ctx, "not/there")
	_, _, openErr := p.b.Open(p.ctx, "not/there")
	_, putErr := p.try(core.Entry{Key: "not/there", Kind: core.File, Size: 3, MD5: core.SumMD5([]byte("abc"))}, "abcd", nil)
	for op, err := range map[string]error{"Stat": statErr, "Open": openErr, "Put": putErr} {
		var typed *core.Error
		switch {
		case !errors.As(err, &typed):
			p.failf("%s: %v (%T); want a *core.Error", op, err, err)
		case typed.Key != "not/there" || typed.Op == "":
			p.failf("%s: an error of operation %q on %q; want one on %q", op, typed.Op, typed.Key, "not/there")
		}
	}
}

func checkOpenMatchesStat(p *probe) {
	p.mixture()
	for _, e := range p.list("") {
		stat := p.stat(e.Key)
		content, opened, err := read(p.ctx, p.b, e.Key)
		switch {
		case err != nil:
			p.failf("Open(%q): %w", e.Key, err)
		case stat.Partial || opened.Partial:
			p.failf("%q: Stat and Open must return complete entries: %s, %s", e.Key, show(stat), show(opened))
		case !identical(stat, opened):
			p.failf("%q: Stat says %+v, Open says %+v", e.Key, stat, opened)
		case stat.Kind == core.File && int64(len(content)) != stat.Size:
			p.failf("%q: %d bytes were read, and Stat says %d", e.Key, len(content), stat.Size)
		}
	}
}

// mixture puts a bit of everything that the tree holds.
func (p *probe) mixture() {
	p.file("empty", "")
	p.file("small", "x")
	p.file("dir/larger", bytesOf("larger", 70_000))
	p.file("dir/sub/üñí ☃ %41", bytesOf("odd", 1021))
	if p.features.Links {
		p.link("to-file", core.Target{Key: "small", Dir: core.NotDir})
		p.link("dir/up", core.Target{Key: "dir/sub", Dir: core.IsDir})
		p.link("dangling", core.Target{Key: "no/where"})
	}
	if p.features.URLLinks {
		p.link("to-url", core.Target{URL: "https://example.org/a%20b?c=d#e"})
	}
}

// identical compares all that a complete entry says.
func identical(a, b core.Entry) bool {
	return a.Key == b.Key && a.Kind == b.Kind && a.Size == b.Size && a.MD5 == b.MD5 && a.Target == b.Target &&
		a.Token == b.Token && a.ModTime.Equal(b.ModTime)
}

func checkReaders(p *probe) {
	want := bytesOf("readers", 100_000)
	p.file("f", want)
	rc, _, err := p.b.Open(p.ctx, "f")
	if err != nil || rc == nil {
		p.failf("Open: %v, %w", rc, err)
		return
	}
	defer rc.Close() //nolint:errcheck // It was read to its end.
	if at, ok := rc.(io.ReaderAt); ok {
		part := make([]byte, 1000)
		if n, err := at.ReadAt(part, 50_000); n != 1000 || err != nil || string(part) != want[50_000:51_000] {
			p.failf("ReadAt(1000 bytes at 50,000): %d bytes, %w; or other bytes than were put", n, err)
		}
	}
	if seeker, ok := rc.(io.Seeker); ok {
		half := make([]byte, len(want)/2)
		if _, err := io.ReadFull(rc, half); err != nil {
			p.failf("reading half: %w", err)
		}
		if at, err := seeker.Seek(0, io.SeekStart); at != 0 || err != nil {
			p.failf("Seek to the start: %d, %w", at, err)
		}
	}
	var got bytes.Buffer
	if _, err := io.CopyBuffer(struct{ io.Writer }{&got}, struct{ io.Reader }{rc}, make([]byte, 777)); err != nil {
		p.failf("reading in small pieces: %w", err)
	}
	if got.String() != want {
		p.failf("reading in small pieces: %s", contentDiffers(got.Bytes(), want))
	}
}

// plain hides all abilities of a body but Read.
func plain(content string) io.Reader { return struct{ io.Reader }{strings.NewReader(content)} }
