package reconcile

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/s3fc/s3fc/core"
)

// maxTargets is how many directories are looked at, at most, because links lead to
// them: each look reads names of the source.
const maxTargets = 100

// emptyTargets are the directories of the source that links lead to which a run put.
// No copy carries an empty directory, so such a link leads nowhere at the destination.
// It is safe for concurrent use.
type emptyTargets struct {
	src core.Tree

	mu    sync.Mutex
	links map[string]string // a link by the key of its target
}

// unwrapped returns t without the decorators that are harmless to pass by; one of them
// may look into another tree for each listing.
func unwrapped(t core.Tree) core.Tree {
	for {
		u, ok := t.(interface{ Unwrap() core.Tree })
		if !ok {
			return t
		}
		t = u.Unwrap()
	}
}

// add notes a link that was put, if it leads to a directory and the source can be
// looked at for little.
func (e *emptyTargets) add(act Action, r sideRules) {
	t := act.Src.Target
	if act.Op != OpPut || t.Dir != core.IsDir || t.Key == "" || t.Key == "." || !r.maySayOtherwise {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.links == nil {
		e.links = make(map[string]string)
	}
	if _, known := e.links[t.Key]; known || len(e.links) < maxTargets {
		e.links[t.Key] = act.Key
	}
}

// notes returns a remark about the links to directories that hold nothing that is
// copied, or nothing.
func (e *emptyTargets) notes(ctx context.Context) []string {
	var dangling []string
	for _, dir := range slices.Sorted(maps.Keys(e.links)) {
		if e.holdsNothing(ctx, dir) {
			dangling = append(dangling, dir)
		}
	}
	switch len(dangling) {
	case 0:
		return nil
	case 1:
		dir := dangling[0]
		return []string{fmt.Sprintf("the link %s leads nowhere at the destination: the directory %s/ has nothing in it that is copied",
			core.DisplayKey(e.links[dir]), core.DisplayKey(dir))}
	}
	count := fmt.Sprint(len(dangling))
	if len(e.links) == maxTargets {
		count = "at least " + count
	}
	return []string{fmt.Sprintf("links lead nowhere at the destination, as %s: %s directories, as %s/, have nothing in them that is copied",
		core.DisplayKey(e.links[dangling[0]]), count, core.DisplayKey(dangling[0]))}
}

// holdsNothing reports whether the source lists no entry below dir that is copied. A
// directory that cannot be listed may hold some.
func (e *emptyTargets) holdsNothing(ctx context.Context, dir string) bool {
	for entry, err := range e.src.List(ctx, dir+"/") {
		switch {
		case err != nil:
			return false
		case !strings.HasPrefix(entry.Key, dir+"/"):
			return true
		case entry.Kind != core.Other:
			return false
		}
	}
	return true
}
