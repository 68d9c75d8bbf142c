package localfs

import "sync"

const (
	ahead     = 256 // names of a directory that are looked at in one go
	lookers   = 4   // at most, at once
	worthMore = 64  // fewer names are looked at one by one
)

// lookAhead asks what the items are, several at once, so that a disk or a
// server that is slow to answer has more than one question to work on. It
// returns when all have been answered.
func (w *walker) lookAhead(d *dir, items []item) {
	if len(items) < worthMore {
		return
	}
	var wg sync.WaitGroup
	share := (len(items) + lookers - 1) / lookers
	for len(items) > 0 {
		part := items[:min(share, len(items))]
		items = items[len(part):]
		wg.Go(func() { w.lookAt(d, part) })
	}
	wg.Wait()
}

func (w *walker) lookAt(d *dir, items []item) {
	for i := range items {
		it := &items[i]
		if it.looked || w.passed(join(d.key, it.name), it.isDir) {
			continue
		}
		it.info, it.err = d.see(it.name)
		it.looked = true
	}
}
