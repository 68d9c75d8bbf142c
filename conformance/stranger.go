package conformance

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/s3fc/s3fc/core"
)

var strangerCases = []Case{
	{
		Name: "LinkOut", Guide: "Objects of strangers", Hooks: []string{"LinkOut", "Outside"},
		Why: "a link that leads out of the store must not let anything outside be read, overwritten or deleted",
		Run: run(checkLinkOut),
	},
	{
		Name: "LinkIn", Guide: "Objects of strangers", Hooks: []string{"LinkIn"},
		Why: "a link where a directory was must not be followed, not even inside the store",
		Run: run(checkLinkIn),
	},
	{
		Name: "Special", Guide: "Objects of strangers", Hooks: []string{"Special"},
		Why: "an object that is neither file nor link must be reported, and must not be read, replaced or deleted",
		Run: run(checkSpecial),
	},
	{
		Name: "BadName", Guide: "Objects of strangers", Hooks: []string{"BadName"},
		Why: "an object whose name is no key must be reported under its name, and must not hide or be taken for another",
		Run: run(checkBadName),
	},
	{
		Name: "Unreadable", Guide: "Objects of strangers", Hooks: []string{"Unreadable"},
		Why: "a directory that cannot be read and looks empty deletes all of it on the other side",
		Run: run(checkUnreadable),
	},
}

// hookFailed records that a hook of the store failed.
func (p *probe) hookFailed(name string, err error) bool {
	if err != nil {
		p.failf("the hook %s: %w", name, err)
	}
	return err != nil
}

func checkLinkOut(p *probe) {
	before, err := p.store.Outside()
	if p.hookFailed("Outside", err) {
		return
	}
	if len(before) == 0 {
		p.failf("the hook Outside shows no file")
		return
	}
	name := slices.Sorted(maps.Keys(before))[0]
	p.files("a", "z")
	if p.hookFailed("LinkOut", p.store.LinkOut("out", "")) || p.hookFailed("LinkOut", p.store.LinkOut("outfile", name)) {
		return
	}
	checkProtected(p, "out")
	checkProtected(p, "outfile")
	for _, key := range []string{"out/" + name, "out/new", "outfile/x"} {
		p.nothing(key)
		checkWritesNothing(p, key)
	}
	p.others("a", "out", "outfile", "z")
	p.finish()
	after, err := p.store.Outside()
	if p.hookFailed("Outside", err) {
		return
	}
	if !maps.Equal(before, after) {
		p.failf("the files outside the store changed: %q; they were %q", fileNames(after), fileNames(before))
	}
}

// fileNames returns the names of files, sorted, for a message.
func fileNames(files map[string]string) []string { return slices.Sorted(maps.Keys(files)) }

// finish runs the step after the last write of a run that may delete.
func (p *probe) finish() {
	if f, ok := core.As[core.Finisher](p.b); ok {
		if _, err := f.Finish(p.ctx, core.Done{Deletes: true}); err != nil {
			p.failf("Finish: %w", err)
		}
	}
}

// checkProtected checks that the entry at key is an Other, and that no method reads,
// replaces or deletes it.
func checkProtected(p *probe, key string) {
	e, err := p.other(key)
	if err != nil {
		p.failf("%w", err)
		return
	}
	if e.Problem == nil {
		p.failf("List yielded an Other at %q whose Problem is nil", key)
	}
	rc, opened, err := openInTime(p, key)
	if rc {
		p.failf("Open(%q) returned a reader, and the entry %s", key, show(opened))
	} else if err == nil && opened.Kind != core.Other {
		p.failf("Open(%q) returned %s; want an Other or an error", key, show(opened))
	}
	for _, old := range []*core.Entry{nil, &e} {
		for _, put := range []core.Entry{fileOf(key, "over it"), linkOf(key, core.Target{Key: "a"})} {
			if put.Kind == core.Link && !p.features.Links {
				continue
			}
			if _, err := p.try(put, "over it", old); !errors.Is(err, core.ErrConflict) && !(old == nil && errors.Is(err, core.ErrChanged)) {
				p.failf("Put of a %s over an Other at %q: %s", put.Kind, key, notErr(err, core.ErrConflict))
			}
		}
	}
	if err := p.b.Delete(p.ctx, e); err == nil {
		p.failf("Delete of an Other at %q returned no error", key)
	}
	if d, ok := core.As[core.BatchDeleter](p.b); ok {
		if errs := d.DeleteBatch(p.ctx, []core.Entry{e}); len(errs) != 1 || errs[0] == nil {
			p.failf("DeleteBatch of an Other at %q returned no error for it", key)
		}
	}
	if _, err := p.other(key); err != nil {
		p.failf("after Put and Delete were refused: %w", err)
	}
}

// other returns the Other that the listing has at key.
func (p *probe) other(key string) (core.Entry, error) {
	for _, e := range p.list("") {
		if e.Key == key && e.Kind == core.Other {
			return e, nil
		}
		if e.Key == key && e.MaybeLink {
			if stat := p.stat(key); stat.Kind == core.Other {
				return stat, nil
			}
		}
		if e.Key == key {
			return e, fmt.Errorf("List yielded %s; want an Other", show(e))
		}
	}
	return core.Entry{}, fmt.Errorf("List yielded nothing at %q; want an Other", key)
}

// openInTime opens key, and reports whether there is a reader. Opening a fifo can
// block for ever.
func openInTime(p *probe, key string) (reader bool, e core.Entry, err error) {
	done := make(chan struct{})
	ctx, cancel := context.WithTimeout(p.ctx, 10*time.Second)
	defer cancel()
	go func() {
		defer close(done)
		rc, opened, openErr := p.b.Open(ctx, key)
		if rc != nil {
			_ = rc.Close()
		}
		reader, e, err = rc != nil, opened, openErr
	}()
	select {
	case <-done:
		return reader, e, err
	case <-time.After(15 * time.Second):
		p.failf("Open(%q) does not return, although its context ended", key)
		return false, core.Entry{}, context.DeadlineExceeded
	}
}

// checkWritesNothing checks that no Put or Delete goes through to key, which lies behind
// a link or another object that is not a directory. In a flat store nothing lies
// behind anything.
func checkWritesNothing(p *probe, key string) {
	seen := fileOf(key, "seen")
	seen.Token = "x"
	for _, old := range []*core.Entry{nil, &seen} {
		_, err := p.try(fileOf(key, "through"), "through", old)
		switch {
		case p.features.Flat && err == nil:
			p.remove(p.stat(key))
		case !p.features.Flat:
			p.refused(fmt.Sprintf("Put(%q) below an Other or a link", key), err, core.ErrConflict)
		}
	}
	_ = p.b.Delete(p.ctx, seen) // with or without an error, nothing may be gone
}

// others checks that the listing has exactly these keys.
func (p *probe) others(want ...string) {
	if got := p.keys(""); !slices.Equal(got, want) {
		p.failf("List yielded %q; want %q", got, want)
	}
}

func checkLinkIn(p *probe) {
	p.files("d/x", "e/x", "f/x")
	p.holds("e/x", bytesOf("e/x", 20)) // a backend may keep its directory open
	p.remove(p.stat("e/x"))
	if p.hookFailed("LinkIn", p.store.LinkIn("e", "d")) || p.hookFailed("LinkIn", p.store.LinkIn("g", "d")) {
		return
	}
	for _, key := range []string{"e/x", "g/x", "e/new"} {
		p.nothing(key)
		checkWritesNothing(p, key)
	}
	for _, e := range p.list("") {
		if strings.HasPrefix(e.Key, "e/") || strings.HasPrefix(e.Key, "g/") {
			p.failf("List yielded %q, which is behind a link", e.Key)
		}
	}
	p.finish()
	p.holds("d/x", bytesOf("d/x", 20))
	p.holds("f/x", bytesOf("f/x", 20))
	p.nothing("d/new")
}

func checkSpecial(p *probe) {
	p.files("a", "z")
	if p.hookFailed("Special", p.store.Special("o")) {
		return
	}
	checkProtected(p, "o")
	checkWritesNothing(p, "o/x")
	p.finish()
	p.others("a", "o", "z")
	p.holds("a", bytesOf("a", 20))
}

func checkBadName(p *probe) {
	p.files("a", "d/x", "z")
	name, err := p.store.BadName()
	if p.hookFailed("BadName", err) {
		return
	}
	if core.ValidKey(name) && core.CheckPut(p.b, fileOf(name, "")) == nil {
		p.failf("the hook BadName made an object whose name is a key: %q", name)
		return
	}
	e, err := p.other(name)
	if err != nil {
		p.failf("%w", err)
		return
	}
	if e.Problem == nil {
		p.failf("List yielded an Other at %q whose Problem is nil", name)
	}
	e.Kind = core.File
	_ = p.b.Delete(p.ctx, e) // with or without an error, it must stay
	p.finish()
	if _, err := p.other(name); err != nil {
		p.failf("after Delete: %w", err)
	}
	for _, key := range []string{"a", "d/x", "z"} {
		p.holds(key, bytesOf(key, 20))
	}
}

func checkUnreadable(p *probe) {
	p.files("a", "dir/x", "dir/y/z", "z")
	readable, err := p.store.Unreadable("dir")
	if p.hookFailed("Unreadable", err) {
		return
	}
	var keys []string
	told := false
	for e, err := range p.b.List(p.ctx, "") {
		if err == nil {
			keys = append(keys, e.Key)
			continue
		}
		key, one := core.ErrorKey(err)
		told = told || one && (key == "dir" || key == "dir/")
		if !one || errors.Is(err, fs.ErrNotExist) {
			p.failf("a listing with a directory that cannot be read has an error without a key, or one that is fs.ErrNotExist: %w", err)
		}
	}
	if !told {
		p.failf("List yielded no error with the key of a directory that cannot be read, and the keys %q", keys)
	}
	if !slices.Equal(keys, []string{"a", "z"}) {
		p.failf("List yielded %q beside a directory that cannot be read; want a and z", keys)
	}
	unknownErrors(p, "dir/x")
	readable()
	p.holds("dir/x", bytesOf("dir/x", 20))
	p.holds("dir/y/z", bytesOf("dir/y/z", 20))
}

// unknownErrors checks that no operation reports key as absent, which cannot be seen.
func unknownErrors(p *probe, key string) {
	_, statErr := p.b.Stat(p.ctx, key)
	_, _, openErr := p.b.Open(p.ctx, key)
	for op, err := range map[string]error{"Stat": statErr, "Open": openErr} {
		if err == nil || errors.Is(err, fs.ErrNotExist) {
			p.failf("%s(%q) in a directory that cannot be read: %s; want an error that is not fs.ErrNotExist", op, key, orNone(err))
		}
	}
	if err := p.b.Delete(p.ctx, fileOf(key, "")); err == nil {
		p.failf("Delete(%q) in a directory that cannot be read returned no error", key)
	}
	_, err := p.try(fileOf(key, "over"), "over", nil)
	if err == nil {
		p.failf("Put(%q) in a directory that cannot be read: %s", key, orNone(err))
	}
}
