package precompressed

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/s3fc/s3fc/backends/memory"
	"github.com/s3fc/s3fc/core"
)

func inner(t *testing.T, keys ...string) *memory.Tree {
	t.Helper()
	m := memory.New()
	for _, key := range keys {
		e := core.Entry{Key: key, Kind: core.File, Size: int64(len(key)), MD5: core.SumMD5([]byte(key))}
		if _, err := m.Put(t.Context(), e, strings.NewReader(key), nil); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

func ends(key string) bool { return strings.HasSuffix(key, ".gz") || strings.HasSuffix(key, ".br") }

// show lists a tree as "key=content", and checks that Stat and Open agree with List.
func show(t *testing.T, tree core.Tree, after string) string {
	t.Helper()
	var out []string
	for e, err := range tree.List(t.Context(), after) {
		if err != nil {
			t.Fatal(err)
		}
		if s, err := tree.Stat(t.Context(), e.Key); err != nil || s.Kind != e.Kind || s.Token != e.Token {
			t.Errorf("Stat(%q) is %+v, %v; List has %+v", e.Key, s, err, e)
		}
		body, o, err := tree.Open(t.Context(), e.Key)
		if err != nil || o.Kind != e.Kind || o.Key != e.Key {
			t.Errorf("Open(%q) is %+v, %v", e.Key, o, err)
		}
		if body == nil {
			out = append(out, e.Key+"!")
			continue
		}
		b, err := io.ReadAll(body)
		if err := errors.Join(err, body.Close()); err != nil {
			t.Error(err)
		}
		text := e.Key + "=" + string(b)
		if o.Headers.Get("content-encoding") != "" {
			text += "(" + o.Headers.ContentEncoding + ")"
		}
		out = append(out, text)
	}
	return strings.Join(out, " ")
}

func TestTheCompressedFileTakesTheName(t *testing.T) {
	m := inner(t, "a.html", "a.html-b", "a.html.gz", "b.br", "both", "both.br", "both.gz", "c.gz/x", "z")
	tree := Over(m, ends, "", nil)
	want := "a.html=a.html.gz(gzip) a.html-b=a.html-b b=b.br(br) both! c.gz/x=c.gz/x z=z"
	if got := show(t, tree, ""); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got, want := show(t, tree, "a.html-b"), "b=b.br(br) both! c.gz/x=c.gz/x z=z"; got != want {
		t.Errorf("after a.html-b: %s", got)
	}
	for _, key := range []string{"a.html.gz", "b.br"} {
		if e, err := tree.Stat(t.Context(), key); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("Stat(%q): %+v, %v", key, e, err)
		}
		if _, _, err := tree.Open(t.Context(), key); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("Open(%q): %v", key, err)
		}
	}
	if e, _ := tree.Stat(t.Context(), "both"); !errors.Is(e.Problem, core.ErrConflict) {
		t.Errorf("both: %v", e.Problem)
	}
}

func TestLinksAndOtherNamesStay(t *testing.T) {
	m := inner(t, "a.gz", "plain")
	if _, err := m.Put(t.Context(), core.Entry{Key: "l.gz", Kind: core.Link, Target: core.Target{Key: "plain"}}, nil, nil); err != nil {
		t.Fatal(err)
	}
	if got, want := show(t, Over(m, func(key string) bool { return key == "l.gz" }, "", nil), ""), "a.gz=a.gz l.gz! plain=plain"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// noting notes what is remembered.
type noting struct {
	*memory.Tree
	keys []string
}

func (n *noting) Remember(e core.Entry) { n.keys = append(n.keys, e.Key) }

func TestAFileIsRememberedByItsOwnKey(t *testing.T) {
	n := &noting{Tree: inner(t, "a.gz", "b")}
	tree := Over(n, ends, "", nil)
	for e := range tree.List(context.Background(), "") { //nolint:errcheck // A memory lists without errors.
		tree.(core.Rememberer).Remember(e)
	}
	if got := strings.Join(n.keys, " "); got != "a.gz b" {
		t.Errorf("remembered %s", got)
	}
}

// TestACompressedFileThatIsOlderIsTold checks that a plain file which was changed after
// it was compressed is not left out silently.
func TestACompressedFileThatIsOlderIsTold(t *testing.T) {
	m := memory.New()
	for key, day := range map[string]int{"new": 1, "new.gz": 2, "same": 1, "same.gz": 1, "old": 3, "old.br": 2, "other": 9} {
		e := core.Entry{Key: key, Kind: core.File, Size: 1, MD5: core.SumMD5([]byte("x")), ModTime: time.Date(2026, 1, day, 0, 0, 0, 0, time.UTC)}
		if _, err := m.Put(t.Context(), e, strings.NewReader("x"), nil); err != nil {
			t.Fatal(err)
		}
	}
	var told []string
	show(t, Over(m, ends, "", func(compressed, plain string) { told = append(told, compressed+" "+plain) }), "")
	if len(told) != 1 || told[0] != "old.br old" {
		t.Errorf("%q; want that old.br is older than old", told)
	}
}

// TestALinkToACompressedFileLeadsToItsName checks that such a link does not dangle where
// the file has another name.
func TestALinkToACompressedFileLeadsToItsName(t *testing.T) {
	m := inner(t, "a.html.gz", "plain")
	for key, to := range map[string]string{"l": "a.html.gz", "dangling": "none.gz", "other": "plain"} {
		if _, err := m.Put(t.Context(), core.Entry{Key: key, Kind: core.Link, Target: core.Target{Key: to}}, nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	tree := Over(m, ends, "", nil)
	want := map[string]string{"l": "a.html", "dangling": "none.gz", "other": "plain"}
	for e, err := range tree.List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		if e.Kind == core.Link && e.Target.Key != want[e.Key] {
			t.Errorf("List: %s leads to %s; want %s", e.Key, e.Target.Key, want[e.Key])
		}
	}
	for key, to := range want {
		if e, err := tree.Stat(t.Context(), key); err != nil || e.Target.Key != to {
			t.Errorf("Stat(%q) leads to %s, %v; want %s", key, e.Target.Key, err, to)
		}
		if body, e, err := tree.Open(t.Context(), key); err != nil || body != nil || e.Target.Key != to {
			t.Errorf("Open(%q) leads to %s, %v; want %s", key, e.Target.Key, err, to)
		}
	}
}
