package conformance

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/s3fc/s3fc/core"
)

var raceCases = []Case{
	{
		Name: "Concurrent", Guide: "Writing",
		Why: "many files are written at once, and the directories for them; run it under -race",
		Run: run(checkConcurrent),
	},
	{
		Name: "ConcurrentSameKey", Guide: "Guards",
		Why: "of several writers that create one key, one wins whole, and a guard tells the others",
		Run: run(checkConcurrentSameKey),
	},
	{
		Name: "ConcurrentReplace", Guide: "Guards",
		Why: "of several writers that saw the same entry, an atomic guard lets one win and tells the others",
		Run: run(checkConcurrentReplace),
	},
	{
		Name: "ReadWhileWritten", Guide: "Reading",
		Why: "a reader must get one version whole or an error, never the bytes of one with the entry of another",
		Run: run(checkReadWhileWritten),
	},
	{
		Name: "AlwaysThere", Guide: "Writing",
		Why: "a file that is absent for a moment while it is overwritten is a 404 for a visitor, and a delete for the next run",
		Run: run(checkAlwaysThere),
	},
	{
		Name: "PutReturnsItsOwn", Guide: "Writing",
		Why: "a Put that returns the entry of a later writer makes the next run delete or overwrite that writer's file unseen",
		Run: run(checkPutReturnsItsOwn),
	},
}

func checkConcurrent(p *probe) {
	const writers, each = 8, 6
	var wg sync.WaitGroup
	var want []string
	for w := range writers {
		var keys []string
		for i := range each {
			keys = append(keys, fmt.Sprintf("d%d/e%d/%d-%d", i%2, i, w, i))
		}
		want = append(want, keys[1:]...)
		wg.Go(func() {
			p.files(keys...)
			p.keys("")
			p.remove(p.stat(keys[0]))
			for _, key := range keys[1:] {
				p.holds(key, bytesOf(key, 20))
			}
		})
	}
	wg.Wait()
	p.holdsKeys(want...)
}

func checkConcurrentSameKey(p *probe) {
	for _, key := range []string{"f", "new/dir/f"} {
		writeAtOnce(p, key, nil, p.features.Create)
	}
}

func checkConcurrentReplace(p *probe) {
	for i := range 4 {
		key := fmt.Sprintf("d/f%d", i)
		old := p.file(key, "old content")
		writeAtOnce(p, key, &old, p.features.Replace)
	}
}

// writeAtOnce lets eight writers that all saw old put contents of their own at key at
// the same time, in a store that guards against it so.
func writeAtOnce(p *probe, key string, old *core.Entry, guard core.Guard) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	var won []string
	contents := map[string]bool{}
	for w := range 8 {
		content := bytesOf(fmt.Sprint(key, w), 5000+w)
		contents[content] = true
		wg.Go(func() {
			_, err := p.try(fileOf(key, content), content, old)
			if err != nil && (guard == core.GuardNone || !errors.Is(err, core.ErrChanged)) {
				p.failf("Put(%q), one of 8 at the same time: %s", key, notErr(err, core.ErrChanged))
			}
			if err == nil {
				mu.Lock()
				defer mu.Unlock()
				won = append(won, content)
			}
		})
	}
	wg.Wait()
	if len(won) == 0 || (guard == core.GuardAtomic && len(won) > 1) {
		p.failf("%d of 8 writers of %q at the same time succeeded; want one", len(won), key)
	}
	got, _, err := read(p.ctx, p.b, key)
	switch {
	case err != nil:
		p.failf("Open(%q): %w", key, err)
	case !contents[string(got)]:
		p.failf("Open(%q) gave %d bytes that no writer wrote", key, len(got))
	case guard != core.GuardNone && len(won) == 1:
		p.holds(key, won[0])
	}
}

func checkReadWhileWritten(p *probe) {
	versions := []string{bytesOf("v0", 90_000), bytesOf("v1", 120_000), bytesOf("v2", 90_000)}
	old := p.file("f", versions[0])
	whileReading(30, func() { checkReadsOneOf(p, versions) }, func(i int) bool {
		content := versions[(i+1)%len(versions)]
		stored, err := p.b.Put(p.ctx, fileOf("f", content), strings.NewReader(content), &old)
		if err != nil {
			p.failf("Put while others read: %w", err)
		}
		old = stored
		return err == nil
	})
}

// whileReading calls read again and again, in three goroutines, while it calls write
// with 0, 1, 2 and so on, until write returns false. Of a fast store, whose writes
// could all fall between two reads, it takes more than n writes: up to 20 times as
// many, until n reads had a write in their midst.
func whileReading(n int, read func(), write func(int) bool) {
	var stop atomic.Bool
	var writes, met atomic.Int64
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for !stop.Load() {
				before := writes.Load()
				read()
				if writes.Load() != before {
					met.Add(1)
				}
			}
		})
	}
	for i := 0; i < n || i < 20*n && met.Load() < int64(n); i++ {
		if !write(i) {
			break
		}
		writes.Add(1)
	}
	stop.Store(true)
	wg.Wait()
}

// checkReadsOneOf checks that Open and Read give one of the versions whole, with its
// own entry, or an error.
func checkReadsOneOf(p *probe, versions []string) {
	content, e, err := read(p.ctx, p.b, "f")
	if err != nil {
		return
	}
	for _, v := range versions {
		if string(content) != v {
			continue
		}
		if e.Size != int64(len(v)) || (e.MD5.Known() && e.MD5 != core.SumMD5(content)) {
			p.failf("Open gave the bytes of one version with the entry of another: %s", show(e))
		}
		return
	}
	p.failf("Open gave %d bytes that are no version, without an error", len(content))
}

// checkAlwaysThere overwrites one key while others look for it.
func checkAlwaysThere(p *probe) {
	old := p.file("d/f", "content 0")
	whileReading(60, func() { checkFound(p, "d/f") }, func(i int) bool {
		content := fmt.Sprintf("content %d", i)
		e := fileOf("d/f", content)
		if p.features.Links && i%3 == 2 {
			e, content = linkOf("d/f", core.Target{Key: fmt.Sprint("x", i)}), ""
		}
		stored, err := p.try(e, content, &old)
		if err != nil {
			p.failf("Put while others look: %w", err)
		}
		old = stored
		return err == nil
	})
}

// checkFound checks that Stat, Open and List find key.
func checkFound(p *probe, key string) {
	if _, err := p.b.Stat(p.ctx, key); errors.Is(err, fs.ErrNotExist) {
		p.failf("Stat of a key that is being overwritten: %w", err)
	}
	rc, _, err := p.b.Open(p.ctx, key)
	if rc != nil {
		_ = rc.Close()
	}
	if errors.Is(err, fs.ErrNotExist) {
		p.failf("Open of a key that is being overwritten: %w", err)
	}
	for _, err := range p.b.List(p.ctx, "") {
		if err != nil {
			p.failf("List with a key that is being overwritten: %w", err)
		}
		return // it is the only entry
	}
	p.failf("List does not have a key that is being overwritten")
}

// checkPutReturnsItsOwn lets a second writer replace each file as soon as it
// appears, before the first writer's Put returns.
func checkPutReturnsItsOwn(p *probe) {
	for i := range 12 {
		key, mine, theirs := fmt.Sprintf("d/f%d", i), bytesOf("mine", 40), bytesOf("theirs", 50)
		old := p.file(key, "old content")
		var wg sync.WaitGroup
		var done atomic.Bool
		wg.Go(func() {
			for again := true; again; {
				again = !done.Load()
				if seen, err := p.b.Stat(p.ctx, key); err == nil && seen.Size == int64(len(mine)) {
					_, _ = p.try(fileOf(key, theirs), theirs, &seen)
					return
				}
			}
		})
		stored, err := p.try(fileOf(key, mine), mine, &old)
		done.Store(true)
		wg.Wait()
		switch {
		case errors.Is(err, core.ErrChanged): // it may say that it was replaced at once
		case err != nil:
			p.failf("Put(%q): %w", key, err)
		case stored.Size != int64(len(mine)) || stored.MD5.Known() && stored.MD5 != core.SumMD5([]byte(mine)):
			p.failf("Put(%q) of %d bytes returned the entry of a file that was put later: %s", key, len(mine), show(stored))
		case p.now(key, theirs) && p.stat(key).Token == stored.Token:
			p.failf("Put(%q) returned the token %q of a file that was put later", key, stored.Token)
		}
	}
}

// now reports whether the file at key has this content.
func (p *probe) now(key, content string) bool {
	got, _, err := read(p.ctx, p.b, key)
	return err == nil && string(got) == content
}
