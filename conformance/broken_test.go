package conformance_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"iter"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"github.com/s3fc/s3fc/backends/memory"
	"github.com/s3fc/s3fc/conformance"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/testkit/long"
)

// broken is a good backend with one method or more replaced.
type broken struct {
	core.Backend
	features func(core.Features) core.Features
	list     func(ctx context.Context, b core.Backend, after string) iter.Seq2[core.Entry, error]
	stat     func(ctx context.Context, b core.Backend, key string) (core.Entry, error)
	open     func(ctx context.Context, b core.Backend, key string) (io.ReadCloser, core.Entry, error)
	put      func(ctx context.Context, b core.Backend, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error)
	del      func(ctx context.Context, b core.Backend, old core.Entry) error
}

func (b broken) Features() core.Features {
	if b.features != nil {
		return b.features(b.Backend.Features())
	}
	return b.Backend.Features()
}

func (b broken) List(ctx context.Context, after string) iter.Seq2[core.Entry, error] {
	if b.list != nil {
		return b.list(ctx, b.Backend, after)
	}
	return b.Backend.List(ctx, after)
}

func (b broken) Stat(ctx context.Context, key string) (core.Entry, error) {
	if b.stat != nil {
		return b.stat(ctx, b.Backend, key)
	}
	return b.Backend.Stat(ctx, key)
}

func (b broken) Open(ctx context.Context, key string) (io.ReadCloser, core.Entry, error) {
	if b.open != nil {
		return b.open(ctx, b.Backend, key)
	}
	return b.Backend.Open(ctx, key)
}

func (b broken) Put(ctx context.Context, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
	if b.put != nil {
		return b.put(ctx, b.Backend, e, body, old)
	}
	return b.Backend.Put(ctx, e, body, old)
}

func (b broken) Delete(ctx context.Context, old core.Entry) error {
	if b.del != nil {
		return b.del(ctx, b.Backend, old)
	}
	return b.Backend.Delete(ctx, old)
}

// now returns the entry at key: an old that always fits.
func now(ctx context.Context, b core.Backend, key string) *core.Entry {
	e, err := b.Stat(ctx, key)
	if err != nil {
		return nil
	}
	return &e
}

func collect(seq iter.Seq2[core.Entry, error]) (entries []core.Entry, err error) {
	for e, err := range seq {
		if err != nil {
			return entries, err
		}
		entries = append(entries, e)
	}
	return entries, nil
}

func yieldAll(entries []core.Entry, err error) iter.Seq2[core.Entry, error] {
	return func(yield func(core.Entry, error) bool) {
		for _, e := range entries {
			if !yield(e, nil) {
				return
			}
		}
		if err != nil {
			yield(core.Entry{}, err)
		}
	}
}

// putWhatCame stores the part of a body that could be read.
func putWhatCame(ctx context.Context, b core.Backend, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
	if e.Kind != core.File {
		return b.Put(ctx, e, body, old)
	}
	content, readErr := io.ReadAll(body)
	torn := e
	torn.Size, torn.MD5 = int64(len(content)), core.SumMD5(content)
	stored, err := b.Put(context.WithoutCancel(ctx), torn, bytes.NewReader(content), old)
	if readErr == nil && (torn.Size != e.Size || torn.MD5 != e.MD5) {
		readErr = core.ErrCorrupt
	}
	return stored, errors.Join(readErr, ctx.Err(), err)
}

func over(with broken) core.Backend {
	with.Backend = memory.New()
	return with
}

func overWith(f core.Features, with broken) core.Backend {
	with.Backend = memory.NewWith(f)
	return with
}

func declare(change func(*core.Features)) func(core.Features) core.Features {
	return func(f core.Features) core.Features {
		change(&f)
		return f
	}
}

// flaw is a defect, and the case that is meant to catch it.
type flaw struct {
	name   string
	caught string
	open   func() core.Backend                  // or
	store  func(t testing.TB) conformance.Store // where hooks show it
	only   bool                                 // no other case catches it
}

// bad returns a store with the flaw.
func (f flaw) bad(t testing.TB) conformance.Store {
	if f.store != nil {
		return f.store(t)
	}
	return conformance.Store{Backend: f.open()}
}

func without(change func(*core.Features)) core.Features {
	f := memory.All
	change(&f)
	return f
}

// flaws are defects of backends of this and other projects.
func flaws() []flaw { return slices.Concat(treeFlaws, putFlaws, linkFlaws, storeFlaws, placeFlaws) }

// TestFlawsAreCaught checks that each flaw is caught by the case that is meant for
// it, and that no other case catches it where that is said.
func TestFlawsAreCaught(t *testing.T) {
	cases := map[string]conformance.Case{}
	for _, c := range conformance.Checks() {
		cases[c.Name] = c
	}
	eighth := rand.IntN(8)
	for i, f := range flaws() {
		t.Run(f.name, func(t *testing.T) {
			if i%8 != eighth {
				long.Only(t)
			}
			c, ok := cases[f.caught]
			s := f.bad(t)
			if why := c.Skip(s); !ok || why != "" {
				t.Fatalf("there is no case %s, or it does not run: %s", f.caught, why)
			}
			err := c.Run(t.Context(), s)
			if err == nil {
				t.Errorf("not caught by %s", f.caught)
			}
			t.Log(err)
			if f.only {
				caughtByNoOther(t, f)
			}
		})
	}
}

// caughtByNoOther runs all other cases on a store with the flaw.
func caughtByNoOther(t *testing.T, f flaw) {
	t.Helper()
	if f.store != nil && os.Getenv("S3FC_TEST_THOROUGH") == "" {
		return // most of these write files, and take seconds each
	}
	for _, c := range conformance.Checks() {
		if c.Name == f.caught || c.Long {
			continue
		}
		s := f.bad(t)
		if c.Skip(s) != "" {
			continue
		}
		if err := c.Run(t.Context(), s); err != nil {
			t.Errorf("caught by %s, too: %v", c.Name, err)
		}
	}
}

// TestEveryCaseCatches checks that there is a flaw for each case.
func TestEveryCaseCatches(t *testing.T) {
	meant := map[string]bool{}
	for _, f := range flaws() {
		meant[f.caught] = true
	}
	for _, c := range conformance.Checks() {
		if !meant[c.Name] {
			t.Errorf("nothing shows that %s can fail", c.Name)
		}
		if c.Why == "" || c.Guide == "" || c.Run == nil {
			t.Errorf("%s has no Why, no Guide or no Run", c.Name)
		}
	}
}
