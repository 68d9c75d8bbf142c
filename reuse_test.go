package s3fc

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"testing"

	"github.com/s3fc/s3fc/backends/memory"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/wrap"
)

// copiesAll is a Copier that is worth asking for every file.
type copiesAll struct{ core.Copier }

func (copiesAll) CanCopy(core.Tree, core.Entry) bool { return true }

// listsThen is a tree whose listing has an error after some entries.
type listsThen struct {
	core.Tree
	n   int
	err error
}

func (l listsThen) List(ctx context.Context, after string) iter.Seq2[core.Entry, error] {
	return func(yield func(core.Entry, error) bool) {
		n := 0
		for e, err := range l.Tree.List(ctx, after) {
			if n++; n == l.n+1 {
				if !yield(core.Entry{}, l.err) {
					return
				}
				if _, one := core.ErrorKey(l.err); !one {
					return
				}
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

// TestFilesAreTakenOverOnlyWhereTheOtherTreeShowsThem checks that an error of the other
// tree's listing loses no entry of the source, and marks nothing that was not compared.
func TestFilesAreTakenOverOnlyWhereTheOtherTreeShowsThem(t *testing.T) {
	src, from := memory.New(), memory.New()
	for i := range 50 {
		for _, b := range []core.Backend{src, from} {
			text := "same"
			if i%5 == 0 && b == core.Backend(from) {
				text = "else" // of the same size
			}
			e := core.Entry{Key: fmt.Sprintf("f%02d", i), Kind: core.File, Size: 4, MD5: core.SumMD5([]byte(text))}
			if _, err := b.Put(t.Context(), e, strings.NewReader(text), nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, c := range []struct {
		name  string
		from  core.Tree
		marks int
	}{
		{"whole", from, 40},
		{"breaks off", listsThen{from, 25, errors.New("broken")}, 20},
		{"an entry cannot be read", listsThen{from, 25, &core.Error{Key: "f24x", Err: errors.New("unreadable")}}, 40},
		{"empty", memory.New(), 0},
	} {
		u := &reusing{Base: wrap.Base{Backend: src}, from: c.from, copier: copiesAll{}, jobs: 4}
		last, n, marks := "", 0, 0
		for e, err := range u.List(t.Context(), "") {
			if err != nil || e.Key <= last {
				t.Fatalf("%s: %q after %q, %v", c.name, e.Key, last, err)
			}
			last = e.Key
			n++
			if e.Reuse == "" {
				continue
			}
			marks++
			if tree, as, ok := core.Origin(u, e); !ok || tree != c.from || as.Token != e.Reuse || as.Headers == nil {
				t.Errorf("%s: %s comes from %v as %+v", c.name, e.Key, tree, as)
			}
		}
		if n != 50 || marks != c.marks {
			t.Errorf("%s: %d entries, %d of them marked; want 50 and %d", c.name, n, marks, c.marks)
		}
	}
}
