package memory

import (
	"context"
	"fmt"
	"strings"

	"github.com/s3fc/s3fc/core"
)

// Opaque is a [Tree] whose listings tell as little as S3's: size and a token made
// of the content, so that possible links need a request or a proof. It offers what
// S3 offers beside the six methods: proofs and batch deletes.
type Opaque struct{ *Tree }

// NewOpaque returns an empty opaque tree of these features.
func NewOpaque(f core.Features) *Opaque {
	t := NewWith(f)
	t.opaque = true
	return &Opaque{t}
}

// linkPage is the content that stands for a link to target: its size is one of few,
// so that entries of other sizes need no request.
func linkPage(target core.Target) string {
	text := "link to " + target.String()
	size := 61
	for size < len(text) {
		size = 4*size + 3
	}
	return text + strings.Repeat(" ", size-len(text))
}

// maybeLink reports whether a page may have this size in bytes.
func maybeLink(size int64) bool {
	for s := int64(61); s <= size; s = 4*s + 3 {
		if s == size {
			return true
		}
	}
	return false
}

// evident gives e the size and token that an opaque tree shows.
func evident(e core.Entry) core.Entry {
	switch e.Kind {
	case core.File:
		e.Token = e.MD5.String()
	case core.Link:
		p := linkPage(e.Target)
		e.Size, e.Token = int64(len(p)), core.SumMD5([]byte(p)).String()
	}
	return e
}

// listed is e as a listing shows it.
func (t *Tree) listed(e core.Entry) core.Entry {
	e.Headers = nil
	if !t.opaque || e.Kind == core.Other {
		return e
	}
	return core.Entry{
		Key: e.Key, Kind: core.File, Partial: true, MaybeLink: maybeLink(e.Size),
		Size: e.Size, Token: e.Token, Changed: e.Changed,
	}
}

// PartSizes implements [core.Prover]: nothing is stored in parts here.
func (o *Opaque) PartSizes(core.Entry) []int64 { return nil }

// Fingerprint implements [core.Fingerprinter]. A link and a file with the bytes of its
// page have one Token here, so neither has a fingerprint.
func (o *Opaque) Fingerprint(have core.Entry) string {
	if have.Kind != core.File || maybeLink(have.Size) {
		return ""
	}
	return have.Token
}

// Proves implements [core.Prover]. A file that may be the page of a link is
// proved only if its content was seen not to be one.
func (o *Opaque) Proves(have core.Entry, e core.Evidence) bool {
	switch e.Kind {
	case core.File:
		if maybeLink(e.Size) && (e.Head == nil || strings.HasPrefix(string(e.Head), "link to ")) {
			return false
		}
		return e.MD5.Known() && have.Size == e.Size && have.Token == e.MD5.String()
	case core.Link:
		return provesLink(have, e.Target)
	}
	return false
}

// provesLink reports whether have is the page of a link to target, of either
// form if it is not known whether that is a directory.
func provesLink(have core.Entry, target core.Target) bool {
	dirs := []core.Dir{target.Dir}
	if target.Dir == core.DirUnknown {
		dirs = append(dirs, core.IsDir)
	}
	for _, target.Dir = range dirs {
		want := evident(core.Entry{Kind: core.Link, Target: target})
		if have.Size == want.Size && have.Token == want.Token {
			return true
		}
	}
	return false
}

// BatchSize implements [core.BatchDeleter].
func (o *Opaque) BatchSize() int { return 1000 }

// DeleteBatch implements [core.BatchDeleter].
func (o *Opaque) DeleteBatch(ctx context.Context, olds []core.Entry) []error {
	errs := make([]error, len(olds))
	for i, old := range olds {
		if len(olds) > o.BatchSize() {
			errs[i] = fail("delete", old.Key, fmt.Errorf("%d entries in a batch, and %d is the most", len(olds), o.BatchSize()))
			continue
		}
		errs[i] = o.Delete(ctx, old)
	}
	return errs
}
