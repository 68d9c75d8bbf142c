package reconcile

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/s3fc/s3fc/core"
)

// Headers says how a run treats headers of files of the destination that no rule
// names. It matters where rules give the source's files their headers, and the
// destination stores headers.
type Headers uint8

const (
	// HeadersAuto asks for no headers: a file whose content is the same gets those of
	// the rules if its own are known, by its mark or because it was asked for anyway.
	// A file that is overwritten loses those that no rule names.
	HeadersAuto Headers = iota
	// HeadersKeep also keeps, where a file is overwritten, the headers that no rule
	// names: one question for each.
	HeadersKeep
	// HeadersCheck also asks for the headers of each file whose content is the same.
	HeadersCheck
)

var headersNames = [...]string{HeadersAuto: "auto", HeadersKeep: "keep", HeadersCheck: "check"}

// String returns "auto", "keep" or "check".
func (h Headers) String() string { return headersNames[h] }

// ParseHeaders reads "auto", "keep" or "check".
func ParseHeaders(s string) (Headers, error) {
	for i, name := range headersNames {
		if s == name {
			return Headers(i), nil
		}
	}
	return 0, fmt.Errorf("%q: expected auto, keep or check", s)
}

// keepContent decides about two files of the same content: their headers are compared
// where rules give them.
func keepContent(src, dst *core.Entry, reason Reason, r rules) decision {
	switch {
	case !r.dst.headers || src.HeaderMark == "" || src.Kind != core.File || dst.Kind != core.File:
	case dst.Headers == nil && r.headers == HeadersCheck:
		return ask(headersDst)
	case headersDiffer(src, dst):
		return does(OpHeaders, ReasonHeaders)
	}
	return does(OpKeep, reason)
}

// headersDiffer reports whether dst is known to have other headers than the rules give
// src. Headers that no rule names, and none named when dst was put, are no difference.
func headersDiffer(src, dst *core.Entry) bool {
	marked := dst.HeaderMark != "" && dst.HeaderMark != src.HeaderMark
	if dst.Headers == nil || marked && src.Headers.Get("acl") != "" { // no store tells an ACL
		return marked
	}
	return len(dst.Headers.Differing(src.Headers, formerHeaders(src, dst))) > 0
}

// formerHeaders returns the names of the headers that rules had given dst, and do not
// give src any more.
func formerHeaders(src, dst *core.Entry) (names []string) {
	given := src.Headers.Names()
	for _, name := range dst.HeaderMark.Names() {
		if !slices.Contains(given, name) {
			names = append(names, name)
		}
	}
	return names
}

// checkHeaders returns the reason why the headers of dst cannot be set, or nil. Where
// the destination has no way to set them, the content is put again.
func (a *asker) checkHeaders(dst *core.Entry) error {
	k, ok := core.As[core.HeaderKeeper](a.dst)
	if !ok {
		return nil
	}
	if err := k.CheckSetHeaders(*dst); !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	return nil
}

// seenHeaders remembers that the destination was seen to have the headers that the
// rules give.
func (a *asker) seenHeaders(q *facts) {
	if q.src == nil || q.dst == nil || q.dst.Headers == nil || q.src.HeaderMark == "" || q.dst.HeaderMark == q.src.HeaderMark {
		return
	}
	q.dst.HeaderMark = q.src.HeaderMark
	a.noteHeaders(*q.dst, q.src.HeaderMark)
}

// noteHeaders remembers that e of the destination has the headers of a mark.
func (a *asker) noteHeaders(e core.Entry, mark core.HeaderMark) {
	if a.dstMemory != nil && mark != "" {
		e.HeaderMark = mark
		a.dstMemory.Remember(e)
	}
}

// completeSource is complete for the source. Of its headers, those come along that
// describe the content, unless rules give them.
func completeSource(ctx context.Context, t core.Tree, key string) (*core.Entry, error) {
	e, err := complete(ctx, t, key)
	if e != nil && e.HeaderMark == "" {
		e.Headers = e.Headers.Describing()
	}
	return e, err
}

// setsHeaders returns dst as a HeaderKeeper if it can carry out an action without the
// content: a type, a storage class, an encryption and an ACL that no rule gives any more
// become the store's own choice only with a put.
func setsHeaders(dst core.Tree, act Action) (core.HeaderKeeper, bool) {
	for _, name := range formerHeaders(act.Src, act.Dst) {
		switch name {
		case "content-type", "storage-class", "server-side-encryption", "acl":
			return nil, false
		}
	}
	k, ok := core.As[core.HeaderKeeper](dst)
	return k, ok && !errors.Is(k.CheckSetHeaders(*act.Dst), errors.ErrUnsupported)
}

// errRulesChanged: the rules give a file other headers than they did in the plan.
var errRulesChanged = fmt.Errorf("%w: the rules give it other headers than the plan saw", core.ErrChanged)

// setHeaders gives the destination's file the headers of the source's, without its
// content where the destination can do that.
func (t *mover) setHeaders(ctx context.Context, act Action) Action {
	act, ok := t.plannedHeaders(ctx, act)
	if !ok {
		return act
	}
	k, ok := setsHeaders(t.dst, act)
	for try := 1; ok; try++ {
		now, err := k.SetHeaders(ctx, *act.Dst, act.Src.Headers, formerHeaders(act.Src, act.Dst))
		switch {
		case err == nil:
			t.asker.noteHeaders(now, act.Src.HeaderMark)
			return act
		case errors.Is(err, errors.ErrUnsupported):
			if ok = false; now.Key != "" {
				act.Dst = &now
			}
		case core.IsTransient(err) && try < transferTries && pause(ctx, try):
		case errors.Is(err, core.ErrChanged):
			return failure(act, ReasonChanged, err)
		default:
			return failure(act, ReasonWrite, err)
		}
	}
	return t.putWithHeaders(ctx, act)
}

// putWithHeaders puts the content of a file again, for its headers.
func (t *mover) putWithHeaders(ctx context.Context, act Action) Action {
	put := act
	put.Op = OpPut
	out := t.transfer(ctx, put, t.dstSink(act))
	if out.Op == OpPut {
		out.Op, out.Reason = OpHeaders, act.Reason
	}
	return out
}

// plannedHeaders reports whether the source still has the file and the rules that were
// planned, where the run is exact; if not, the outcome is why.
func (t *mover) plannedHeaders(ctx context.Context, act Action) (outcome Action, ok bool) {
	if !t.exact {
		return act, true
	}
	src, err := complete(ctx, t.src, act.Key)
	switch {
	case err != nil:
		return failure(act, ReasonRead, err), false
	case src == nil || !sameVersion(act.Src, src):
		return failure(act, ReasonChanged, t.changedSource(errSourceChanged)), false
	case src.HeaderMark != act.Src.HeaderMark:
		return failure(act, ReasonChanged, errRulesChanged), false
	}
	return act, true
}

// keepsHeaders reports whether a put keeps headers of the file that it replaces.
func (r *Reconciler) keepsHeaders(act Action) bool {
	return r.Headers == HeadersKeep && act.Dst != nil && act.Dst.Kind == core.File && act.Src.Kind == core.File &&
		act.Src.HeaderMark != "" && r.Dst.Features().Headers
}

// keptHeaders returns the headers of the file that a put replaces which are to be kept:
// those that no rule had given it.
func (t *mover) keptHeaders(ctx context.Context, act Action) (*core.Headers, error) {
	if t.run == nil || !t.run.keepsHeaders(act) {
		return nil, nil
	}
	if act.Dst.Headers != nil { // the plan has asked for them
		return t.run.otherHeaders(act.Dst, act.Dst.HeaderMark.Names()), nil
	}
	now, err := t.dst.Stat(ctx, act.Key)
	if err != nil {
		return nil, fmt.Errorf("its headers are to be kept, and cannot be asked for: %w", err)
	}
	return t.run.otherHeaders(&now, act.Dst.HeaderMark.Names()), nil
}

// otherHeaders returns the headers that describe the content of e and that are not among
// names. A type that the name of the file says, too, is found anew from the content.
func (r *Reconciler) otherHeaders(e *core.Entry, names []string) *core.Headers {
	h := e.Headers.Describing().Without(names)
	if t := h.Get("content-type"); t == "binary/octet-stream" || r.TypeOf != nil && baseType(t) == baseType(r.TypeOf(e.Key)) {
		h = h.Without([]string{"content-type"})
	}
	return h
}

func baseType(t string) string {
	base, _, _ := strings.Cut(t, ";")
	return strings.ToLower(strings.TrimSpace(base))
}

// lostHeaders tells the user once a run that headers which no rule names are lost where
// a file is overwritten, if that is known without a question.
type lostHeaders struct {
	run  *Reconciler
	said bool
}

func (l *lostHeaders) add(act Action) {
	if l.said || l.run.Headers == HeadersKeep || act.Op != OpPut || act.Dst == nil || act.Dst.Headers == nil || act.Src.HeaderMark == "" {
		return
	}
	names := l.run.otherHeaders(act.Dst, slices.Concat(act.Dst.HeaderMark.Names(), act.Src.Headers.Names())).Names()
	if l.said = len(names) > 0; l.said {
		l.run.notice(fmt.Sprintf("%s has headers that no rule names (%s), which are lost when it is overwritten; others may have some, too: headers=keep keeps them",
			core.DisplayKey(act.Key), core.DisplayKey(strings.Join(names, ", "))))
	}
}
