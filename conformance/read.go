package conformance

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"strings"

	"github.com/s3fc/s3fc/core"
)

var readCases = []Case{
	{
		Name: "Missing", Guide: "Errors",
		Why: "only fs.ErrNotExist means that nothing is there, and s3fc deletes on that ground",
		Run: run(checkMissing),
	},
	{
		Name: "ErrorsAreTyped", Guide: "Errors",
		Why: "a message without the key leaves its reader searching",
		Run: run(checkErrors),
	},
	{
		Name: "PermanentErrors", Guide: "Errors",
		Why: "an error that is marked as transient is tried again for minutes, though the answer stays the same",
		Run: run(checkPermanent),
	},
	{
		Name: "MissingStore", Guide: "Opening it", Hooks: []string{"Missing"},
		Why: "a mistyped source that looks like an empty tree deletes the whole destination",
		Run: run(checkMissingStore),
	},
	{
		Name: "StoreTakenAway", Guide: "Opening it", Hooks: []string{"TakeAway", "Again"},
		Why: "a source whose disk is unmounted during a run looks like an empty tree, and a destination like one that took every file",
		Run: run(checkStoreTakenAway),
	},
	{
		Name: "OpenMatchesStat", Guide: "Reading",
		Why: "the plan is made from Stat and carried out with Open; if they differ, every run copies the same files again",
		Run: run(checkOpenMatchesStat),
	},
	{
		Name: "CancelledCalls", Guide: "Errors",
		Why: "an interrupted run must not take an entry as absent, nor a delete as done, because its context ended",
		Run: run(checkCancelledCalls),
	},
	{
		Name: "ReadersAgree", Guide: "Reading",
		Why: "s3fc reads a body a second time, or in parallel ranges, if its reader is an io.Seeker or io.ReaderAt",
		Run: run(checkReaders),
	},
	{
		Name: "ReadAfterClose", Guide: "Reading",
		Why: "a reader that goes on after Close keeps its connection or file open for the rest of the run",
		Run: run(checkReadAfterClose),
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
			p.failf("%s returned a %T; want a *core.Error in its chain: %w", op, err, err)
		case typed.Key != "not/there" || typed.Op == "":
			p.failf("%s: the core.Error has Op %q and Key %q; want an operation and the key %q", op, typed.Op, typed.Key, "not/there")
		}
	}
}

// checkPermanent collects the errors that another try cannot mend.
func checkPermanent(p *probe) {
	p.files("f", "d/x")
	stale := p.staleFile("stale")
	_, err := p.b.Stat(p.ctx, "missing")
	checkPermanentError(p, "Stat of a missing key", err)
	_, _, err = p.b.Open(p.ctx, "missing")
	checkPermanentError(p, "Open of a missing key", err)
	_, err = p.try(fileOf("stale", "x"), "x", &stale)
	checkPermanentError(p, "Put over a file that was overwritten since", err)
	checkPermanentError(p, "Delete of a file that was overwritten since", p.b.Delete(p.ctx, stale))
	_, err = p.try(fileOf("f", "x"), "x", nil)
	checkPermanentError(p, "Put where nothing was seen, over a file", err)
	_, err = p.try(fileOf("d", "x"), "x", nil)
	checkPermanentError(p, "Put in the place of a directory", err)
	_, err = p.try(fileOf("f/x", "x"), "x", nil)
	checkPermanentError(p, "Put below a file", err)
	_, err = p.try(fileOf("bad", "x"), "longer", nil)
	checkPermanentError(p, "Put of a body that is too long", err)
	_, err = p.try(fileOf("a//b", "x"), "x", nil)
	checkPermanentError(p, "Put of a key that is not valid", err)
	_, err = p.try(linkOf("l", core.Target{Key: "../out"}), "", nil)
	checkPermanentError(p, "Put of a link out of the tree", err)
}

// checkPermanentError checks that err, if it is one, is not marked as transient.
func checkPermanentError(p *probe, op string, err error) {
	if core.IsTransient(err) {
		p.failf("%s: core.IsTransient is true for: %w", op, err)
	}
}

// checkMissingStore accepts an error of opening, or a tree whose listing fails.
func checkMissingStore(p *probe) {
	for range 2 { // the first time must not make the store
		t, err := p.store.Missing()
		if err != nil {
			p.refused("opening a store that is not there", err, fs.ErrNotExist)
			continue
		}
		n, first := 0, error(nil)
		for e, err := range t.List(p.ctx, "") {
			if n++; n == 1 {
				first = err
			}
			if err == nil {
				p.failf("the listing of a store that is not there yields %s", show(e))
			}
		}
		switch _, one := core.ErrorKey(first); {
		case n == 0:
			p.failf("the listing of a store that is not there is empty and without an error; want one error that is fs.ErrNotExist")
		case one:
			p.failf("the listing of a store that is not there has an error about one key; want one without a key: %w", first)
		default:
			p.refused("List of a store that is not there", first, fs.ErrNotExist)
		}
		if _, err := t.Stat(p.ctx, "a"); err == nil {
			p.failf("Stat in a store that is not there returned no error")
		}
	}
}

// checkStoreTakenAway accepts a backend that still reaches the store, as a process that
// has a directory open may, but no listing that ends early without an error, and no
// file that is stored, by the answers of Put and Finish, where no other process finds
// it.
func checkStoreTakenAway(p *probe) {
	p.files("a", "d/x")
	if err := p.store.TakeAway(); err != nil {
		p.failf("the hook TakeAway: %w", err)
		return
	}
	found, failed := 0, error(nil)
	for _, err := range p.b.List(p.ctx, "") {
		if err == nil {
			found++
		} else if failed = err; !p.errorOfTheStore(err) {
			break
		}
	}
	if failed == nil && found != 2 {
		p.failf("the listing of a store that was taken away has %d of 2 entries and no error", found)
	}
	if _, err := p.try(fileOf("n", "new"), "new", nil); err != nil {
		return
	}
	if f, ok := core.As[core.Finisher](p.b); ok {
		if _, err := f.Finish(p.ctx, core.Done{}); err != nil {
			return
		}
	}
	again, err := p.store.Again()
	if err == nil {
		_, err = again.Stat(p.ctx, "n")
	}
	if err != nil {
		p.failf("Put into a store that was taken away, and Finish, returned no error, and another process does not find the file: %w", err)
	}
}

// errorOfTheStore checks that an error of a listing is about the whole of it: one
// about a key says that the rest was listed.
func (p *probe) errorOfTheStore(err error) bool {
	key, one := core.ErrorKey(err)
	if one {
		p.failf("the listing of a store that was taken away has an error about %q; want one without a key: %w", key, err)
	}
	return !one
}

// checkCancelledCalls makes each call with a context that has ended. A store that
// does no I/O may do its work all the same.
func checkCancelledCalls(p *probe) {
	e := p.file("d/f", "content")
	ctx, cancel := context.WithCancel(p.ctx)
	cancel()
	got, err := p.b.Stat(ctx, "d/f")
	if err == nil && differences(got, p.stat("d/f")) != "" {
		p.failf("Stat with a cancelled context returned no error, and a wrong entry: %s", differences(got, p.stat("d/f")))
	} else if err != nil {
		p.refused("Stat with a cancelled context", err, context.Canceled)
	}
	rc, got, err := p.b.Open(ctx, "d/f")
	switch {
	case err != nil:
		p.refused("Open with a cancelled context", err, context.Canceled)
	case rc == nil:
		p.failf("Open with a cancelled context returned no error and no reader, and %s", show(got))
	}
	if rc != nil {
		_ = rc.Close()
	}
	err = p.b.Delete(ctx, e)
	if err == nil {
		p.nothing("d/f")
		return
	}
	p.refused("Delete with a cancelled context", err, context.Canceled)
	p.holds("d/f", "content")
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
			p.failf("%q: Stat or Open returned a partial entry: %s, %s", e.Key, show(stat), show(opened))
		case differences(stat, opened) != "":
			p.failf("%q: Stat and Open return different entries: %s", e.Key, differences(stat, opened))
		case stat.Kind == core.File && int64(len(content)) != stat.Size:
			p.failf("%q: %d bytes were read, and Stat has Size %d", e.Key, len(content), stat.Size)
		}
	}
}

// mixture puts files and links of each kind that the tree holds.
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

// open opens a file that must be there; nil if it is not.
func (p *probe) open(key string) io.ReadCloser {
	rc, e, err := p.b.Open(p.ctx, key)
	if err != nil || rc == nil {
		p.failf("Open(%q) returned %s and no reader: %w", key, show(e), err)
		return nil
	}
	return rc
}

func checkReaders(p *probe) {
	want := bytesOf("readers", 100_000)
	p.file("f", want)
	rc := p.open("f")
	if rc == nil {
		return
	}
	defer rc.Close() //nolint:errcheck // It was read to its end.
	if at, ok := rc.(io.ReaderAt); ok {
		part := make([]byte, 1000)
		if n, err := at.ReadAt(part, 50_000); n != 1000 || err != nil || string(part) != want[50_000:51_000] {
			p.failf("ReadAt of 1,000 bytes at 50,000 returned %d bytes, or other bytes than were put: %w", n, err)
		}
		clear(part)
		if n, err := at.ReadAt(part, 99_500); n != 500 || err != io.EOF || string(part[:500]) != want[99_500:] { //nolint:errorlint // Readers return it bare.
			p.failf("ReadAt of 1,000 bytes, 500 before the end, returned %d bytes and the error %v; want the last 500 and io.EOF", n, err)
		}
	}
	if seeker, ok := rc.(io.Seeker); ok {
		half := make([]byte, len(want)/2)
		if _, err := io.ReadFull(rc, half); err != nil {
			p.failf("reading half: %w", err)
		}
		if at, err := seeker.Seek(0, io.SeekStart); at != 0 || err != nil {
			p.failf("Seek to the start returned %d: %w", at, err)
		}
	}
	var got bytes.Buffer
	if _, err := io.CopyBuffer(struct{ io.Writer }{&got}, struct{ io.Reader }{rc}, make([]byte, 777)); err != nil {
		p.failf("reading 777 bytes at a time: %w", err)
	}
	if got.String() != want {
		p.failf("reading 777 bytes at a time gives %s", contentDiffers(got.Bytes(), want))
	}
	for range 2 {
		if n, err := rc.Read(make([]byte, 1)); n != 0 || err != io.EOF { //nolint:errorlint // As above.
			p.failf("Read of 1 byte after the end returned %d bytes and the error %v; want none and io.EOF", n, err)
		}
	}
}

// plain hides all abilities of a body but Read.
func plain(content string) io.Reader { return struct{ io.Reader }{strings.NewReader(content)} }

func checkReadAfterClose(p *probe) {
	for _, size := range []int{1000, 300_000} {
		p.file("f", bytesOf("closed", size))
		for _, first := range []int{0, 100} {
			rc := p.open("f")
			if rc == nil {
				return
			}
			if _, err := io.ReadFull(rc, make([]byte, first)); err != nil {
				p.failf("reading %d of %d bytes: %w", first, size, err)
			}
			if err := rc.Close(); err != nil {
				p.failf("Close after %d of %d bytes: %w", first, size, err)
			}
			checkClosedReader(p, rc, size)
		}
	}
}

// checkClosedReader checks that nothing is read from rc, which was closed.
func checkClosedReader(p *probe, rc io.ReadCloser, size int) {
	if n, err := rc.Read(make([]byte, 10)); n != 0 || err == nil || err == io.EOF { //nolint:errorlint // Readers return it bare.
		p.failf("Read after Close of a file of %d bytes returned %d bytes and the error %v; want an error that is not io.EOF", size, n, err)
	}
	if w, ok := rc.(io.WriterTo); ok {
		if n, err := w.WriteTo(io.Discard); n != 0 || err == nil {
			p.failf("WriteTo after Close of a file of %d bytes returned %d bytes and the error %v; want none and an error", size, n, err)
		}
	}
	if at, ok := rc.(io.ReaderAt); ok {
		if n, err := at.ReadAt(make([]byte, 10), 10); n != 0 || err == nil || err == io.EOF { //nolint:errorlint // As above.
			p.failf("ReadAt after Close of a file of %d bytes returned %d bytes and the error %v; want an error that is not io.EOF", size, n, err)
		}
	}
}
