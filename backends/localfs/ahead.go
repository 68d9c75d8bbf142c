package localfs

import "sync"

const (
	ahead     = 256 // names of a directory that are looked at in one go
	lookers   = 4   // at most, at once
	worthMore = 64  // fewer names are looked at one by one
)

// lookAhead asks what the items are, several at once, so that a disk or a
// server that is slow to answer has more than one question to work on. It
// returns when all have been answered, with one look for each item, or none:
// few items are not worth it.
func (w *walker) lookAhead(d *dir, items []item, looks []look) []look {
	if len(items) < worthMore {
		return looks[:0]
	}
	looks = looks[:len(items)]
	var wg sync.WaitGroup
	share := (len(items) + lookers - 1) / lookers
	for i := 0; i < len(items); i += share {
		end := min(i+share, len(items))
		wg.Go(func() { w.lookAt(d, items[i:end], looks[i:end]) })
	}
	wg.Wait()
	return looks
}

func (w *walker) lookAt(d *dir, items []item, looks []look) {
	for i := range items {
		it, l := &items[i], &looks[i]
		if w.opens(it) || w.after != "" && w.passed(join(d.key, it.name), it.isDir) {
			*l = look{}
			continue
		}
		l.info, l.err = d.see(it.name)
	}
}

// at returns the look i, if there are any.
func at(looks []look, i int) *look {
	if len(looks) == 0 {
		return nil
	}
	return &looks[i]
}

// borrow returns room for the looks at a directory of n items.
func (w *walker) borrow(n int) []look {
	if n < worthMore {
		return nil
	}
	if last := len(w.spare) - 1; last >= 0 {
		looks := w.spare[last]
		w.spare = w.spare[:last]
		return looks
	}
	return make([]look, 0, ahead)
}

func (w *walker) giveBack(looks []look) {
	if looks != nil {
		w.spare = append(w.spare, looks[:0])
	}
}
