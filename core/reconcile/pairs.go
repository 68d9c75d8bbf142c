package reconcile

import (
	"fmt"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/spool"
)

// pairs refuses to delete entries a and a/b that the destination alone has, where it is
// flat and the source is not: the source could hold only one of them, so a copy from
// the destination has carried neither, and they are not missing from the source. Where
// the source has a, or anything below a/, or a file in place of a directory that a is
// in, no such copy has been, and the rest is deleted.
//
// It takes the actions of keys in key order. It has the deletes whose fate depends on
// keys to come: in memory one for each segment of a key, the others in a spool.
type pairs struct {
	dir  string
	open []*openDelete
	out  func(Action) error
}

// openDelete is a delete below whose key more keys may come, or an entry of the source
// there, which was given out already.
type openDelete struct {
	act   Action
	below string // an entry of the destination alone below act.Key, or empty
	// inSource: the source has something below act.Key, so that this is no pair.
	inSource bool
	group    *spool.Spool[Action] // deletes below act.Key, if it may be a pair
}

// add takes the action of the next key.
func (p *pairs) add(act Action) error {
	if err := p.leave(act.Key); err != nil {
		return err
	}
	if act.Src != nil {
		if err := p.haveSource(act.Key); err != nil {
			return err
		}
		p.open = append(p.open, &openDelete{act: act, inSource: true})
	}
	if act.Op != OpDelete {
		return p.out(act)
	}
	d := &openDelete{act: act}
	for _, up := range p.open {
		if !core.Below(act.Key, up.act.Key) {
			continue
		}
		if up.below == "" {
			up.below = act.Key
		}
		d.inSource = d.inSource || up.act.Src != nil
	}
	p.open = append(p.open, d)
	return nil
}

// haveSource says that the source has something at key.
func (p *pairs) haveSource(key string) error {
	for _, up := range p.open {
		if up.inSource || !core.Below(key, up.act.Key) {
			continue
		}
		up.inSource = true
		if err := p.giveOut(up, func(act Action) Action { return act }); err != nil {
			return err
		}
	}
	return nil
}

// leave gives out the deletes that key, and so all that follows it, cannot change.
func (p *pairs) leave(key string) error {
	for n := len(p.open); n > 0 && (key == "" || !core.MoreBelow(p.open[n-1].act.Key, key)); n-- {
		d := p.open[n-1]
		p.open = p.open[:n-1]
		if err := p.release(d); err != nil {
			return err
		}
	}
	return nil
}

// end gives out the remaining deletes.
func (p *pairs) end() error { return p.leave("") }

func (p *pairs) release(d *openDelete) error {
	if d.act.Src != nil {
		return nil
	}
	if d.inSource || d.below == "" {
		return p.delete(d.act)
	}
	if err := p.out(refusePair(d.act, d.act.Key, d.below)); err != nil {
		return err
	}
	return p.giveOut(d, func(act Action) Action { return refusePair(act, d.act.Key, act.Key) })
}

// delete gives out a delete, or groups it with the one above that may be a pair.
func (p *pairs) delete(act Action) error {
	for n := len(p.open) - 1; n >= 0; n-- {
		up := p.open[n]
		if !core.Below(act.Key, up.act.Key) {
			continue
		}
		if up.inSource {
			break // as of all above it
		}
		if up.group == nil {
			up.group = spool.New[Action](p.dir, spoolBound)
		}
		return up.group.Add(act.clone())
	}
	return p.out(act)
}

// giveOut gives out the deletes that are grouped with d, as change makes them.
func (p *pairs) giveOut(d *openDelete, change func(Action) Action) error {
	group := d.group
	if group == nil {
		return nil
	}
	d.group = nil
	defer group.Close() //nolint:errcheck // It was read to its end.
	for act, err := range group.All() {
		if err == nil {
			err = p.out(change(act))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// close gives back memory and disk when a plan is not finished.
func (p *pairs) close() {
	for _, d := range p.open {
		if d.group != nil {
			_ = d.group.Close()
		}
	}
}

// refusePair is the outcome of the delete of an entry that belongs to the pair upper
// and lower.
func refusePair(act Action, upper, lower string) Action {
	act.Op, act.Reason = OpRefuse, ReasonUnholdable
	act.Err = &pairError{upper, lower}
	return act
}

// pairError says why the two entries of a pair stay. It is core.ErrUnsupportedKey.
type pairError struct{ upper, lower string }

func (e *pairError) Error() string {
	return fmt.Sprintf("%v: the destination has both %s and %s, and the source can hold only one of them; they stay",
		core.ErrUnsupportedKey, core.DisplayKey(e.upper), core.DisplayKey(e.lower))
}

// Cause is the text that all pairs share.
func (*pairError) Cause() string {
	return "the destination has both a file and entries below its key, and the source can hold only one of them; they stay"
}

func (*pairError) Unwrap() error { return core.ErrUnsupportedKey }
