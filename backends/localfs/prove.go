package localfs

import (
	"strings"

	"github.com/s3fc/s3fc/core"
)

// PartSizes implements [core.Prover]: no file is ever stored in parts.
func (t *Tree) PartSizes(core.Entry) []int64 { return nil }

// Proves implements [core.Prover] for links: a link whose text Put would write for
// the target is the wanted one, even if on this disk a directory link on the way
// leads it elsewhere, or it is part of a ring.
func (t *Tree) Proves(have core.Entry, e core.Evidence) bool {
	if have.Kind == core.File || e.Kind != core.Link || e.Target.URL != "" || e.Target.Key == "" {
		return false
	}
	return strings.HasSuffix(have.Token, textMark(core.Rel(have.Key, e.Target.Key)))
}
