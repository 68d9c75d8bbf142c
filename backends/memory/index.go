package memory

import (
	"slices"
	"strings"
	"time"

	"github.com/s3fc/s3fc/core"
)

// item is one entry with its content. Neither is changed once it is in the
// index: a change is a new item.
type item struct {
	entry   core.Entry
	body    []byte
	written time.Time // set only where versions are told apart by it
}

// pageSize is the greatest number of items in a page of the index.
const pageSize = 512

// index holds items in byte order of key, in short sorted pages of which none
// is empty, so that an insertion moves a page at the most and not the tree.
type index struct {
	pages [][]*item
}

func compareKey(it *item, key string) int { return strings.Compare(it.entry.Key, key) }

// seek returns the place of the first item whose key is not less than key, and
// whether it is key's own. The place may be the end of the last page.
func (x *index) seek(key string) (page, at int, found bool) {
	page, _ = slices.BinarySearchFunc(x.pages, key, func(p []*item, key string) int {
		return compareKey(p[len(p)-1], key)
	})
	if page == len(x.pages) {
		page = max(page-1, 0)
	}
	if len(x.pages) == 0 {
		return 0, 0, false
	}
	at, found = slices.BinarySearchFunc(x.pages[page], key, compareKey)
	return page, at, found
}

// get returns the item at key, or nil.
func (x *index) get(key string) *item {
	if page, at, found := x.seek(key); found {
		return x.pages[page][at]
	}
	return nil
}

// set makes it the item at its key.
func (x *index) set(it *item) {
	page, at, found := x.seek(it.entry.Key)
	switch {
	case found:
		x.pages[page][at] = it
		return
	case len(x.pages) == 0:
		x.pages = [][]*item{{it}}
		return
	}
	p := slices.Insert(x.pages[page], at, it)
	x.pages[page] = p
	if len(p) > pageSize {
		cut := len(p) / 2
		if at == len(p)-1 {
			cut = at // keys that come in order fill their pages
		}
		rest := slices.Clone(p[cut:])
		clear(p[cut:])
		x.pages[page] = p[:cut]
		x.pages = slices.Insert(x.pages, page+1, rest)
	}
}

// remove takes the item at key out.
func (x *index) remove(key string) {
	page, at, found := x.seek(key)
	if !found {
		return
	}
	x.pages[page] = slices.Delete(x.pages[page], at, at+1)
	if len(x.pages[page]) == 0 {
		x.pages = slices.Delete(x.pages, page, page+1)
	}
}

// from returns up to n items whose keys are not less than key, in order.
func (x *index) from(key string, n int) []*item {
	page, at, _ := x.seek(key)
	var out []*item
	for ; page < len(x.pages) && len(out) < n; page, at = page+1, 0 {
		p := x.pages[page][at:]
		out = append(out, p[:min(len(p), n-len(out))]...)
	}
	return out
}
