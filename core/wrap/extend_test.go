package wrap_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/s3fc/s3fc/backends/memory"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/wrap"
)

// file is the entry of a file before it is put.
func file(key, content string) core.Entry {
	return core.Entry{Key: key, Kind: core.File, Size: int64(len(content)), MD5: core.SumMD5([]byte(content))}
}

func put(t *testing.T, b core.Backend, key, content string) core.Entry {
	t.Helper()
	e, err := b.Put(t.Context(), file(key, content), strings.NewReader(content), nil)
	if err != nil {
		t.Fatalf("Put(%q): %v", key, err)
	}
	return e
}

func link(t *testing.T, b core.Backend, key string, target core.Target) core.Entry {
	t.Helper()
	e, err := b.Put(t.Context(), core.Entry{Key: key, Kind: core.Link, Target: target}, nil, nil)
	if err != nil {
		t.Fatalf("Put(%q): %v", key, err)
	}
	return e
}

// names lists the keys of t, an Other as !key.
func names(t *testing.T, tree core.Tree) string {
	t.Helper()
	var keys []string
	for e, err := range tree.List(t.Context(), "") {
		if err != nil {
			t.Errorf("List: %v", err)
			continue
		}
		if e.Kind == core.Other {
			e.Key = "!" + e.Key
		}
		keys = append(keys, e.Key)
	}
	return strings.Join(keys, " ")
}

func wantNames(t *testing.T, tree core.Tree, want string) {
	t.Helper()
	if got := names(t, tree); got != want {
		t.Errorf("List: %s, want %s", got, want)
	}
}

func wantError(t *testing.T, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) { // nil is nil only
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func TestNoBatchDeleterIsMadeUp(t *testing.T) {
	for name, decorate := range decorators {
		if _, ok := core.As[core.BatchDeleter](decorate(memory.New())); ok {
			t.Errorf("%s: a BatchDeleter over a backend that has none", name)
		}
		if _, ok := core.As[core.BatchDeleter](decorate(memory.NewOpaque(memory.All))); !ok {
			t.Errorf("%s: no BatchDeleter over a backend that has one", name)
		}
	}
	if _, ok := core.As[core.BatchDeleter](wrap.ReadOnly(memory.NewOpaque(memory.All))); ok {
		t.Error("readonly: a BatchDeleter")
	}
}

// TestProofsPass checks that each decorator passes the inner backend's proofs, with
// the targets of links renamed.
func TestProofsPass(t *testing.T) {
	for name, decorate := range decorators {
		b := decorate(memory.NewOpaque(memory.All))
		put(t, b, "f", "content")
		target := core.Target{Key: "f", Dir: core.NotDir}
		link(t, b, "l", target)
		prover, ok := core.As[core.Prover](b)
		if !ok {
			t.Fatalf("%s: no Prover", name)
		}
		for have, err := range b.List(t.Context(), "") {
			e := core.Evidence{Kind: core.File, Size: 7, MD5: core.SumMD5([]byte("content")), Head: []byte("content")}
			if have.Key == "l" {
				e = core.Evidence{Kind: core.Link, Target: target}
			}
			if err != nil || !prover.Proves(have, e) {
				t.Errorf("%s: %q is not proved (%v)", name, have.Key, err)
			}
		}
	}
}

// priced has a cost, and counts.
type priced struct{ *memory.Tree }

func (priced) PutCost(core.Entry) core.Requests  { return core.Requests{core.ClassPut: 1} }
func (priced) OpenCost(core.Entry) core.Requests { return core.Requests{core.ClassGet: 1} }
func (priced) DeleteCost(n int64) core.Requests  { return core.Requests{core.ClassDelete: n} }
func (priced) Requests() core.Requests           { return core.Requests{core.ClassList: 7} }

func TestCostsPass(t *testing.T) {
	for name, decorate := range decorators {
		for inner, want := range map[core.Backend]string{priced{memory.New()}: "7 LIST, 1 GET, 1 PUT, 5 DELETE", memory.New(): "none"} {
			b := decorate(inner)
			coster, _ := core.As[core.Coster](b)
			meter, _ := core.As[core.RequestCounter](b)
			got := coster.PutCost(file("f", "")).Add(coster.OpenCost(file("f", ""))).Add(coster.DeleteCost(5)).Add(meter.Requests())
			if got.String() != want {
				t.Errorf("%s: %s, want %s", name, got, want)
			}
		}
	}
}
