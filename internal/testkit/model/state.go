// Package model computes the right outcome of a copy of two trees from the contract
// alone, in no order and without regard to speed. Tests compare the reconciler with
// it.
package model

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/s3fc/s3fc/core"
)

// A State is a tree's entries by key: the content of a file, "-> target" for a
// link, and [Other] for an entry that cannot be copied. A key that is not there has
// the empty string; a file that is empty has [Empty].
type State map[string]string

// The contents that stand for something else.
const (
	Other = "other"
	Empty = "empty"
	arrow = "-> "
)

// Content is the value of a file that holds b.
func Content(b []byte) string {
	if len(b) == 0 {
		return Empty
	}
	return string(b)
}

// Link is the value of a link to target.
func Link(target string) string { return arrow + target }

// Carried reports whether s has a file or a link at key.
func (s State) Carried(key string) bool { return s[key] != "" && s[key] != Other }

// Entry returns the entry of s at key, with the content of a file.
func (s State) Entry(key string) (core.Entry, []byte) {
	value := s[key]
	if target, ok := strings.CutPrefix(value, arrow); ok {
		return core.Entry{Key: key, Kind: core.Link, Target: core.Target{Key: target}}, nil
	}
	switch value {
	case Other:
		return core.Entry{Key: key, Kind: core.Other, Problem: errors.New("a fifo")}, nil
	case Empty:
		value = ""
	}
	return core.Entry{Key: key, Kind: core.File, Size: int64(len(value)), MD5: core.SumMD5([]byte(value))}, []byte(value)
}

// Plant makes an empty tree hold s.
func Plant(tree interface{ Plant(core.Entry, []byte) }, s State) {
	for _, key := range slices.Sorted(maps.Keys(s)) {
		tree.Plant(s.Entry(key))
	}
}

// Look reads a tree whole.
func Look(ctx context.Context, tree core.Tree) (State, error) {
	s := State{}
	for e, err := range tree.List(ctx, "") {
		if err != nil {
			return nil, err
		}
		if s[e.Key], err = value(ctx, tree, e); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func value(ctx context.Context, tree core.Tree, e core.Entry) (string, error) {
	if e.Kind == core.Other {
		return Other, nil
	}
	body, e, err := tree.Open(ctx, e.Key)
	switch {
	case err != nil:
		return "", err
	case e.Kind == core.Other:
		return Other, nil
	case e.Kind == core.Link:
		return Link(e.Target.Key + e.Target.URL), nil
	}
	b, err := io.ReadAll(body)
	return Content(b), errors.Join(err, body.Close())
}

var segments = []string{"a", "a-", "a.b", "a0", "b"}

// RandomKey is one of few keys, so that they meet often.
func RandomKey(r *rand.Rand) string {
	var key []string
	for range 1 + r.IntN(3) {
		key = append(key, segments[r.IntN(len(segments))])
	}
	return strings.Join(key, "/")
}

// Random is a small tree. If it is not flat, nothing stands above or below
// anything.
func Random(r *rand.Rand, flat, others bool) State {
	s := State{}
	for range r.IntN(9) {
		s.Change(r, flat, others)
	}
	return s
}

// Change puts something at a random key, unless it is in the way there.
func (s State) Change(r *rand.Rand, flat, others bool) {
	key := RandomKey(r)
	if !flat && s.InTheWay(key) != "" {
		return
	}
	switch n := r.IntN(10); {
	case n < 6:
		s[key] = fmt.Sprintf("content %d", r.IntN(3))
	case n < 9 || !others:
		s[key] = Link(RandomKey(r))
	default:
		s[key] = Other
	}
}

// InTheWay returns a key of s that stands above or below key, or "".
func (s State) InTheWay(key string) string {
	for _, k := range slices.Sorted(maps.Keys(s)) {
		if core.Below(k, key) || core.Below(key, k) {
			return k
		}
	}
	return ""
}

// Above returns a key of s that stands above key, or "".
func (s State) Above(key string) string {
	for k := range s {
		if core.Below(key, k) {
			return k
		}
	}
	return ""
}
