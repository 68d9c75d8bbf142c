package s3fc_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/s3fc/s3fc"
	"github.com/s3fc/s3fc/backends/memory"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/wrap"
)

// meanwhile changes its tree just before the first Put.
type meanwhile struct {
	wrap.Base
	change func(core.Backend)
}

func (m *meanwhile) Put(ctx context.Context, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
	if change := m.change; change != nil {
		m.change = nil
		change(m.Backend)
	}
	return m.Base.Put(ctx, e, body, old)
}

func putText(t *testing.T, b core.Backend, key, text string) {
	t.Helper()
	e := core.Entry{Key: key, Kind: core.File, Size: int64(len(text)), MD5: core.SumMD5([]byte(text))}
	if _, err := b.Put(t.Context(), e, strings.NewReader(text), nil); err != nil {
		t.Fatal(err)
	}
}

// TestALinkThatAnotherJobSetMeanwhileStays checks that a link is written on the
// condition that it is still as it was seen, new ones too.
func TestALinkThatAnotherJobSetMeanwhileStays(t *testing.T) {
	for _, first := range []bool{true, false} {
		tree := memory.New()
		putText(t, tree, "releases/1/a", "1")
		putText(t, tree, "releases/2/a", "2")
		putText(t, tree, "releases/3/a", "3")
		if !first {
			if _, err := s3fc.SetLink(t.Context(), tree, "current", "releases/1", s3fc.LinkOptions{}); err != nil {
				t.Fatal(err)
			}
		}
		m := &meanwhile{Base: wrap.Base{Backend: tree}, change: func(b core.Backend) {
			if _, err := s3fc.SetLink(t.Context(), b, "current", "releases/2", s3fc.LinkOptions{}); err != nil {
				t.Error(err)
			}
		}}
		if _, err := s3fc.SetLink(t.Context(), m, "current", "releases/3", s3fc.LinkOptions{}); !errors.Is(err, core.ErrChanged) {
			t.Errorf("first %v: %v; want ErrChanged", first, err)
		}
		if e, err := tree.Stat(t.Context(), "current"); err != nil || e.Target.Key != "releases/2" {
			t.Errorf("first %v: the link leads to %v, %v; want the other job's", first, e.Target, err)
		}
	}
}

// TestAQuestionThatIsNotAnsweredIsNoAbsence checks that a link is not made beside an
// entry that could not be asked for.
func TestAQuestionThatIsNotAnsweredIsNoAbsence(t *testing.T) {
	for _, broken := range []string{"current", "releases/1"} {
		tree := memory.New()
		putText(t, tree, "releases/1", "1")
		no := &unanswered{Base: wrap.Base{Backend: tree}, key: broken}
		if _, err := s3fc.SetLink(t.Context(), no, "current", "releases/1", s3fc.LinkOptions{Dangling: true}); !errors.Is(err, errUnanswered) {
			t.Errorf("%s: %v; want the store's error", broken, err)
		}
		if _, err := tree.Stat(t.Context(), "current"); err == nil {
			t.Errorf("%s: a link was written", broken)
		}
	}
}

var errUnanswered = errors.New("no answer")

// unanswered does not answer questions about one key.
type unanswered struct {
	wrap.Base
	key string
}

func (u *unanswered) Stat(ctx context.Context, key string) (core.Entry, error) {
	if key == u.key {
		return core.Entry{}, errUnanswered
	}
	return u.Base.Stat(ctx, key)
}
