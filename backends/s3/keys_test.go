package s3

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/s3server"
)

// A listing that does not tell how it encodes keys leads to no wrong delete, and to
// no entry that is taken for absent.
func TestNothingIsDeletedByAKeyThatMayBeAnother(t *testing.T) {
	for name, remove := range map[string]func(*Tree, core.Entry) error{
		"alone": func(tree *Tree, e core.Entry) error { return tree.Delete(t.Context(), e) },
		"batch": func(tree *Tree, e core.Entry) error { return tree.DeleteBatch(t.Context(), []core.Entry{e})[0] },
	} {
		tree, s := serve(t, Options{}, s3server.PathEncodedKeys)
		rawPut(t, tree, "a+b", "x")
		listed := list(t, tree, "")
		if got := keys(listed); !slices.Equal(got, []string{"a b"}) {
			t.Fatalf("listed %q: that shows nothing", got)
		}
		if err := remove(tree, listed[0]); err == nil || !strings.Contains(err.Error(), "key_encoding=path") {
			t.Errorf("%s: %v", name, err)
		}
		if _, _, err := tree.Open(t.Context(), "a b"); err == nil || errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "key_encoding=path") {
			t.Errorf("opening: %v", err)
		}
		if _, err := tree.Stat(t.Context(), "a b"); err == nil || errors.Is(err, fs.ErrNotExist) {
			t.Errorf("stat: %v", err)
		}
		told := openAt(t, s.URL, Options{KeyEncoding: "path"})
		listed = list(t, told, "")
		if got := keys(listed); !slices.Equal(got, []string{"a+b"}) {
			t.Fatalf("listed %q, with key_encoding=path", got)
		}
		if err := remove(told, listed[0]); err != nil {
			t.Errorf("%s, with key_encoding=path: %v", name, err)
		}
		if got := list(t, told, ""); len(got) > 0 {
			t.Errorf("%s: %v is still there", name, got)
		}
	}
}

// One HEAD in a run confirms how keys are encoded, if that matters to a delete.
func TestTheEncodingOfKeysIsConfirmedOnce(t *testing.T) {
	tree, s := serve(t, Options{})
	fill(t, tree, "a b", "c d", "e", "f%")
	listed := list(t, tree, "")
	sent := counts(t, tree, s, func() {
		for _, err := range tree.DeleteBatch(t.Context(), listed) {
			if err != nil {
				t.Error(err)
			}
		}
	})
	if want := req(core.ClassHead, 1).Add(req(core.ClassDelete, 1)); sent != want {
		t.Errorf("sent %v; want %v", sent, want)
	}
	fill(t, tree, "a b", "c d")
	sent = counts(t, tree, s, func() {
		for _, e := range list(t, tree, "") {
			if err := tree.Delete(t.Context(), e); err != nil {
				t.Error(err)
			}
		}
	})
	if sent[core.ClassHead] > 0 {
		t.Errorf("sent %v; want no HEAD", sent)
	}
	if left := list(t, tree, ""); len(left) > 0 {
		t.Errorf("%v is still there", keys(left))
	}
}

func TestKeyEncodingIsChecked(t *testing.T) {
	if err := (&Options{Bucket: "b", KeyEncoding: "html"}).check(); err == nil || !strings.Contains(err.Error(), "key_encoding") {
		t.Errorf("%v", err)
	}
}
