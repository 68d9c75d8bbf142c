package conformance

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/s3fc/s3fc/core"
)

var bodyCases = []Case{
	{
		Name: "MD5", Guide: "Features",
		Why: "an md5 that is kept saves reading every file in every run; a wrong one hides a change forever",
		Run: run(checkMD5),
	},
	{
		Name: "NoMD5", Guide: "Features", Needs: func(f core.Features) bool { return !f.NeedsMD5 },
		Why: "a store that does not declare NeedsMD5 gets files whose md5 is not known yet",
		Run: run(checkNoMD5),
	},
	{
		Name: "UnknownMD5", Guide: "Features", Needs: func(f core.Features) bool { return f.NeedsMD5 },
		Why: "a store that wants the md5 first must refuse a file without one, or find it, and never store something else",
		Run: run(checkUnknownMD5),
	},
	{
		Name: "WrongMD5", Guide: "Writing",
		Why: "a body that was damaged on its way must not be stored",
		Run: run(checkWrongMD5),
	},
	{
		Name: "WrongLength", Guide: "Writing",
		Why: "a body that was cut on its way must not be stored",
		Run: run(checkWrongLength),
	},
	{
		Name: "AtomicPut", Guide: "Writing",
		Why: "a body that fails in the middle must leave the old file, and its error must not look like the store's own",
		Run: run(checkAtomicPut),
	},
	{
		Name: "CancelledPut", Guide: "Writing",
		Why: "an interrupted run must not leave half a file, nor a whole one that it does not report",
		Run: run(checkCancelledPut),
	},
	{
		Name: "LargeFailures", Guide: "Writing", Long: true,
		Why: "an upload in parts can fail at more points, and must be whole or absent all the same",
		Run: run(checkLargeFailures),
	},
	{
		Name: "TempInvisible", Guide: "Writing",
		Why: "a file that is being written, and the temporary file that takes its bytes, are not part of the tree",
		Run: run(checkTempInvisible),
	},
	{
		Name: "NoLeftovers", Guide: "Writing", Hooks: []string{"Names"},
		Why: "temporary files and unfinished uploads of failed writes fill the store, and nobody knows whose they are",
		Run: run(checkNoLeftovers),
	},
	{
		Name: "ChangedWhileRead", Guide: "Reading", Hooks: []string{"Newer"},
		Why: "a file that changes or shrinks while it is read must be an error, or a torn copy of it is stored as the whole",
		Run: run(checkChangedWhileRead),
	},
}

func checkMD5(p *probe) {
	for _, n := range []int{0, 5, 200_000, 1 << 20} {
		key := fmt.Sprintf("f%d", n)
		content := bytesOf(key, n)
		p.file(key, content)
		switch e := p.stat(key); {
		case e.MD5.Known() && e.MD5 != core.SumMD5([]byte(content)):
			p.failf("Stat(%q) has the md5 %s; want %s", key, e.MD5, core.SumMD5([]byte(content)))
		case e.MD5.Known() && !p.features.StoresMD5:
			p.failf("Stat(%q) knows the md5, but Features.StoresMD5 is not declared", key)
		case !e.MD5.Known() && p.features.StoresMD5:
			p.failf("Features.StoresMD5 is declared, but Stat(%q) knows no md5", key)
		}
	}
}

func checkNoMD5(p *probe) {
	e := fileOf("f", "content")
	e.MD5 = core.MD5{}
	p.put(e, "content")
	p.holds("f", "content")
}

func checkUnknownMD5(p *probe) {
	e := fileOf("f", "content")
	e.MD5 = core.MD5{}
	if _, err := p.try(e, "content", nil); err != nil {
		p.nothing("f")
		return
	}
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

// faultyBody gives half of its content, calls half, and goes on unless that fails.
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

func checkLargeFailures(p *probe) {
	old := p.file("d/old", "old content")
	if p.store.Names != nil {
		before := p.rawNames()
		defer func() { p.sameNames(before) }()
	}
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
				p.failf("Put(%q) did not read the body", key)
			}
		}
	}
	p.sameListing(before)
}

// sameListing checks that a Put which is running or failed changes no listing.
func (p *probe) sameListing(want []core.Entry) {
	got := p.list("")
	for i := range min(len(got), len(want)) {
		if diff := differences(want[i], got[i]); diff != "" {
			p.failf("List changed with a Put that did not succeed: entry %d: %s", i, diff)
			return
		}
	}
	if len(got) != len(want) {
		p.failf("List changed with a Put that did not succeed: %d entries, want %d", len(got), len(want))
	}
}

// checkNoLeftovers compares the raw names before and after writes that fail.
func checkNoLeftovers(p *probe) {
	p.files("d/kept", "e/f")
	stale := p.staleFile("d/old")
	before := p.rawNames()
	content := bytesOf("leftover", 300_000)
	for key, old := range map[string]*core.Entry{"d/new": nil, "new/dir/f": nil, "d/old": p.seen("d/old")} {
		e := fileOf(key, content)
		_, err := p.b.Put(p.ctx, e, &faultyBody{content: content, half: func() error { return errBody }}, old)
		p.refused(fmt.Sprintf("Put(%q) of a body that fails in the middle", key), err, errBody)
		ctx, cancel := context.WithCancel(p.ctx)
		_, err = p.b.Put(ctx, e, &faultyBody{content: content, half: func() error { cancel(); return nil }}, old)
		p.refused(fmt.Sprintf("Put(%q), cancelled in the middle", key), err, context.Canceled)
		_, err = p.b.Put(p.ctx, e, plain(content[1:]), old)
		p.refused(fmt.Sprintf("Put(%q) of a body that is too short", key), err, core.ErrCorrupt)
		e.MD5 = core.SumMD5([]byte("another content"))
		_, err = p.b.Put(p.ctx, e, plain(content), old)
		p.refused(fmt.Sprintf("Put(%q) of a body with another md5", key), err, core.ErrCorrupt)
	}
	failAtOthers(p, stale)
	p.sameNames(before)
	for _, key := range []string{"d/kept", "d/old", "e/f"} {
		p.remove(p.stat(key))
	}
	p.holdsKeys()
}

// failAtOthers writes where something is in the way. A store that lets it pass
// has nothing left over then, so no error is expected here.
func failAtOthers(p *probe, stale core.Entry) {
	if p.features.Replace != core.GuardNone {
		_, err := p.try(fileOf(stale.Key, "x"), "x", &stale)
		p.refused("Put over a file that was overwritten since", err, core.ErrChanged)
	}
	if p.features.Create != core.GuardNone {
		_, err := p.try(fileOf("d/kept", "x"), "x", nil)
		p.refused("Put where nothing was seen, over a file", err, core.ErrChanged)
	}
	if !p.features.Flat {
		_, err := p.try(fileOf("d/kept/below/it", "x"), "x", nil)
		p.refused("Put below a file", err, core.ErrConflict)
		_, err = p.try(fileOf("e", "x"), "x", nil)
		p.refused("Put in the place of a directory", err, core.ErrConflict)
	}
}

// rawNames returns the names that the store really has, sorted.
func (p *probe) rawNames() []string {
	names, err := p.store.Names()
	if err != nil {
		p.failf("the hook Names: %w", err)
	}
	slices.Sort(names)
	return names
}

// sameNames checks that the store has the names that it had before.
func (p *probe) sameNames(before []string) {
	after := p.rawNames()
	for _, name := range after {
		if !slices.Contains(before, name) {
			p.failf("failed writes left %q in the store", name)
		}
	}
	for _, name := range before {
		if !slices.Contains(after, name) {
			p.failf("failed writes removed %q from the store", name)
		}
	}
}

// checkChangedWhileRead overwrites a file in place after its first bytes were read.
// Its time is old, so that every store which knows times sees the change.
func checkChangedWhileRead(p *probe) {
	for _, size := range []int{1000, 3 << 20} {
		was := bytesOf("was", size)
		for change, is := range map[string]string{"shrinks": was[:size/3], "grows": was + was[:size/3], "changes": bytesOf("is", size)} {
			e := fileOf("d/f", was)
			e.ModTime = time.Unix(1_000_000_000, 0)
			p.put(e, was)
			rc := p.open("d/f")
			if rc == nil {
				return
			}
			first := make([]byte, 100)
			_, firstErr := io.ReadFull(rc, first)
			if err := p.store.Newer("d/f", is); err != nil {
				p.failf("the hook Newer: %w", err)
			}
			rest, err := io.ReadAll(rc)
			_ = rc.Close()
			if got := string(first) + string(rest); firstErr == nil && err == nil && got != was {
				p.failf("a file of %d bytes %s while it is read: %d bytes came without an error, and are not the content that was opened", size, change, len(got))
			}
			p.holds("d/f", is)
		}
	}
}
