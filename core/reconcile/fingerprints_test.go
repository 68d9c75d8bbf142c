package reconcile_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/s3fc/s3fc/backends/memory"
	"github.com/s3fc/s3fc/core"

	"github.com/s3fc/s3fc/core/reconcile"
)

// unasked is a store that may be listed, and not be asked.
type unasked struct {
	*memory.Opaque
	asked int
}

func (u *unasked) Stat(context.Context, string) (core.Entry, error) {
	u.asked++
	return core.Entry{}, errors.New("not to be asked")
}

func (u *unasked) Open(context.Context, string) (io.ReadCloser, core.Entry, error) {
	u.asked++
	return nil, core.Entry{}, errors.New("not to be read")
}

// TestTwoListingsProveEachOther checks that files whose listings show one
// fingerprint are the same with no question asked, and that no other is.
func TestTwoListingsProveEachOther(t *testing.T) {
	content := strings.Repeat("x", 100)
	changed := strings.Repeat("y", 100)
	for name, c := range map[string]struct {
		src, dst string
		keeps    bool
	}{
		"the same":        {content, content, true},
		"of one size":     {content, changed, false},
		"without a print": {content[:61], content[:61], false}, // of a link's size
	} {
		t.Run(name, func(t *testing.T) {
			src, dst := &unasked{Opaque: memory.NewOpaque(memory.All)}, &unasked{Opaque: memory.NewOpaque(memory.All)}
			for b, text := range map[*unasked]string{src: c.src, dst: c.dst} {
				e := core.Entry{Key: "f", Kind: core.File, Size: int64(len(text)), MD5: core.SumMD5([]byte(text))}
				if _, err := b.Put(t.Context(), e, strings.NewReader(text), nil); err != nil {
					t.Fatal(err)
				}
			}
			kept := false
			for act, err := range (&reconcile.Reconciler{Src: src, Dst: dst, Keeps: true}).Plan(t.Context()) {
				if err != nil {
					t.Fatal(err)
				}
				kept = kept || act.Op == reconcile.OpKeep
			}
			if kept != c.keeps || (src.asked+dst.asked == 0) != c.keeps {
				t.Errorf("kept: %v, after %d questions; want %v, and none only then", kept, src.asked+dst.asked, c.keeps)
			}
		})
	}
}

// printing is a store in which each entry has a fingerprint, those that may be links
// too.
type printing struct{ *unasked }

func (printing) Fingerprint(have core.Entry) string { return have.Token }

// TestTwoListingsProveLinks checks that equal fingerprints are enough for entries
// that may be links, and that different ones are asked about.
func TestTwoListingsProveLinks(t *testing.T) {
	for target, keeps := range map[string]bool{"a": true, "b": false} {
		src, dst := printing{&unasked{Opaque: memory.NewOpaque(memory.All)}}, printing{&unasked{Opaque: memory.NewOpaque(memory.All)}}
		for b, to := range map[printing]string{src: "a", dst: target} {
			if _, err := b.Put(t.Context(), core.Entry{Key: "l", Kind: core.Link, Target: core.Target{Key: to}}, nil, nil); err != nil {
				t.Fatal(err)
			}
		}
		for act, err := range (&reconcile.Reconciler{Src: src, Dst: dst, Keeps: true}).Plan(t.Context()) {
			if asked := src.asked + dst.asked; err != nil || (act.Op == reconcile.OpKeep) != keeps || (asked == 0) != keeps {
				t.Errorf("links to a and %s: %s, %v, after %d questions; want it kept: %v, with none", target, act.Op, err, asked, keeps)
			}
		}
	}
}
