package memory

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/s3fc/s3fc/conformance"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/testkit/long"
)

// stores counts the stores of these tests, which are named trees.
var stores atomic.Int64

// storeBelow returns the store below dir in a new tree; "" for the whole of it.
func storeBelow(t testing.TB, dir string) conformance.Store {
	t.Helper()
	name := fmt.Sprintf("store-%d", stores.Add(1))
	tree := Named(name, true)
	open := func(name string, create bool) (core.Backend, error) {
		u := &url.URL{Scheme: "mem", Host: name, Path: "/" + dir}
		return Open(t.Context(), u, core.Env{Create: create})
	}
	b, err := open(name, true)
	if err != nil {
		t.Fatal(err)
	}
	prefix := dir
	if dir != "" {
		prefix += "/"
	}
	plant := func(e core.Entry, content string) error {
		e.Key = prefix + e.Key
		tree.Plant(e, []byte(content))
		return nil
	}
	s := conformance.Store{
		Backend: b,
		Again:   func() (core.Backend, error) { return open(name, false) },
		Missing: func() (core.Tree, error) { return open(name+"-missing", false) },
		Names:   func() ([]string, error) { return rawNames(tree) },
		Newer: func(key, content string) error {
			return plant(core.Entry{Key: key, Kind: core.File}, content)
		},
		LinkIn: func(key, to string) error {
			return plant(core.Entry{Key: key, Kind: core.Link, Target: core.Target{Key: prefix + to, Dir: core.IsDir}}, "")
		},
		Special: func(key string) error {
			return plant(core.Entry{Key: key, Kind: core.Other, Problem: errors.New("it is a fifo")}, "")
		},
		BadName: func() (string, error) {
			return "a//b", plant(core.Entry{Key: "a//b", Kind: core.Other, Problem: errors.New("no key")}, "x")
		},
	}
	if dir != "" {
		tree.Plant(core.Entry{Key: "outside/f", Kind: core.File}, []byte("not in the store"))
		s.Outside = func() (map[string]string, error) { return outside(tree, prefix) }
		s.LinkOut = func(key, name string) error {
			return plant(core.Entry{Key: key, Kind: core.Link, Target: core.Target{Key: strings.TrimSuffix("outside/"+name, "/")}}, "")
		}
	}
	return s
}

// rawNames returns the keys of all items.
func rawNames(t *Tree) (names []string, err error) {
	for e, err := range t.List(context.Background(), "") {
		if err != nil {
			return nil, err
		}
		names = append(names, e.Key)
	}
	return names, nil
}

// outside returns the files that are not below prefix.
func outside(t *Tree, prefix string) (map[string]string, error) {
	files := map[string]string{}
	names, err := rawNames(t)
	for _, name := range names {
		if strings.HasPrefix(name, prefix) {
			continue
		}
		rc, _, openErr := t.Open(context.Background(), name)
		if rc == nil {
			return nil, errors.Join(openErr, fmt.Errorf("%s is no file", name))
		}
		b, readErr := io.ReadAll(rc)
		files[strings.TrimPrefix(name, "outside/")], err = string(b), errors.Join(err, readErr)
	}
	return files, err
}

func TestConformanceOfTheStore(t *testing.T) {
	long.Only(t)
	for _, dir := range []string{"", "some/dir"} {
		t.Run("below "+dir, func(t *testing.T) {
			conformance.TestStore(t, func(t testing.TB) conformance.Store { return storeBelow(t, dir) })
		})
	}
}
