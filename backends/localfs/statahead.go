package localfs

import "sync"

const (
	statBatch   = 256 // names of a directory that are stat'ed together
	statWorkers = 4   // goroutines for a batch
	minBatch    = 64  // fewer names are stat'ed one by one
)

// statResult is the result of stat on an item.
type statResult struct {
	info fileInfo
	err  error
}

// statAhead stats the items concurrently, so that a slow disk or file server has
// several requests to work on. It returns one result for each item, or none if
// they are too few to be worth it.
func (w *walker) statAhead(d *dir, items []item, results []statResult) []statResult {
	if len(items) < minBatch {
		return results[:0]
	}
	results = results[:len(items)]
	var wg sync.WaitGroup
	share := (len(items) + statWorkers - 1) / statWorkers
	for i := 0; i < len(items); i += share {
		end := min(i+share, len(items))
		wg.Go(func() { w.statAll(d, items[i:end], results[i:end]) })
	}
	wg.Wait()
	return results
}

// statAll stats the items that visit will need.
func (w *walker) statAll(d *dir, items []item, results []statResult) {
	for i := range items {
		it, r := &items[i], &results[i]
		if w.needsNoStat(it) || w.after != "" && w.isBefore(join(d.key, it.name), it.isDir) {
			*r = statResult{}
			continue
		}
		r.info, r.err = d.stat(it.name)
	}
}

// resultOf returns result i, or nil if there are none.
func resultOf(results []statResult, i int) *statResult {
	if len(results) == 0 {
		return nil
	}
	return &results[i]
}

// borrow returns memory for the results of a directory of n items, or nil if it
// needs none.
func (w *walker) borrow(n int) []statResult {
	if n < minBatch {
		return nil
	}
	if last := len(w.spare) - 1; last >= 0 {
		results := w.spare[last]
		w.spare = w.spare[:last]
		return results
	}
	return make([]statResult, 0, statBatch)
}

func (w *walker) giveBack(results []statResult) {
	if results != nil {
		w.spare = append(w.spare, results[:0])
	}
}
