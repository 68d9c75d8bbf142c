package conformance

import (
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/s3fc/s3fc/core"
)

var putCases = []Case{
	{
		Name: "RoundTrip", Guide: "Writing",
		Why: "a file must come back as it was put, whatever its size, and whether its body can be read twice or not",
		Run: run(checkRoundTrip),
	},
	{
		Name: "LargeRoundTrip", Guide: "Writing", Long: true,
		Why: "many stores take large files in parts, by other requests",
		Run: run(checkLargeRoundTrip),
	},
	{
		Name: "PutMatchesStat", Guide: "Writing",
		Why: "the next condition is made of the entry that Put returned",
		Run: run(checkPutMatchesStat),
	},
	{
		Name: "Overwrite", Guide: "Writing",
		Why: "metadata of the old content that stays with the new one makes every later comparison wrong",
		Run: run(checkOverwrite),
	},
	{
		Name: "ModTimes", Guide: "Features",
		Why: "a store must keep the times that it declares to keep, and declare it if it does",
		Run: run(checkModTimes),
	},
	{
		Name: "TokenChanges", Guide: "Guards",
		Why: "a token that stays the same over a change makes a cache and a condition miss it",
		Run: run(checkTokenChanges),
	},
	{
		Name: "FileAndDir", Guide: "Features",
		Why: "a flat store holds a beside a/b; another one must report a conflict and touch neither",
		Run: run(checkFileAndDir),
	},
	{
		Name: "PutsNoOther", Guide: "Writing",
		Why: "an entry that cannot be copied must not arrive as something else",
		Run: run(checkPutsNoOther),
	},
}

func checkRoundTrip(p *probe) {
	for i, n := range []int{0, 1, 1021, 4093, 16381, 65_536, 1 << 20, 5<<20 + 1} {
		roundTrip(p, fmt.Sprintf("dir/%d", n), n, i%2 == 0)
	}
}

func checkLargeRoundTrip(p *probe) {
	roundTrip(p, "a", 16<<20+1, false)
	roundTrip(p, "b", 21<<20+12345, true)
}

func roundTrip(p *probe, key string, n int, seekable bool) {
	content := bytesOf(key, n)
	body := plain(content)
	if seekable {
		body = strings.NewReader(content)
	}
	if _, err := p.b.Put(p.ctx, fileOf(key, content), body, nil); err != nil {
		p.failf("Put(%q) of %d bytes: %w", key, n, err)
	}
	p.holds(key, content)
}

func checkPutMatchesStat(p *probe) {
	entries := []core.Entry{p.file("f", "content"), p.file("d/empty", ""), p.file("f", "other content")}
	if p.features.Links {
		entries = append(entries, p.link("l", core.Target{Key: "f", Dir: core.NotDir}))
	}
	for _, put := range entries[1:] {
		stat := p.stat(put.Key)
		put.MD5, put.ModTime = stat.MD5, stat.ModTime // Put may know more of the one, less of the other
		if diff := differences(put, stat); diff != "" {
			p.failf("%q: Put and Stat return different entries: %s", put.Key, diff)
		}
	}
}

func checkOverwrite(p *probe) {
	e := fileOf("d/f", "old content")
	e.ModTime = time.Unix(1_500_000_000, 0)
	p.put(e, "old content")
	for _, content := range []string{"new content", "longer than the one before", "", "x"} {
		e := fileOf("d/f", content)
		e.ModTime = time.Unix(1_600_000_000+int64(len(content)), 0)
		p.put(e, content)
		p.holds("d/f", content)
		if got := p.stat("d/f"); p.features.ModTimes && !sameSecond(got, e) {
			p.failf("after an overwrite, Stat has ModTime %s; want %s", utc(got.ModTime), utc(e.ModTime))
		}
	}
	p.holdsKeys("d/f")
}

func checkModTimes(p *probe) {
	kept := 0
	times := []time.Time{time.Unix(0, 0), time.Unix(1_234_567_890, 123_456_789), time.Unix(4_000_000_000, 0)}
	for i, want := range times {
		e := fileOf(fmt.Sprintf("f%d", i), "content")
		e.ModTime = want
		p.put(e, "content")
		if got := p.stat(e.Key); sameSecond(got, e) {
			kept++
		} else if p.features.ModTimes {
			p.failf("Features.ModTimes is declared, but Stat has ModTime %s; want %s", utc(got.ModTime), utc(want))
		}
	}
	if kept == len(times) && !p.features.ModTimes {
		p.failf("every ModTime is kept, but Features.ModTimes is not declared")
	}
}

func checkTokenChanges(p *probe) {
	exact := p.features.Resolution == 0
	versions := map[string]string{}
	note := func(what string, e core.Entry) {
		version := e.Token
		if !exact {
			version = fmt.Sprint(e.Kind, e.Size, e.Token, e.Changed)
		}
		if before, ok := versions[version]; ok {
			p.failf("%s has the token %q of %s", what, e.Token, before)
		}
		versions[version] = what
	}
	note("the first content", p.file("f", "content 1"))
	note("a longer content", p.file("f", "content of another length"))
	if exact {
		note("another content of the same length", p.file("f", "content 2"))
	}
	if p.features.Links {
		note("a link", p.link("f", core.Target{Key: "x1"}))
		if exact {
			note("a link to something else", p.link("f", core.Target{Key: "x2"}))
		}
	}
	note("an empty file", p.file("f", ""))
}

func checkFileAndDir(p *probe) {
	p.files("a", "c/d", "a-b", "c-b", "c.txt") // siblings come between a name and its directory
	_, below := p.try(fileOf("a/b", "below"), "below", nil)
	_, deep := p.try(fileOf("a/x/y", "deep"), "deep", nil)
	_, above := p.try(fileOf("c", "above"), "above", nil)
	if p.features.Flat {
		for key, err := range map[string]error{"a/b": below, "a/x/y": deep, "c": above} {
			if err != nil {
				p.failf("Features.Flat is declared, but Put(%q) fails: %w", key, err)
			}
		}
		p.holds("a/b", "below")
		p.holds("a/x/y", "deep")
		p.holds("c", "above")
		p.holdsKeys("a", "a-b", "a/b", "a/x/y", "c", "c-b", "c.txt", "c/d")
	} else {
		p.refused("Put of a/b beside a file a", below, core.ErrConflict)
		p.refused("Put of a/x/y beside a file a", deep, core.ErrConflict)
		p.refused("Put of c where the directory of c/d is", above, core.ErrConflict)
		p.nothing("a/b")
		p.nothing("c")
		p.holdsKeys("a", "a-b", "c-b", "c.txt", "c/d")
	}
	p.holds("a", bytesOf("a", 20))
	p.holds("c/d", bytesOf("c/d", 20))
}

func checkPutsNoOther(p *probe) {
	_, err := p.b.Put(p.ctx, core.Entry{Key: "o", Kind: core.Other, Problem: fs.ErrInvalid}, nil, nil)
	if err == nil {
		p.failf("Put of an entry of Kind Other returned no error")
	}
	p.nothing("o")
	p.holdsKeys()
}
