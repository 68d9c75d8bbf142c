package conformance

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"time"

	"github.com/s3fc/s3fc/core"
)

var putCases = []Case{
	{
		Name: "RoundTrip",
		Why:  "what comes back must be what was put, whatever its size and whether its body can be read twice or not",
		Run:  run(checkRoundTrip),
	},
	{
		Name: "LargeRoundTrip", Long: true,
		Why: "large files go another way in many stores, in parts",
		Run: run(checkLargeRoundTrip),
	},
	{
		Name: "LargeFailures", Long: true,
		Why: "what goes in parts has more places to fail at, and must be whole or not there all the same",
		Run: run(checkLargeFailures),
	},
	{
		Name: "PutMatchesStat",
		Why:  "what Put returns is what the next condition is made of",
		Run:  run(checkPutMatchesStat),
	},
	{
		Name: "MD5",
		Why:  "an md5 that is kept spares reading every file in every run; one that is wrong hides a change forever",
		Run:  run(checkMD5),
	},
	{
		Name: "NoMD5", Needs: func(f core.Features) bool { return !f.NeedsMD5 },
		Why: "a store that does not declare NeedsMD5 is given files whose md5 is not known yet",
		Run: run(checkNoMD5),
	},
	{
		Name: "WrongMD5",
		Why:  "a body that was damaged on its way must not be stored",
		Run:  run(checkWrongMD5),
	},
	{
		Name: "WrongLength",
		Why:  "a body that was cut on its way must not be stored",
		Run:  run(checkWrongLength),
	},
	{
		Name: "AtomicPut",
		Why:  "a body that fails in the middle must leave what was there, and its error must be told from the store's own",
		Run:  run(checkAtomicPut),
	},
	{
		Name: "CancelledPut",
		Why:  "an interrupted run must not leave half a file, nor one that nobody knows was stored",
		Run:  run(checkCancelledPut),
	},
	{
		Name: "TempInvisible",
		Why:  "what is on its way, and the files that hold it meanwhile, are not part of the tree",
		Run:  run(checkTempInvisible),
	},
	{
		Name: "Overwrite",
		Why:  "metadata of the old content that stays with the new makes every later comparison wrong",
		Run:  run(checkOverwrite),
	},
	{
		Name: "ModTimes",
		Why:  "times that are declared to be kept have to be, and a store that keeps them should say so",
		Run:  run(checkModTimes),
	},
	{
		Name: "TokenChanges",
		Why:  "a token that stays the same over a change lets a cache and a condition overlook it",
		Run:  run(checkTokenChanges),
	},
	{
		Name: "FileAndDir",
		Why:  "a flat store holds a beside a/b; another must say conflict, and touch neither",
		Run:  run(checkFileAndDir),
	},
	{
		Name: "PutsNoOther",
		Why:  "what cannot be carried must not arrive as something else",
		Run:  run(checkPutsNoOther),
	},
}

func checkRoundTrip(p *probe) {
	for i, n := range []int{0, 1, 1021, 4093, 16381, 65_536, 1 << 20, 5<<20 + 1} {
		p.roundTrip(fmt.Sprintf("dir/%d", n), n, i%2 == 0)
	}
}

func checkLargeRoundTrip(p *probe) {
	p.roundTrip("a", 16<<20+1, false)
	p.roundTrip("b", 21<<20+12345, true)
}

func checkLargeFailures(p *probe) {
	old := p.file("d/old", "old content")
	content := bytesOf("large", 17<<20+1)
	fails := func() io.Reader { return &faultyBody{content: content, half: func() error { return errBody }} }
	for key, seen := range map[string]*core.Entry{"new/f": nil, "d/old": &old} {
		e := fileOf(key, content)
		_, err := p.b.Put(p.ctx, e, fails(), seen)
		p.refused(fmt.Sprintf("Put(%q) of a large body that fails in the middle", key), err, errBody)
		ctx, cancel := context.WithCancel(p.ctx)
		_, err = p.b.Put(ctx, e, &faultyBody{content: content, half: func() error { cancel(); return nil }}, seen)
		p.refused(fmt.Sprintf("Put(%q), cancelled in the middle of a large body", key), err, context.Canceled)
		_, err = p.b.Put(p.ctx, e, plain(content[1:]), seen)
		p.refused(fmt.Sprintf("Put(%q) of a large body that is too short", key), err, core.ErrCorrupt)
		e.MD5 = core.SumMD5([]byte("something else"))
		_, err = p.b.Put(p.ctx, e, strings.NewReader(content), seen)
		p.refused(fmt.Sprintf("Put(%q) of a large body with another md5", key), err, core.ErrCorrupt)
	}
	p.nothing("new/f")
	p.holds("d/old", "old content")
	p.holdsKeys("d/old")
}

func (p *probe) roundTrip(key string, n int, seekable bool) {
	content := bytesOf(key, n)
	body := plain(content)
	if seekable {
		body = strings.NewReader(content)
	}
	if _, err := p.b.Put(p.ctx, fileOf(key, content), body, nil); err != nil {
		p.failf("Put(%q, %d bytes): %w", key, n, err)
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
		put.MD5, put.ModTime = stat.MD5, stat.ModTime // Put may know the one better, the other less
		if put.Partial || !identical(put, stat) {
			p.failf("%q: Put returned %+v, Stat says %+v", put.Key, put, stat)
		}
	}
}

func checkMD5(p *probe) {
	for _, n := range []int{0, 5, 200_000, 1 << 20} {
		key := fmt.Sprintf("f%d", n)
		content := bytesOf(key, n)
		p.file(key, content)
		switch e := p.stat(key); {
		case e.MD5.Known() && e.MD5 != core.SumMD5([]byte(content)):
			p.failf("Stat(%q): md5 %s, want %s", key, e.MD5, core.SumMD5([]byte(content)))
		case e.MD5.Known() && !p.features.StoresMD5:
			p.failf("Stat(%q): an md5 is known, but Features.StoresMD5 is not declared", key)
		case !e.MD5.Known() && p.features.StoresMD5:
			p.failf("Stat(%q): no md5, but Features.StoresMD5 is declared", key)
		}
	}
}

func checkNoMD5(p *probe) {
	e := fileOf("f", "content")
	e.MD5 = core.MD5{}
	p.put(e, "content")
	p.holds("f", "content")
}

func checkWrongMD5(p *probe) {
	old := p.file("old", "old content")
	for _, size := range []int{12, 300_000} {
		content := bytesOf("right", size)
		for key, seen := range map[string]*core.Entry{"new": nil, "old": &old} {
			e := fileOf(key, content)
			e.MD5 = core.SumMD5([]byte("something else"))
			_, err := p.try(e, content, seen)
			p.refused(fmt.Sprintf("Put(%q) of %d bytes with another md5", key, size), err, core.ErrCorrupt)
		}
	}
	p.nothing("new")
	p.holds("old", "old content")
	p.holdsKeys("old")
}

func checkWrongLength(p *probe) {
	old := p.file("old", "old content")
	for _, size := range []int{12, 300_000} {
		content := bytesOf("right", size)
		for _, body := range []string{content[:size-1], content + "x", ""} {
			for key, seen := range map[string]*core.Entry{"new": nil, "old": &old} {
				e := fileOf(key, content)
				for _, r := range []io.Reader{plain(body), strings.NewReader(body)} {
					_, err := p.b.Put(p.ctx, e, r, seen)
					p.refused(fmt.Sprintf("Put(%q) of %d bytes, announced as %d", key, len(body), size), err, core.ErrCorrupt)
				}
			}
		}
	}
	p.nothing("new")
	p.holds("old", "old content")
	p.holdsKeys("old")
}

// faultyBody gives half of its content, then does something, then goes on
// unless that fails.
type faultyBody struct {
	content string
	read    int
	half    func() error
}

func (b *faultyBody) Read(q []byte) (int, error) {
	end := len(b.content)
	if b.half != nil {
		if end /= 2; b.read >= end {
			if err := b.half(); err != nil {
				return 0, err
			}
			b.half = nil
			end = len(b.content)
		}
	}
	if b.read == len(b.content) {
		return 0, io.EOF
	}
	n := copy(q, b.content[b.read:end])
	b.read += n
	return n, nil
}

var errBody = errors.New("the body failed")

func checkAtomicPut(p *probe) {
	old := p.file("d/old", "old content")
	for _, size := range []int{1000, 300_000} {
		content := bytesOf("torn", size)
		for key, seen := range map[string]*core.Entry{"new/f": nil, "d/old": &old} {
			body := &faultyBody{content: content, half: func() error { return errBody }}
			_, err := p.b.Put(p.ctx, fileOf(key, content), body, seen)
			p.refused(fmt.Sprintf("Put(%q) of a body that fails in the middle", key), err, errBody)
		}
	}
	p.nothing("new/f")
	p.holds("d/old", "old content")
	p.holdsKeys("d/old")
}

func checkCancelledPut(p *probe) {
	old := p.file("old", "old content")
	for _, size := range []int{1000, 300_000} {
		content := bytesOf("cancelled", size)
		for key, seen := range map[string]*core.Entry{"new/f": nil, "old": &old} {
			ctx, cancel := context.WithCancel(p.ctx)
			body := &faultyBody{content: content, half: func() error { cancel(); return nil }}
			_, err := p.b.Put(ctx, fileOf(key, content), body, seen)
			p.refused(fmt.Sprintf("Put(%q), cancelled in the middle of %d bytes", key, size), err, context.Canceled)
			_, err = p.b.Put(ctx, fileOf(key, content), strings.NewReader(content), seen)
			p.refused(fmt.Sprintf("Put(%q), cancelled before", key), err, context.Canceled)
		}
	}
	p.nothing("new/f")
	p.holds("old", "old content")
	p.holdsKeys("old")
}

func checkTempInvisible(p *probe) {
	old := p.file("d/old", "old content")
	before := p.list("")
	for _, size := range []int{1000, 300_000} {
		content := bytesOf("slow", size)
		for key, seen := range map[string]*core.Entry{"d/new": nil, "e/new": nil, "d/old": &old} {
			looks := 0
			body := &faultyBody{content: content, half: func() error {
				looks++
				p.sameListing(before)
				return errBody
			}}
			_, err := p.b.Put(p.ctx, fileOf(key, content), body, seen)
			p.refused(fmt.Sprintf("Put(%q) of a body that fails in the middle", key), err, errBody)
			if looks == 0 {
				p.failf("Put(%q): the body was not read", key)
			}
		}
	}
	p.sameListing(before)
}

func (p *probe) sameListing(want []core.Entry) {
	got := p.list("")
	ok := len(got) == len(want)
	for i := 0; ok && i < len(got); i++ {
		ok = identical(got[i], want[i])
	}
	if !ok {
		p.failf("during and after a Put that does not end well, List: %+v, want %+v", got, want)
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
			p.failf("after an overwrite, Stat has time %s, want %s", got.ModTime, e.ModTime)
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
			p.failf("Stat: time %s, want %s, for Features.ModTimes is declared", got.ModTime, want)
		}
	}
	if kept == len(times) && !p.features.ModTimes {
		p.failf("times are kept, but Features.ModTimes is not declared")
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
	p.files("a", "c/d")
	_, below := p.try(fileOf("a/b", "below"), "below", nil)
	_, deep := p.try(fileOf("a/x/y", "deep"), "deep", nil)
	_, above := p.try(fileOf("c", "above"), "above", nil)
	if p.features.Flat {
		for key, err := range map[string]error{"a/b": below, "a/x/y": deep, "c": above} {
			if err != nil {
				p.failf("Put(%q): %w; want none, for Features.Flat is declared", key, err)
			}
		}
		p.holds("a/b", "below")
		p.holds("a/x/y", "deep")
		p.holds("c", "above")
		p.holdsKeys("a", "a/b", "a/x/y", "c", "c/d")
	} else {
		p.refused("Put of a/b beside a file a", below, core.ErrConflict)
		p.refused("Put of a/x/y beside a file a", deep, core.ErrConflict)
		p.refused("Put of c where the directory of c/d is", above, core.ErrConflict)
		p.nothing("a/b")
		p.nothing("c")
		p.holdsKeys("a", "c/d")
	}
	p.holds("a", bytesOf("a", 20))
	p.holds("c/d", bytesOf("c/d", 20))
}

func checkPutsNoOther(p *probe) {
	_, err := p.b.Put(p.ctx, core.Entry{Key: "o", Kind: core.Other, Problem: fs.ErrInvalid}, nil, nil)
	if err == nil {
		p.failf("Put of an Other: no error")
	}
	p.nothing("o")
	p.holdsKeys()
}
