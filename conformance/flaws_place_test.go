package conformance_test

import (
	"context"
	"fmt"
	"io"
	"iter"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/s3fc/s3fc/backends/memory"
	"github.com/s3fc/s3fc/conformance"
	"github.com/s3fc/s3fc/core"
)

// placeFlaws are of directories, and of abilities that say where a store is.
var placeFlaws = []flaw{
	{name: "removes a directory with the files in it", caught: "DirRemover", only: true, open: func() core.Backend {
		d := newDirTree()
		d.removes = true
		return d
	}},
	{name: "lists a directory after its entries", caught: "DirRemover", only: true, open: func() core.Backend {
		d := newDirTree()
		d.late = true
		return d
	}},
	{name: "removes a file that is called as a directory", caught: "DirRemover", only: true, open: func() core.Backend {
		d := newDirTree()
		d.files = true
		return d
	}},
	{name: "lists an empty directory as an entry", caught: "EmptyDirs", only: true, store: func(testing.TB) conformance.Store {
		d := newDirTree()
		d.shown = true
		return conformance.Store{Backend: d, EmptyDir: d.empty}
	}},
	{name: "says that it made a store that was there", caught: "Creator", only: true, store: func(testing.TB) conformance.Store {
		m := memory.New()
		return conformance.Store{Backend: creator{m}, Again: func() (core.Backend, error) { return creator{m}, nil }}
	}},
	{name: "has a price below nothing", caught: "Pricer", only: true, open: func() core.Backend {
		return pricer{memory.New(), core.Prices{Date: "2026-11-22", Per1000: map[string]float64{core.ClassPut.String(): -1}}}
	}},
	{name: "has prices of another unit", caught: "Pricer", only: true, open: func() core.Backend {
		return pricer{memory.New(), core.Prices{Date: "2026-11-22", Per1000: map[string]float64{"PUTs": 0.005}}}
	}},
	{name: "shows the password of its endpoint", caught: "Endpointer", only: true, open: func() core.Backend { return placed{Tree: memory.New(), endpoint: "https://a:secret@host"} }},
	{name: "has a line end in its location", caught: "Locator", only: true, open: func() core.Backend { return placed{Tree: memory.New(), location: "here\n"} }},
	{name: "has a website below half a name", caught: "WebsiteReader", only: true, open: func() core.Backend { return placed{Tree: memory.New(), prefix: "site"} }},
	{name: "tells no change", caught: "Watcher", only: true, open: func() core.Backend { return blindWatcher{memory.New()} }},
}

// dirTree is a tree in memory with directories, and flaws.
type dirTree struct {
	core.Backend
	removes bool // RemoveDir takes what is in the directory along
	late    bool // a directory comes after its entries
	files   bool // RemoveDir removes a file
	shown   bool // List shows empty directories

	mu      sync.Mutex
	empties map[string]bool
}

func newDirTree() *dirTree {
	return &dirTree{Backend: memory.NewWith(without(func(f *core.Features) { f.Flat = false })), empties: map[string]bool{}}
}

// empty makes an empty directory, and those that it is in.
func (d *dirTree) empty(dir string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for ; dir != "."; dir = path.Dir(dir) {
		d.empties[dir] = true
	}
	return nil
}

// dirs are the directories that have entries, and the others.
func (d *dirTree) dirs(entries []core.Entry) map[string]bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := map[string]bool{}
	for dir := range d.empties {
		all[dir] = true
	}
	for _, e := range entries {
		for dir := path.Dir(e.Key); dir != "."; dir = path.Dir(dir) {
			all[dir] = true
		}
	}
	return all
}

func (d *dirTree) List(ctx context.Context, after string) iter.Seq2[core.Entry, error] {
	if !d.shown {
		return d.Backend.List(ctx, after)
	}
	entries, err := collect(d.Backend.List(ctx, after))
	d.mu.Lock()
	defer d.mu.Unlock()
	for dir := range d.empties {
		entries = append(entries, core.Entry{Key: dir, Kind: core.File})
	}
	slices.SortFunc(entries, func(a, b core.Entry) int { return strings.Compare(a.Key, b.Key) })
	return yieldAll(entries, err)
}

func (d *dirTree) Put(ctx context.Context, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
	stored, err := d.Backend.Put(ctx, e, body, old)
	d.mu.Lock()
	defer d.mu.Unlock()
	for dir := range d.empties {
		if err == nil && (dir == e.Key || core.Below(dir, e.Key)) {
			delete(d.empties, dir)
		}
	}
	return stored, err
}

func (d *dirTree) ListDirs(ctx context.Context, after string) iter.Seq2[core.Entry, error] {
	entries, err := collect(d.Backend.List(ctx, ""))
	for dir := range d.dirs(entries) {
		e := core.DirectoryEntry(dir)
		if d.late {
			e.Key = dir + "/~"
		}
		entries = append(entries, e)
	}
	slices.SortFunc(entries, func(a, b core.Entry) int { return strings.Compare(a.Key, b.Key) })
	entries = slices.DeleteFunc(entries, func(e core.Entry) bool { return e.Key <= after })
	return yieldAll(entries, err)
}

func (d *dirTree) RemoveDir(ctx context.Context, dir string) error {
	conflict := fmt.Errorf("%w: it is not an empty directory", core.ErrConflict)
	entries, err := collect(d.Backend.List(ctx, ""))
	for _, e := range entries {
		switch {
		case e.Key == dir && d.files && e.Kind == core.File:
			return d.Backend.Delete(ctx, e)
		case e.Key == dir, core.Below(e.Key, dir) && !d.removes:
			return conflict
		case core.Below(e.Key, dir):
			_ = d.Backend.Delete(ctx, e)
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for other := range d.empties {
		if core.Below(other, dir) {
			return conflict
		}
	}
	delete(d.empties, dir)
	return err
}

type creator struct{ *memory.Tree }

func (creator) Created() bool { return true }

type pricer struct {
	*memory.Tree
	prices core.Prices
}

func (p pricer) Prices() (*core.Prices, bool) { return &p.prices, true }

type placed struct {
	*memory.Tree
	endpoint, location, prefix string
}

func (p placed) Endpoint() string { return p.endpoint }
func (p placed) Location() string { return p.location }
func (p placed) Website(context.Context) (*core.Website, error) {
	return &core.Website{Prefix: p.prefix}, nil
}

type blindWatcher struct{ *memory.Tree }

func (blindWatcher) Watch(context.Context, func(), func(string)) error { return nil }
