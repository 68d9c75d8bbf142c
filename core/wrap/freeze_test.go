package wrap_test

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"testing"

	"github.com/s3fc/s3fc/backends/memory"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/wrap"
)

func TestFreezeRefusesEveryChangeOfAFrozenKey(t *testing.T) {
	m := memory.New()
	frozen := put(t, m, "frozen", "frozen")
	other := put(t, m, "other", "other")
	f := wrap.Freeze(m, func(key string) bool { return key == "frozen" })
	_, err := f.Put(t.Context(), core.Entry{Key: "frozen", Kind: core.File}, strings.NewReader(""), &frozen)
	errs := []error{err, f.Delete(t.Context(), frozen)}
	if c, ok := core.As[core.Copier](f); ok {
		_, err := c.CopyFrom(t.Context(), m, other, "frozen", &frozen)
		errs = append(errs, err)
	}
	if b, ok := core.As[core.BatchDeleter](f); ok {
		batch := b.DeleteBatch(t.Context(), []core.Entry{other, frozen})
		if batch[0] != nil {
			t.Errorf("the other entry of a batch: %v", batch[0])
		}
		errs = append(errs, batch[1])
	}
	for i, err := range errs {
		if key, _ := core.ErrorKey(err); !errors.Is(err, core.ErrChanged) || key != "frozen" {
			t.Errorf("change %d: %v", i, err)
		}
	}
	if _, err := m.Stat(t.Context(), "frozen"); err != nil {
		t.Error(err)
	}
}

func TestEmptyHasNothingAndTakesNothing(t *testing.T) {
	e := wrap.Empty(likeS3)
	for got, err := range e.List(t.Context(), "") {
		t.Errorf("it lists %v, %v", got, err)
	}
	_, statErr := e.Stat(t.Context(), "a")
	_, _, openErr := e.Open(t.Context(), "a")
	if !errors.Is(statErr, fs.ErrNotExist) || !errors.Is(openErr, fs.ErrNotExist) {
		t.Error(statErr, openErr)
	}
	_, putErr := e.Put(t.Context(), core.Entry{Key: "a", Kind: core.File}, strings.NewReader(""), nil)
	if err := e.Delete(t.Context(), core.Entry{Key: "a"}); !errors.Is(putErr, fs.ErrPermission) || !errors.Is(err, fs.ErrPermission) {
		t.Error(putErr, err)
	}
	if e.Features() != likeS3 {
		t.Error(e.Features())
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range e.List(ended, "") {
		if errors.Is(err, context.Canceled) {
			return
		}
	}
	t.Error("a listing whose context has ended looks complete")
}
