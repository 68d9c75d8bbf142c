package wrap

import (
	"context"
	"iter"
	"sync"

	"github.com/s3fc/s3fc/core"
)

// NoteDirLinks returns t, and a function that returns the links of t that lead
// to a directory, through a chain of links too, as far as the last listing from
// the start has come. The target of each is the directory itself. They are held
// in memory.
func NoteDirLinks(t core.Tree) (core.Tree, func() []core.Entry) {
	n := &noted{infoOf: infoOf{t}, Tree: t}
	return n, n.noted
}

type noted struct {
	infoOf
	core.Tree

	mu    sync.Mutex
	links []core.Entry
}

func (n *noted) noted() []core.Entry {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.links
}

func (n *noted) List(ctx context.Context, after string) iter.Seq2[core.Entry, error] {
	return func(yield func(core.Entry, error) bool) {
		if after == "" {
			n.begin()
		}
		for e, err := range n.Tree.List(ctx, after) {
			if err == nil && e.Kind == core.Link && after == "" {
				err = n.note(ctx, e)
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

func (n *noted) begin() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.links = nil
}

// note keeps e if it leads to a directory.
func (n *noted) note(ctx context.Context, e core.Entry) error {
	dir, is, err := dirOf(ctx, n.Tree, e.Target)
	if err != nil {
		return keyed(err, e.Key)
	}
	if is != core.IsDir {
		return nil
	}
	e.Target = core.Target{Key: dir, Dir: core.IsDir}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.links = append(n.links, e)
	return nil
}
