// Package watch tells when something in a directory has changed, at whatever
// depth.
package watch

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"
)

const (
	// quiet is for how long nothing may happen until a change counts as over:
	// editors and builds write in bursts.
	quiet = 100 * time.Millisecond
	// pollEvery is the pause between two looks where the system does not tell of
	// changes.
	pollEvery = 2 * time.Second
)

// A Watcher watches a directory.
type Watcher struct {
	dir     string
	events  *fsnotify.Watcher
	changed func()
	remark  func(string)
	polling bool
	state   uint64 // the hash of the last poll
}

// Open begins to watch dir and the directories below it; links are not followed.
// After each burst of changes, Run calls changed. remark receives notes for the
// user.
func Open(dir string, changed func(), remark func(string)) (*Watcher, error) {
	events, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, fmt.Errorf("watch %s: %w", dir, err)
	}
	w := &Watcher{dir: dir, events: events, changed: changed, remark: remark}
	if err := w.add(dir); err != nil {
		_ = events.Close() // the error before it counts
		return nil, err
	}
	return w, nil
}

// Run reports changes until ctx ends.
func (w *Watcher) Run(ctx context.Context) {
	defer w.events.Close() //nolint:errcheck // Nothing is lost.
	burst := time.NewTimer(time.Hour)
	burst.Stop()
	poll := time.NewTicker(pollEvery)
	defer poll.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case ev := <-w.events.Events:
			if w.notice(ev) {
				burst.Reset(quiet)
			}
		case err := <-w.events.Errors:
			w.missed(err)
			burst.Reset(quiet)
		case <-burst.C:
			w.changed()
		case <-poll.C:
			if w.polling && w.differs() {
				w.changed()
			}
		}
	}
}

// notice reports whether an event is a change, and watches a directory that is
// new.
func (w *Watcher) notice(ev fsnotify.Event) bool {
	if ev.Op == fsnotify.Chmod || ev.Name == "" {
		return false
	}
	if ev.Has(fsnotify.Create) {
		w.addNew(ev.Name)
	}
	return true
}

// missed handles an error of the system's: after an overflow there may be
// directories of which nothing was told.
func (w *Watcher) missed(err error) {
	if !errors.Is(err, fsnotify.ErrEventOverflow) {
		w.remark(fmt.Sprintf("watching %s: %v", w.dir, err))
	}
	w.addNew(w.dir)
}

func (w *Watcher) addNew(path string) {
	if err := w.add(path); err != nil {
		w.remark(err.Error())
	}
}

// add watches path and all below it, if it is a directory. A name that has gone by
// then is no error.
func (w *Watcher) add(path string) error {
	return filepath.WalkDir(path, func(path string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist) && path != w.dir:
			return nil
		case errors.Is(err, fs.ErrPermission) && path != w.dir:
			return fs.SkipDir
		case err != nil:
			return fmt.Errorf("watch %s: %w", path, err)
		case !d.IsDir() || w.polling:
			return nil
		}
		err = w.events.Add(path)
		if err == nil || errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		w.poll(err)
		return nil
	})
}

// poll looks at all files again and again from now on.
func (w *Watcher) poll(err error) {
	w.remark(fmt.Sprintf("the system does not watch all of %s (%v); its files are checked every %v instead. On Linux, sysctl fs.inotify.max_user_watches allows more", w.dir, err, pollEvery))
	w.polling = true
	w.state = w.hash()
}

// differs looks again, and reports whether anything has changed.
func (w *Watcher) differs() bool {
	before := w.state
	w.state = w.hash()
	return w.state != before
}

// hash returns a hash of the names, sizes and times of all files.
func (w *Watcher) hash() uint64 {
	h := fnv.New64a()
	_ = filepath.WalkDir(w.dir, func(path string, d fs.DirEntry, err error) error { // never fails
		if err != nil {
			return nil //nolint:nilerr // What cannot be read does not change.
		}
		info, err := d.Info()
		if err == nil {
			fmt.Fprintf(h, "%s\x00%v\x00%d\x00%d\x00", path, info.Mode(), info.Size(), info.ModTime().UnixNano())
		}
		return nil //nolint:nilerr // As above.
	})
	return h.Sum64()
}
