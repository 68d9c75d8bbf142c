package model

import (
	"errors"
	"fmt"
	"maps"

	"github.com/s3fc/s3fc/core"

	"github.com/s3fc/s3fc/core/reconcile"
)

// A Copy is one of Src to Dst, none of which it changes.
type Copy struct {
	Src, Dst State
	Flat     bool // the destination
	SrcFlat  bool
	Delete   reconcile.DeleteMode
}

// stays reports whether key, which only the destination has, must not be
// deleted.
func (m Copy) stays(key string) bool { return m.protected(key) || m.ofPair(key) }

// ofPair reports whether key is one of a and a/b in a flat destination, of which a
// source that is not flat could hold only one, and has neither, nor a file in place
// of a directory that they are in.
func (m Copy) ofPair(key string) bool {
	if !m.Flat || m.SrcFlat || m.Delete != reconcile.DeleteAfter {
		return false
	}
	for upper := range m.Dst {
		if (upper == key || core.Below(key, upper)) && m.extraneous(upper) && m.anyBelow(upper, m.extraneous) &&
			!m.anyBelow(upper, func(k string) bool { return m.Src[k] != "" }) && m.Src.Above(upper) == "" {
			return true
		}
	}
	return false
}

func (m Copy) extraneous(key string) bool {
	return m.Dst.Carried(key) && m.Src[key] == "" && !m.protected(key)
}

// anyBelow reports whether is holds for a key of either tree below upper.
func (m Copy) anyBelow(upper string, is func(key string) bool) bool {
	for _, s := range []State{m.Src, m.Dst} {
		for k := range s {
			if core.Below(k, upper) && is(k) {
				return true
			}
		}
	}
	return false
}

func (m Copy) protected(key string) bool {
	if m.Delete == reconcile.DeleteNever || m.Dst[key] == Other || m.Src[key] == Other {
		return true
	}
	for _, s := range []State{m.Src, m.Dst} {
		for k, v := range s {
			if v == Other && core.Below(key, k) {
				return true
			}
		}
	}
	return false
}

// conflict reports whether the source's entry at key cannot be put.
func (m Copy) conflict(key string) bool {
	if m.Dst[key] == Other {
		return true
	}
	if m.Flat {
		return false
	}
	for k, v := range m.Src {
		if v != Other && (core.Below(k, key) || core.Below(key, k)) {
			return true
		}
	}
	for k := range m.Dst {
		switch {
		case core.Below(key, k): // stands where a directory has to be
			if m.Src[k] != "" || m.stays(k) {
				return true
			}
		case core.Below(k, key): // stands in a directory that has to go
			if m.stays(k) {
				return true
			}
		}
	}
	return false
}

// Result is the destination's state after the copy.
func (m Copy) Result() State {
	out := maps.Clone(m.Dst)
	for key := range m.Dst {
		if m.Src[key] != "" || m.stays(key) {
			continue
		}
		if !m.spoiled(key) && !m.needlessly(key) {
			delete(out, key)
		}
	}
	for key := range m.Src {
		if m.Src.Carried(key) && !m.conflict(key) {
			out[key] = m.Src[key]
		}
	}
	return out
}

// needlessly reports whether key stands in the way of conflicts only, so that
// nothing would take its place.
func (m Copy) needlessly(key string) bool {
	below, put := false, false
	for k := range m.Src {
		if m.Src.Carried(k) && core.Below(k, key) {
			below = true
			put = put || !m.conflict(k)
		}
	}
	return !m.Flat && below && !put
}

// spoiled reports whether key stands below a source entry that is in conflict,
// so that nothing there is touched.
func (m Copy) spoiled(key string) bool {
	if m.Flat {
		return false
	}
	for k := range m.Src {
		if m.Src.Carried(k) && core.Below(key, k) && m.conflict(k) {
			return true
		}
	}
	return false
}

// Between checks the destination after a copy that may have failed anywhere: each
// key has its old or its new entry, whole, and there are no others. Of a and a/b in
// the source one may be there: a listing with an error hid the conflict.
func (m Copy) Between(now State) error {
	want := m.Result()
	var errs []error
	keys := maps.Clone(m.Dst)
	maps.Copy(keys, want)
	maps.Copy(keys, now)
	for key := range keys {
		if v := now[key]; v != m.Dst[key] && v != want[key] && !m.halfAConflict(key, v) {
			errs = append(errs, fmt.Errorf("%s holds %q: neither the old, %q, nor the new, %q", key, v, m.Dst[key], want[key]))
		}
	}
	return errors.Join(errs...)
}

func (m Copy) halfAConflict(key, value string) bool {
	return !m.Flat && value == m.Src[key] && m.Src.Carried(key) && m.Src.InTheWay(key) != ""
}

// Undeleted checks that nothing was deleted for being in the destination alone
// if something that was to be put is not there.
func (m Copy) Undeleted(now State) error {
	want := m.Result()
	for key := range m.Src {
		if !m.Src.Carried(key) || want[key] != m.Src[key] || now[key] == want[key] {
			continue
		}
		for old := range m.Dst {
			if m.Src[old] == "" && want[old] == "" && now[old] == "" && m.Src.InTheWay(old) == "" {
				return fmt.Errorf("%s was not put, and yet %s was deleted", key, old)
			}
		}
	}
	return nil
}
