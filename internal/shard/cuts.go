package shard

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/s3fc/s3fc/core"
)

// maxSample is how many keys a sample has at most.
const maxSample = 1 << 15

// sample is an even choice of keys, in the order in which they came: each stands for
// step keys. A listing of any length fills it to between a half and the whole.
type sample struct {
	keys []string
	step int
	seen int
}

func (s *sample) add(key string) {
	if s.step == 0 {
		s.step = 1
	}
	if s.seen%s.step == 0 {
		s.keys = append(s.keys, key)
	}
	s.seen++
	if len(s.keys) < maxSample {
		return
	}
	half := s.keys[:0]
	for i := 0; i < len(s.keys); i += 2 {
		half = append(half, s.keys[i])
	}
	s.keys, s.step = half, s.step*2
}

// sampleTree lists a tree for its sample, or names its keys where that is cheaper. An
// error of a single key is no error here: the shard that has the key reports it.
func sampleTree(ctx context.Context, t core.Tree) (*sample, error) {
	s := new(sample)
	if k, ok := core.As[core.KeyLister](t); ok {
		for key := range k.Keys(ctx) {
			s.add(key)
		}
		if s.seen > 0 {
			return s, ctx.Err()
		}
	}
	for e, err := range t.List(ctx, "") {
		if _, single := core.ErrorKey(err); err != nil && !single {
			return nil, err
		}
		if err == nil {
			s.add(e.Key)
		}
	}
	return s, nil
}

// merged returns the samples as one, in order, with the number of keys that each
// entry stands for.
func merged(samples ...*sample) (keys []string, weights []int, total int) {
	type weighted struct {
		key    string
		weight int
	}
	var all []weighted
	for _, s := range samples {
		for _, key := range s.keys {
			all = append(all, weighted{key, s.step})
		}
		total += s.step * len(s.keys)
	}
	slices.SortFunc(all, func(a, b weighted) int { return strings.Compare(a.key, b.key) })
	for _, w := range all {
		keys, weights = append(keys, w.key), append(weights, w.weight)
	}
	return keys, weights, total
}

// cutter finds cuts at which no entry is parted from the entries below it: where
// something stands at both k and k/x, one task must see both.
type cutter struct {
	trees []core.Tree
	free  map[string]bool // of keys: no tree has an entry at it
}

// clean reports whether no entry k lies before the cut while keys below k/ lie
// behind it. Those are the k that the cut begins with, followed by a slash or by a
// character that sorts before it: the cut "a-b" parts "a" from "a/x".
func (c *cutter) clean(ctx context.Context, cut string) (bool, error) {
	for i := 1; i < len(cut); i++ {
		if cut[i] > '/' {
			continue
		}
		free, err := c.isFree(ctx, cut[:i])
		if err != nil || !free {
			return false, err
		}
	}
	return true, nil
}

func (c *cutter) isFree(ctx context.Context, key string) (bool, error) {
	if free, known := c.free[key]; known {
		return free, nil
	}
	free := true
	for _, t := range c.trees {
		_, err := t.Stat(ctx, key)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return false, err
		}
		free = free && err != nil
	}
	if c.free == nil {
		c.free = make(map[string]bool)
	}
	c.free[key] = free
	return free, nil
}

// cutAfter is the cut behind a key and all that is below it. It is a string that is
// hardly a key itself: "~" is the last character of ASCII that prints.
func cutAfter(key string) string { return key + "~" }

// Cuts returns shards-1 cuts that divide the keys of the trees evenly, as far as the
// cuts can be clean. Where fewer can be had, cuts are repeated, and the shards
// between them are empty.
func Cuts(ctx context.Context, shards int, trees ...core.Tree) ([]string, error) {
	samples := make([]*sample, len(trees))
	err := forEach(ctx, len(trees), func(i int) (err error) {
		samples[i], err = sampleTree(ctx, trees[i])
		if errors.Is(err, fs.ErrNotExist) {
			samples[i], err = new(sample), nil
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	keys, weights, total := merged(samples...)
	return choose(ctx, shards, keys, weights, total, trees)
}

// choose chooses cuts behind some of the keys, which are in order and each stand for
// as many keys as their weight.
func choose(ctx context.Context, shards int, keys []string, weights []int, total int, trees []core.Tree) ([]string, error) {
	c := &cutter{trees: trees}
	cuts, sum := make([]string, 0, shards-1), 0
	for i, key := range keys {
		sum += weights[i]
		if len(cuts) == shards-1 || sum*shards < total*(len(cuts)+1) {
			continue
		}
		cut := cutAfter(key)
		if len(cuts) > 0 && cut <= cuts[len(cuts)-1] {
			continue
		}
		ok, err := c.clean(ctx, cut)
		if err != nil {
			return nil, err
		}
		if ok {
			cuts = append(cuts, cut)
		}
	}
	return pad(cuts, shards-1), nil
}

// pad repeats the last cut until there are n.
func pad(cuts []string, n int) []string {
	for len(cuts) < n {
		last := "~"
		if len(cuts) > 0 {
			last = cuts[len(cuts)-1]
		}
		cuts = append(cuts, last)
	}
	return cuts
}

// Known are keys from elsewhere that cuts are chosen from: a store's inventory, or the
// cuts of an earlier run. That a key is among them says nothing about the trees.
type Known struct {
	keys *sample
	cuts []string // of an earlier run; keys is nil then
}

// CutsFrom returns shards-1 cuts chosen evenly from known keys, each as clean as
// those of [Cuts].
func CutsFrom(ctx context.Context, shards int, known *Known, trees ...core.Tree) ([]string, error) {
	if known.keys == nil {
		return cutsAgain(ctx, shards, known.cuts, trees)
	}
	keys, weights, total := merged(known.keys)
	return choose(ctx, shards, keys, weights, total, trees)
}

// cutsAgain returns cuts of an earlier run, or some of them. One that is not clean
// any more is replaced by the one before it.
func cutsAgain(ctx context.Context, shards int, old []string, trees []core.Tree) ([]string, error) {
	if len(old) < shards-1 {
		return nil, fmt.Errorf("the earlier run had %d shards, so its cuts do not do for %d: choose them without it", len(old)+1, shards)
	}
	c := &cutter{trees: trees}
	var cuts []string
	for i := 1; i < shards; i++ {
		cut := old[i*(len(old)+1)/shards-1]
		ok, err := c.clean(ctx, cut)
		if err != nil {
			return nil, err
		}
		if ok {
			cuts = append(cuts, cut)
		}
	}
	return pad(cuts, shards-1), nil
}

// checkCuts checks once more, when a shard is listed, that its cuts part nothing.
func checkCuts(ctx context.Context, r *Run, i int, trees ...core.Tree) error {
	after, last := r.Range(i)
	c := &cutter{trees: trees}
	for _, cut := range []string{after, last} {
		ok, err := c.clean(ctx, cut)
		if err != nil {
			return err
		}
		if !ok {
			return fmt.Errorf("an entry above %s has appeared since the run was begun, so this cut would part it from entries below it: begin a new run", core.DisplayKey(cut))
		}
	}
	return nil
}
