package overview

import (
	"context"
	"fmt"

	"github.com/s3fc/s3fc/core"
)

// Data is a tree as the page shows it. It is immutable.
type Data struct {
	Tree  string   `json:"tree"`
	Keys  []string `json:"keys"`  // in byte order; escaped where a person could not read them
	Sizes []int64  `json:"sizes"` // in bytes; -1 for a link, -2 for an entry that cannot be copied
	Links []Link   `json:"links"`
	// Changes are those that a copy from Source would make, nil if none was asked.
	Source  string   `json:"source,omitempty"`
	Changes []Change `json:"changes"`
	Cost    string   `json:"cost,omitempty"` // of the copy, in words
	Errors  []string `json:"errors"`         // of the listing
}

// A Change is an action that a copy would carry out.
type Change struct {
	Op     string `json:"op"`
	Key    string `json:"key"`
	Reason string `json:"why"`
	Size   int64  `json:"size"`
	Old    int64  `json:"old"` // the size at the destination, -1 for none
}

const (
	sizeLink  = -1
	sizeOther = -2
)

// Read lists tree, whose name is for the page, and finds where its links lead. A
// listing may know that an entry may be a link and no more: such entries are asked
// for one by one. Errors of single keys are shown in the page; one that ends the
// listing is returned.
func Read(ctx context.Context, name string, tree core.Tree) (*Data, error) {
	d := &Data{Tree: name, Keys: []string{}, Sizes: []int64{}, Links: []Link{}, Errors: []string{}}
	r := &resolver{targets: make(map[string]core.Target), files: make(map[string]bool), dirs: make(map[string]bool)}
	links := make(map[int]core.Entry)
	for e, err := range tree.List(ctx, "") {
		if key, single := core.ErrorKey(err); err != nil && single {
			d.Errors = append(d.Errors, fmt.Sprintf("%s: %v", core.DisplayKey(key), err))
			continue
		}
		if err != nil {
			return nil, err
		}
		if e.MaybeLink {
			key := e.Key
			if e, err = tree.Stat(ctx, key); err != nil {
				d.Errors = append(d.Errors, fmt.Sprintf("%s: %v", core.DisplayKey(key), err))
				continue
			}
		}
		if e.Kind != core.File {
			links[len(d.Keys)] = e
		}
		d.add(r, e)
	}
	d.resolve(r, links)
	return d, nil
}

func (d *Data) add(r *resolver, e core.Entry) {
	size := e.Size
	switch e.Kind {
	case core.File:
		r.files[e.Key] = true
	case core.Link:
		r.targets[e.Key] = e.Target
		size = sizeLink
	default:
		size = sizeOther
	}
	r.addDirs(e.Key)
	d.Keys = append(d.Keys, core.DisplayKey(e.Key))
	d.Sizes = append(d.Sizes, size)
}

func (d *Data) resolve(r *resolver, links map[int]core.Entry) {
	for i := range d.Keys {
		e, is := links[i]
		if !is {
			continue
		}
		if e.Kind == core.Other {
			l := Link{Key: i, Status: StatusRefused}
			if e.Problem != nil {
				l.Problem = e.Problem.Error()
			}
			d.Links = append(d.Links, l)
			continue
		}
		final, hops, status := r.follow(e.Key)
		l := Link{Key: i, Target: core.DisplayKey(e.Target.String()), Hops: hops, Status: status}
		if hops > 1 {
			l.Final = core.DisplayKey(final)
		}
		d.Links = append(d.Links, l)
	}
}
