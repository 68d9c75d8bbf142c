package localfs_test

import (
	"testing"

	"github.com/s3fc/s3fc/backends/localfs"
	"github.com/s3fc/s3fc/backends/memory"
	"github.com/s3fc/s3fc/core"

	"github.com/s3fc/s3fc/core/reconcile"
)

// A link whose way passes a directory link reads as another target than the
// one it was written for; its text still says that it is the one.
func TestALinkThroughADirectoryLinkIsNotWrittenAgain(t *testing.T) {
	src := memory.New()
	src.Plant(core.Entry{Key: "b/x", Kind: core.File}, []byte("x"))
	src.Plant(core.Entry{Key: "a", Kind: core.Link, Target: core.Target{Key: "b"}}, nil)
	src.Plant(core.Entry{Key: "l", Kind: core.Link, Target: core.Target{Key: "a/x"}}, nil)
	dst, err := localfs.New(t.TempDir(), localfs.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer dst.Close()
	r := &reconcile.Reconciler{Src: src, Dst: dst}
	for i, want := range []reconcile.Totals{{Files: 1, Links: 2}, {Kept: 3}} {
		p, err := r.Prepare(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		got := p.Totals()
		if got.Files != want.Files || got.Links != want.Links || got.Kept != want.Kept {
			t.Errorf("run %d: got %+v, want %+v", i, got, want)
		}
		if _, err := r.Apply(t.Context(), p, nil); err != nil {
			t.Fatal(err)
		}
		_ = p.Close()
	}
}
