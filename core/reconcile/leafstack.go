package reconcile

import (
	"errors"
	"fmt"
	"slices"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/spool"
)

// leaf is an entry below which more keys may still come: nothing can be said
// of it for good until the join has passed its key and a slash.
type leaf struct {
	key    string
	action Action

	// protects: nothing below is deleted, for here is something that cannot be
	// copied, in either tree.
	protects bool
	// blocks: nothing can be put below, for the destination has something here
	// that must stay.
	blocks bool
	// inConflict: the source has this and also something below it, or something
	// below it must stay; so nothing here is touched.
	inConflict bool
	// group holds the deletes that make way for this entry.
	group *spool.Spool[Action]
	// replaced: something is put below, so that this entry of the destination has
	// to go.
	replaced bool
	// guardOnly: the leaf only stands guard; its action was given out already.
	guardOnly bool
}

// wants reports whether the source has something at the leaf that is to be at
// the destination.
func (l *leaf) wants() bool {
	return l.action.Src != nil && l.action.Src.Kind != core.Other && l.action.Op != OpRefuse
}

// obstructs reports whether the destination has a file or link here, which in
// a store that is not flat has to go before anything is put below.
func (l *leaf) obstructs() bool { return l.action.Dst != nil && l.action.Dst.Kind != core.Other }

// leafStack takes the actions of single keys, in key order, and gives out those of
// the whole plan: it sees which entries lie below which. It has one leaf in memory
// for each segment of a key, and a replacement's deletes on disk.
type leafStack struct {
	flat  bool // nothing is ever in the way at the destination
	dir   string
	stack []*leaf
	dirs  emptyDirs
	pairs *pairs // nil where the destination alone can have none
	// turnover is of the actions that were given out.
	turnover turnover
	out      func(Action) error
}

// spoolBound is how many actions are grouped in memory before they go to disk.
const spoolBound = 16 << 10

// add takes the action of the next key.
func (s *leafStack) add(act Action) error {
	if err := s.comeTo(act.Key); err != nil {
		return err
	}
	l := &leaf{key: act.Key, action: act}
	l.protects = !l.wants() && act.Src != nil || act.Dst != nil && act.Dst.Kind == core.Other
	l.blocks = act.Dst != nil && act.Dst.Kind == core.Other
	grouped, err := s.below(l)
	if l.action.Op != OpDelete {
		s.dirs.use()
	}
	if err != nil || grouped {
		return err
	}
	if s.flat && !l.protects {
		return s.outFlat(l.action)
	}
	s.stack = append(s.stack, l)
	return nil
}

// addListError takes an error of a listing about key: the entries there and below
// are unknown, so nothing there is touched.
func (s *leafStack) addListError(act Action) error {
	if n := len(s.stack); n == 0 || s.stack[n-1].key <= act.Key {
		if err := s.comeTo(act.Key + "/"); err != nil {
			return err
		}
		s.dirs.use()
		for _, l := range s.stack {
			if core.Below(act.Key+"/", l.key) {
				if err := s.conflictAt(l, ReasonInTheWay, errors.New("the entries below it could not be listed")); err != nil {
					return err
				}
			}
		}
	}
	if err := s.out(act); err != nil {
		return err
	}
	s.stack = append(s.stack, &leaf{key: act.Key, protects: true, blocks: true, guardOnly: true})
	return nil
}

// addDirectory takes a directory of the destination.
func (s *leafStack) addDirectory(dir string) error {
	if err := s.comeTo(dir + "/"); err != nil {
		return err
	}
	used := false
	for _, l := range s.stack {
		// A put in its place removes it, or the entries below it stay.
		used = used || (l.key == dir || core.Below(dir, l.key)) && (l.wants() || l.protects)
	}
	s.dirs.enter(dir, used)
	return nil
}

// end gives out the actions that are still grouped.
func (s *leafStack) end() error {
	if err := s.releaseTo(0); err != nil {
		return err
	}
	if s.pairs != nil {
		if err := s.pairs.end(); err != nil {
			return err
		}
	}
	return s.dirs.leave("", s.removeDir)
}

// outFlat gives out the action of a key in a flat store, which nothing but a pair
// changes.
func (s *leafStack) outFlat(act Action) error {
	if s.pairs != nil {
		return s.pairs.add(act)
	}
	return s.out(act)
}

// comeTo gives out the leaves that no key from key on can change.
func (s *leafStack) comeTo(key string) error {
	if err := s.releaseBefore(key); err != nil {
		return err
	}
	if s.pairs != nil {
		if err := s.pairs.leave(key); err != nil {
			return err
		}
	}
	if err := s.dirs.leave(key, s.removeDir); err != nil {
		return err
	}
	s.turnover.comeTo(key)
	return nil
}

func (s *leafStack) removeDir(dir string) error {
	return s.out(Action{Op: OpRemoveDir, Key: dir, Reason: ReasonEmpty})
}

// releaseBefore gives out the leaves below which key, and so all that follows it,
// cannot be.
func (s *leafStack) releaseBefore(key string) error {
	n := len(s.stack)
	for n > 0 && !core.MoreBelow(s.stack[n-1].key, key) {
		n--
	}
	return s.releaseTo(n)
}

func (s *leafStack) releaseTo(n int) error {
	for len(s.stack) > n {
		l := s.stack[len(s.stack)-1]
		s.stack = s.stack[:len(s.stack)-1]
		if err := s.release(l); err != nil {
			return err
		}
	}
	return nil
}

// release gives out a leaf, and after a replacement the deletes that make way
// for it.
func (s *leafStack) release(l *leaf) error {
	if l.guardOnly {
		return nil
	}
	s.markObstacle(l)
	if s.flat {
		return s.outFlat(l.action)
	}
	if l.group == nil {
		return s.out(l.action)
	}
	defer l.group.Close() //nolint:errcheck // It was read to its end.
	l.action.Group = l.key
	if err := s.out(l.action); err != nil {
		return err
	}
	for act, err := range l.group.All() {
		if err != nil {
			return err
		}
		if err := s.out(act); err != nil {
			return err
		}
	}
	return nil
}

// markObstacle makes sure that an entry in the way is deleted only if something is
// put in its place.
func (s *leafStack) markObstacle(l *leaf) {
	if l.action.Op == OpDelete && l.action.Reason == ReasonInTheWay && !l.replaced {
		l.action.Op, l.action.Reason = OpKeep, ReasonProtected
	}
	if l.action.Op != OpPut || l.action.Obstacle == nil {
		return
	}
	for _, up := range s.stack {
		if up.key == l.action.Obstacle.Key {
			up.replaced = true
		}
	}
}

// below adapts the action of l to the leaves above it. grouped says that the action
// joined an ancestor's group, and is given out with that.
func (s *leafStack) below(l *leaf) (grouped bool, err error) {
	s.protect(l)
	if s.flat {
		return false, nil
	}
	for _, up := range slices.Backward(s.stack) {
		if !core.Below(l.key, up.key) {
			continue
		}
		if l.wants() {
			err = s.sourceBelow(up, l)
		} else if l.action.Dst != nil && !grouped {
			grouped, err = s.destinationBelow(up, l)
		}
		if err != nil {
			return false, err
		}
	}
	return grouped, nil
}

// protect turns deletes below an entry that cannot be copied into keeps.
func (s *leafStack) protect(l *leaf) {
	for _, up := range s.stack {
		if up.protects && l.action.Op == OpDelete && core.Below(l.key, up.key) {
			l.action.Op, l.action.Reason = OpKeep, ReasonProtected
		}
	}
}

// sourceBelow: something is to be at l, below up.
func (s *leafStack) sourceBelow(up, l *leaf) error {
	obstacle := up.obstructs() && up.action.Op == OpDelete
	if obstacle {
		up.action.Reason = ReasonInTheWay // it goes if and when something takes its place
	}
	switch {
	case up.wants():
		both := fmt.Errorf("%w: the source has both %s and %s, and a directory can hold only one",
			core.ErrConflict, core.DisplayKey(up.key), core.DisplayKey(l.key))
		if l.action.Op != OpConflict {
			l.conflict(ReasonFileAndDir, both)
		}
		return s.conflictAt(up, ReasonFileAndDir, both)
	case l.action.Op == OpConflict:
		return nil
	case up.blocks:
		l.conflict(ReasonInTheWay, fmt.Errorf("%w: %s is in the way: %w", core.ErrConflict, core.DisplayKey(up.key), problemOf(up)))
	case obstacle:
		l.action.Obstacle = up.action.Dst
	case up.obstructs():
		l.conflict(ReasonInTheWay, fmt.Errorf("%w: %s is in the way at the destination, and is not deleted (%s)",
			core.ErrConflict, core.DisplayKey(up.key), up.action.Reason))
	}
	return nil
}

func problemOf(up *leaf) error {
	if up.action.Dst == nil || up.action.Dst.Problem == nil {
		return errors.New("it could not be read")
	}
	return up.action.Dst.Problem
}

// destinationBelow: the destination has something at l that the source has not, below
// up. Where the source has a leaf at up, that is a directory to be replaced.
func (s *leafStack) destinationBelow(up, l *leaf) (grouped bool, err error) {
	switch {
	case !up.wants():
		return false, nil
	case up.inConflict || up.action.Op != OpPut:
		if l.action.Op == OpDelete {
			l.action.Op, l.action.Reason = OpKeep, ReasonProtected
		}
		return false, nil
	case l.action.Op == OpDelete:
		if up.group == nil {
			up.group = spool.New[Action](s.dir, spoolBound)
		}
		l.action.Group, l.action.Reason = up.key, ReasonInTheWay
		return true, up.group.Add(l.action)
	}
	return false, s.conflictAt(up, ReasonInTheWay, fmt.Errorf("%w: %s below it at the destination stays (%s)",
		core.ErrConflict, core.DisplayKey(l.key), l.action.Reason))
}

func (l *leaf) conflict(reason Reason, err error) {
	l.action.Op, l.action.Reason, l.action.Err = OpConflict, reason, err
	l.action.Obstacle = nil
	l.inConflict = true
}

// conflictAt makes a conflict of a leaf; the deletes that were to make way for it
// are not done.
func (s *leafStack) conflictAt(l *leaf, reason Reason, err error) error {
	if l.inConflict || !l.wants() {
		return nil
	}
	l.conflict(reason, err)
	group := l.group
	if group == nil {
		return nil
	}
	l.group = nil
	defer group.Close() //nolint:errcheck // It was read to its end.
	for act, err := range group.All() {
		if err != nil {
			return err
		}
		act.Op, act.Reason, act.Group = OpKeep, ReasonProtected, ""
		if err := s.out(act); err != nil {
			return err
		}
	}
	return nil
}

// close frees the groups of a plan that was not finished.
func (s *leafStack) close() {
	for _, l := range s.stack {
		if l.group != nil {
			_ = l.group.Close()
		}
	}
	if s.pairs != nil {
		s.pairs.close()
	}
}
