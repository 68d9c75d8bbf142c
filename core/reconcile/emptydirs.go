package reconcile

import (
	"github.com/s3fc/s3fc/core"
)

// emptyDirs finds the directories of the destination that a run leaves empty, in
// constant memory: it has the directories that the join is in, outermost first.
type emptyDirs struct{ open []openDir }

type openDir struct {
	key  string
	used bool // something in it stays or is put there
}

// enter goes into a directory that the join has come to. used says that it is not
// to be removed whatever is below it.
func (d *emptyDirs) enter(key string, used bool) { d.open = append(d.open, openDir{key, used}) }

// use says that the directory that the join is in is not left empty.
func (d *emptyDirs) use() {
	if n := len(d.open); n > 0 {
		d.open[n-1].used = true
	}
}

// leave leaves the directories that key is not in, innermost first, and calls remove
// with those that are left empty.
func (d *emptyDirs) leave(key string, remove func(dir string) error) error {
	for n := len(d.open) - 1; n >= 0 && !core.Below(key, d.open[n].key); n-- {
		dir := d.open[n]
		d.open = d.open[:n]
		if dir.used {
			d.use()
		} else if err := remove(dir.key); err != nil {
			return err
		}
	}
	return nil
}
