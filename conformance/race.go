package conformance

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/s3fc/s3fc/core"
)

var raceCases = []Case{
	{
		Name: "Concurrent",
		Why:  "many files are written at once, and directories made for them; run it under -race",
		Run:  run(checkConcurrent),
	},
	{
		Name: "ConcurrentSameKey",
		Why:  "of several that write one key, one wins whole; under conditions, the others are told",
		Run:  run(checkConcurrentSameKey),
	},
	{
		Name: "ReadWhileWritten",
		Why:  "a reader gets one version whole or an error, never the bytes of one with the entry of another",
		Run:  run(checkReadWhileWritten),
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
		var wg sync.WaitGroup
		var mu sync.Mutex
		var won []string
		contents := map[string]bool{}
		for w := range 8 {
			content := bytesOf(fmt.Sprint(key, w), 5000+w)
			contents[content] = true
			wg.Go(func() {
				_, err := p.try(fileOf(key, content), content, nil)
				if err != nil && (p.features.Create == core.GuardNone || !errors.Is(err, core.ErrChanged)) {
					p.failf("Put(%q), one of several at once: %w", key, err)
				}
				if err == nil {
					mu.Lock()
					defer mu.Unlock()
					won = append(won, content)
				}
			})
		}
		wg.Wait()
		p.oneWon(key, won, contents)
	}
}

func (p *probe) oneWon(key string, won []string, contents map[string]bool) {
	if len(won) == 0 || (p.features.Create == core.GuardAtomic && len(won) > 1) {
		p.failf("%d of 8 that created %q at once succeeded; want one", len(won), key)
	}
	got, _, err := read(p.ctx, p.b, key)
	switch {
	case err != nil:
		p.failf("Open(%q): %w", key, err)
	case !contents[string(got)]:
		p.failf("Open(%q): %d bytes that nobody wrote", key, len(got))
	case p.features.Create != core.GuardNone && len(won) == 1:
		p.holds(key, won[0])
	}
}

func checkReadWhileWritten(p *probe) {
	versions := []string{bytesOf("v0", 90_000), bytesOf("v1", 120_000), bytesOf("v2", 90_000)}
	old := p.file("f", versions[0])
	var stop atomic.Bool
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for !stop.Load() {
				p.readsOneOf(versions)
			}
		})
	}
	for i := range 30 {
		content := versions[(i+1)%len(versions)]
		stored, err := p.b.Put(p.ctx, fileOf("f", content), strings.NewReader(content), &old)
		if err != nil {
			p.failf("Put while others read: %w", err)
			break
		}
		old = stored
	}
	stop.Store(true)
	wg.Wait()
}

// readsOneOf checks that what is read is one version, and its entry that of
// the same; or an error.
func (p *probe) readsOneOf(versions []string) {
	content, e, err := read(p.ctx, p.b, "f")
	if err != nil {
		return
	}
	for _, v := range versions {
		if string(content) != v {
			continue
		}
		if e.Size != int64(len(v)) || (e.MD5.Known() && e.MD5 != core.SumMD5(content)) {
			p.failf("the bytes of one version came with the entry of another: %s", show(e))
		}
		return
	}
	p.failf("%d bytes that are no version came with no error", len(content))
}
