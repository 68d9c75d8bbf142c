package wrap_test

import (
	"errors"
	"io/fs"
	"strings"
	"testing"

	"github.com/s3fc/s3fc/backends/memory"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/wrap"
)

func sub(t *testing.T, b core.Backend, dir string) core.Backend {
	t.Helper()
	s, err := wrap.Sub(b, dir)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSubShowsTheEntriesBelow(t *testing.T) {
	m := memory.New()
	for _, key := range []string{"sit", "site", "site-2/x", "site.html", "site/a", "site/b/c", "site0", "z"} {
		put(t, m, key, key)
	}
	b := sub(t, m, "site")
	wantNames(t, b, "a b/c")
	put(t, b, "d", "new")
	if err := b.Delete(t.Context(), statOf(t, b, "a")); err != nil {
		t.Error(err)
	}
	wantNames(t, m, "sit site site-2/x site.html site/b/c site/d site0 z")
	if root := sub(t, m, "."); root != core.Backend(m) {
		t.Error("Sub at the root is not the backend itself")
	}
}

func statOf(t *testing.T, b core.Backend, key string) core.Entry {
	t.Helper()
	e, err := b.Stat(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestSubNeverLeavesItsDirectory(t *testing.T) {
	m := memory.New()
	canary := put(t, m, "canary", "1")
	b := sub(t, m, "site")
	for _, key := range []string{"../canary", "..", "", ".", "/canary", "a/../../canary"} {
		_, err := b.Put(t.Context(), file(key, "2"), strings.NewReader("2"), nil)
		wantError(t, "Put of "+key, err, core.ErrUnsupportedKey)
		canary.Key = key
		_ = b.Delete(t.Context(), canary)
	}
	for _, target := range []string{"..", "../canary", "/canary", "a/../../canary"} {
		_, err := b.Put(t.Context(), core.Entry{Key: "l", Kind: core.Link, Target: core.Target{Key: target}}, nil, nil)
		wantError(t, "Put of a link to "+target, err, core.ErrUnsupportedLink)
	}
	wantNames(t, m, "canary")
	if _, err := wrap.Sub(m, "../x"); err == nil {
		t.Error("Sub at ../x: no error")
	}
}

func TestSubRenamesTargets(t *testing.T) {
	m := memory.New()
	b := sub(t, m, "site")
	for _, c := range []struct{ own, full string }{{".", "site"}, {"a/b", "site/a/b"}} {
		link(t, b, "l", core.Target{Key: c.own})
		if got := statOf(t, m, "site/l").Target.Key; got != c.full {
			t.Errorf("a link to %s is one to %s below, want %s", c.own, got, c.full)
		}
		got := statOf(t, b, "l")
		if got.Target.Key != c.own {
			t.Errorf("a link to %s came back as one to %s", c.own, got.Target.Key)
		}
		if err := b.Delete(t.Context(), got); err != nil {
			t.Error(err)
		}
	}
	for _, outside := range []string{".", "other", "site2/x", "sit"} {
		e := link(t, m, "site/out", core.Target{Key: outside})
		if got := statOf(t, b, "out"); got.Kind != core.Other || got.Problem == nil {
			t.Errorf("a link to %s, outside: %+v, want an Other", outside, got)
		}
		rc, _, err := b.Open(t.Context(), "out")
		if rc != nil || err != nil {
			t.Errorf("Open of a link that leaves the subtree: %v, %v", rc, err)
		}
		if err := m.Delete(t.Context(), e); err != nil {
			t.Error(err)
		}
	}
	link(t, b, "url", core.Target{URL: "https://example.org/"})
	if got := statOf(t, b, "url").Target.URL; got != "https://example.org/" {
		t.Errorf("a link to a URL came back as %q", got)
	}
}

func TestSubTellsWhoseErrorItIs(t *testing.T) {
	for dir, want := range map[string]string{"site/b": "b", "site": "whole", ".": "none", "other": "none", "top/x": "none"} {
		b := sub(t, unreadable{memory.New(), dir}, "site")
		got := "none"
		for _, err := range b.List(t.Context(), "") {
			if !errors.Is(err, fs.ErrPermission) {
				continue
			}
			got = "whole"
			if key, one := core.ErrorKey(err); one {
				got = key
			}
		}
		if got != want {
			t.Errorf("%s cannot be read: error of %s, want %s", dir, got, want)
		}
	}
	_, err := sub(t, wrap.Fault(memory.New(), wrap.Always(core.Transient(fs.ErrClosed))), "site").Stat(t.Context(), "f")
	if key, _ := core.ErrorKey(err); key != "f" || !core.IsTransient(err) {
		t.Errorf("Stat: %v, of %q; want a transient one of f", err, key)
	}
}
