package reconcile

import (
	"errors"

	"github.com/s3fc/s3fc/core"
)

// need is the one fact that a decision still waits for.
type need uint8

const (
	nothing    need = iota
	statSrc         // the source's entry, complete
	statDst         // the destination's entry, complete
	hashSrc         // the md5 of the source's file, by reading it
	hashDst         // the md5 of the destination's file, by reading it
	headersDst      // the headers of the destination's file
)

// decision is an operation with its reason, or, if need is not nothing, the
// fact without which there is none yet.
type decision struct {
	op     Op
	reason Reason
	need   need
}

func ask(n need) decision                { return decision{need: n} }
func does(op Op, reason Reason) decision { return decision{op: op, reason: reason} }

// decide chooses the action for one key. It is pure: src and dst are the facts
// known of the two sides (nil: no entry), and proven says that a listing's token
// proved the other side's content. It never asks for the same fact twice, as long
// as asking changes the entry: Stat clears Partial, and a hash makes the md5, or the hash of parts, known.
func decide(src, dst *core.Entry, proven bool, r rules) decision {
	switch {
	case src == nil && dst == nil:
		return does(OpKeep, ReasonSame) // it was listed, and has gone from the destination since
	case src == nil:
		return decideExtraneous(dst, r)
	case src.Kind == core.Other:
		return decideUncarriable(src)
	case dst == nil:
		if src.MaybeLink && r.resolve {
			return ask(statSrc)
		}
		return does(OpPut, ReasonNew)
	case proven && !r.asksAnyway(src, dst):
		return keepContent(src, dst, ReasonProven, r)
	case dst.Kind == core.Other && src.MaybeLink && !errors.Is(dst.Problem, core.ErrExcluded):
		return ask(statSrc) // it may be a link that the destination cannot carry on, but has
	case dst.Kind == core.Other:
		return does(OpConflict, ReasonInTheWay)
	case src.Kind == core.Link && dst.Kind == core.Link:
		return decideLinks(src, dst, r)
	case src.Kind == core.File && dst.Kind == core.File:
		return decideFiles(src, dst, r)
	}
	return decideKinds(src, dst, r)
}

// decideExtraneous: only the destination has something.
func decideExtraneous(dst *core.Entry, r rules) decision {
	switch {
	case dst.Kind == core.Other && errors.Is(dst.Problem, core.ErrExcluded):
		return does(OpKeep, ReasonProtected)
	case dst.Kind == core.Other:
		return does(OpRefuse, ReasonUncarriable)
	case r.del == DeleteNever:
		return does(OpKeep, ReasonDeletesOff)
	case r.keepsUnholdable(dst):
		return does(OpRefuse, ReasonUnholdable)
	case dst.MaybeLink:
		return ask(statDst)
	}
	return does(OpDelete, ReasonExtraneous)
}

func decideUncarriable(src *core.Entry) decision {
	if errors.Is(src.Problem, core.ErrExcluded) {
		return does(OpKeep, ReasonProtected)
	}
	return does(OpRefuse, ReasonUncarriable)
}

// decideLinks decides about two links. The kind of their target counts only if the
// source knows it and the destination stores it.
func decideLinks(src, dst *core.Entry, r rules) decision {
	switch {
	case !src.Target.Same(dst.Target):
		return overwrite(dst, ReasonTarget, r)
	case r.dst.dirTargets && src.Target.Dir != core.DirUnknown && src.Target.Dir != dst.Target.Dir:
		return overwrite(dst, ReasonTarget, r)
	}
	return does(OpKeep, ReasonSame)
}

// decideKinds: a file on one side and a link on the other, where a file of a
// listing may yet turn out to be a link.
func decideKinds(src, dst *core.Entry, r rules) decision {
	switch {
	case dst.MaybeLink:
		return ask(statDst)
	case src.MaybeLink:
		return ask(statSrc)
	}
	return overwrite(dst, ReasonKind, r)
}

// decideFiles: two files, as far as is known.
func decideFiles(src, dst *core.Entry, r rules) decision {
	switch {
	case src.Size != dst.Size && dst.MaybeLink:
		return ask(statDst)
	case src.Size != dst.Size && src.MaybeLink && r.resolve:
		return ask(statSrc)
	case src.Size != dst.Size:
		return does(OpPut, ReasonSize)
	case r.sameSizeAndTime(src, dst):
		return keepContent(src, dst, ReasonSizeTime, r)
	case comparableParts(src, dst, r):
		if src.Parts == dst.Parts {
			return keepContent(src, dst, ReasonSame, r)
		}
		return does(OpPut, ReasonMD5)
	case !src.MD5.Known() && !r.src.asks && (src.Parts.Count == 0 || r.dst.asks || hashed(dst)):
		return ask(hashSrc)
	case !dst.MD5.Known() && !r.dst.asks:
		return ask(hashDst)
	case dst.Partial && (!dst.MD5.Known() || dst.MaybeLink):
		return ask(statDst)
	case src.Partial && (!src.MD5.Known() || src.MaybeLink):
		return ask(statSrc)
	case !src.MD5.Known() || !dst.MD5.Known():
		return does(OpPut, ReasonUnproven)
	case src.MD5 != dst.MD5:
		return does(OpPut, ReasonMD5)
	}
	return keepContent(src, dst, ReasonSame, r)
}

// hashed reports whether an md5 or a hash of parts is known of e.
func hashed(e *core.Entry) bool { return e.MD5.Known() || e.Parts.Count > 0 }

// comparableParts reports whether hashes of equal parts decide about two files, of one
// size, that only reading tells apart.
func comparableParts(a, b *core.Entry, r rules) bool {
	return !r.src.asks && !r.dst.asks && (!a.MD5.Known() || !b.MD5.Known()) &&
		a.Parts.Count > 0 && a.Parts.Count == b.Parts.Count && a.Parts.PartSize == b.Parts.PartSize
}

// overwrite puts over dst, unless the source could not hold dst: then dst stays,
// unless the user said that everything may go.
func overwrite(dst *core.Entry, reason Reason, r rules) decision {
	if r.keepsUnholdable(dst) {
		return does(OpConflict, ReasonUnholdable)
	}
	return does(OpPut, reason)
}
