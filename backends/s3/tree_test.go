package s3

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3fc/s3fc/backends/s3/internal/format"
	"github.com/s3fc/s3fc/core"
)

// sameEntry leaves out when an entry was changed, which Put does not tell, and its
// headers, some of which the store chooses.
var sameEntry = cmp.Options{
	cmpopts.EquateComparable(core.MD5{}), cmpopts.EquateErrors(), cmpopts.IgnoreFields(core.Entry{}, "Changed", "Settled", "Headers"),
}

func TestFileRoundTrip(t *testing.T) {
	for _, prefix := range []string{"", "site", "a b/é+%/a.."} {
		tree, _ := serve(t, Options{Prefix: prefix})
		e := fileEntry("docs/a b+é%?#&.html", "<p>hello")
		e.ModTime = time.Unix(1700000000, 123456789)
		got := put(t, tree, e, strings.NewReader("<p>hello"), nil)
		if got.Token == "" || !got.Same(e) {
			t.Errorf("Put = %+v; want %+v with a token", got, e)
		}
		if diff := cmp.Diff(got, stat(t, tree, e.Key), sameEntry); diff != "" {
			t.Errorf("Stat is not what Put returned (-put +stat):\n%s", diff)
		}
		content, opened := readAll(t, tree, e.Key)
		if content != "<p>hello" {
			t.Errorf("content = %q", content)
		}
		if diff := cmp.Diff(got, opened, sameEntry); diff != "" {
			t.Errorf("Open is not what Put returned (-put +open):\n%s", diff)
		}
		out := rawHead(t, tree, tree.full(e.Key))
		header(t, out.ContentType, "text/html; charset=utf-8", "Content-Type")
		want := map[string]string{"md5": e.MD5.String(), "mtime": "1700000000.123456789"}
		if diff := cmp.Diff(want, out.Metadata); diff != "" {
			t.Errorf("metadata (-want +got):\n%s", diff)
		}
	}
}

func TestLinkRoundTrip(t *testing.T) {
	for _, prefix := range []string{"", "my site"} {
		tree, _ := serve(t, Options{Prefix: prefix})
		for _, target := range []core.Target{
			{Key: "v2", Dir: core.IsDir}, {Key: "v2/index.html", Dir: core.NotDir}, {Key: "é b+?#%", Dir: core.NotDir},
			{Key: ".", Dir: core.IsDir}, {URL: "https://example.org/x?y=1#z"},
		} {
			e := core.Entry{Key: "latest", Kind: core.Link, Target: target}
			old := stat2(tree, t, "latest")
			got := put(t, tree, e, nil, old)
			for name, back := range map[string]core.Entry{"Put": got, "Stat": stat(t, tree, "latest")} {
				if back.Kind != core.Link || back.Target != target || back.Token != got.Token {
					t.Errorf("%s = %+v; want a link to %+v", name, back, target)
				}
			}
			if r, opened, err := tree.Open(t.Context(), "latest"); r != nil || err != nil || opened.Target != target {
				t.Errorf("Open = %v, %+v, %v; want no reader and a link to %+v", r, opened, err, target)
			}
			if listed := list(t, tree, ""); !listed[0].MaybeLink || !tree.Proves(listed[0], core.Evidence{Kind: core.Link, Target: target}) {
				t.Errorf("the listing %+v does not prove the link to %+v", listed[0], target)
			}
			out := rawHead(t, tree, tree.full("latest"))
			location := format.Location(tree.prefix, target)
			header(t, out.WebsiteRedirectLocation, location, "redirect")
			header(t, out.ContentType, "text/html; charset=utf-8", "Content-Type")
			header(t, out.CacheControl, "max-age=0, no-cache", "Cache-Control")
			if diff := cmp.Diff(map[string]string{"link-target": location}, out.Metadata); diff != "" {
				t.Errorf("metadata (-want +got):\n%s", diff)
			}
		}
	}
}

// stat2 returns the entry at a key, nil for none.
func stat2(tree *Tree, t *testing.T, key string) *core.Entry {
	t.Helper()
	e, err := tree.Stat(t.Context(), key)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	return &e
}

func TestEmptyLinkBody(t *testing.T) {
	tree, _ := serve(t, Options{LinkBody: LinkEmpty})
	got := putLink(t, tree, "l", "a")
	if e := stat(t, tree, "l"); e.Kind != core.Link || e.Target.Key != "a" || e.Size != 0 || e.Token != got.Token {
		t.Errorf("Stat = %+v; want an empty link to a", e)
	}
}

func TestLongTarget(t *testing.T) {
	tree, _ := serve(t, Options{})
	fits := strings.Repeat("é", (format.MaxLocation-1)/6)
	if e := put(t, tree, linkEntry("l", fits), nil, nil); e.Target.Key != fits {
		t.Errorf("Put = %+v", e)
	}
	if out := rawHead(t, tree, "l"); len(out.Metadata) != 0 {
		t.Errorf("metadata = %v; want none for a long target", out.Metadata)
	}
	if e := stat(t, tree, "l"); e.Target.Key != fits {
		t.Errorf("Stat = %+v; want the long target", e)
	}
	long := linkEntry("m", fits+"éé")
	if err := tree.CheckPut(long); !errors.Is(err, core.ErrUnsupportedLink) {
		t.Errorf("CheckPut = %v; want ErrUnsupportedLink", err)
	}
	if _, err := tree.Put(t.Context(), long, nil, nil); !errors.Is(err, core.ErrUnsupportedLink) {
		t.Errorf("Put = %v; want ErrUnsupportedLink", err)
	}
	if _, err := tree.Put(t.Context(), fileEntry(strings.Repeat("k", maxKey+1), ""), nil, nil); !errors.Is(err, core.ErrUnsupportedKey) {
		t.Errorf("Put of a long key = %v; want ErrUnsupportedKey", err)
	}
}

// TestForeignObjects checks how objects that other tools made are read.
func TestForeignObjects(t *testing.T) {
	tree, _ := serve(t, Options{Prefix: "p"})
	md := core.SumMD5([]byte("x"))
	linkPage := string(format.LinkPage("/p/t"))
	for _, c := range []struct {
		name, body string
		change     []func(*awss3.PutObjectInput)
		want       core.Entry
		problem    string
	}{
		{"plain", "x", nil, core.Entry{Kind: core.File, Size: 1, MD5: md}, ""},
		{"stale-md5", "x", []func(*awss3.PutObjectInput){withMeta(map[string]string{"md5": core.SumMD5(nil).String()})}, core.Entry{Kind: core.File, Size: 1, MD5: md}, ""},
		{"empty-redirect", "", []func(*awss3.PutObjectInput){redirectTo("/p/t")}, core.Entry{Kind: core.Link, Target: core.Target{Key: "t", Dir: core.NotDir}}, ""},
		{"redirect-with-body", "body", []func(*awss3.PutObjectInput){redirectTo("/p/t/")}, core.Entry{Kind: core.Link, Size: 4, Target: core.Target{Key: "t", Dir: core.IsDir}}, ""},
		{"raw-space", "", []func(*awss3.PutObjectInput){redirectTo("/p/a b")}, core.Entry{Kind: core.Link, Target: core.Target{Key: "a b", Dir: core.NotDir}}, ""},
		{"outside", "", []func(*awss3.PutObjectInput){redirectTo("/q/t")}, core.Entry{}, "leads out of the tree"},
		{"query", "", []func(*awss3.PutObjectInput){redirectTo("/p/t?a=b")}, core.Entry{}, "query"},
		{"header-wins", linkPage, []func(*awss3.PutObjectInput){redirectTo("/p/u"), withMeta(map[string]string{"link-target": "/p/t"})}, core.Entry{Kind: core.Link, Size: 1021, Target: core.Target{Key: "u", Dir: core.NotDir}}, ""},
		{"metadata-and-page", linkPage, []func(*awss3.PutObjectInput){withMeta(map[string]string{"link-target": "/p/t"})}, core.Entry{Kind: core.Link, Size: 1021, Target: core.Target{Key: "t", Dir: core.NotDir}}, ""},
		{"metadata-and-nothing", "", []func(*awss3.PutObjectInput){withMeta(map[string]string{"Link-Target": "/p/t"})}, core.Entry{Kind: core.Link, Target: core.Target{Key: "t", Dir: core.NotDir}}, ""},
		{"metadata-and-other-body", "x", []func(*awss3.PutObjectInput){withMeta(map[string]string{"link-target": "/p/t"})}, core.Entry{Kind: core.File, Size: 1, MD5: md}, ""},
		{"metadata-and-other-page", linkPage, []func(*awss3.PutObjectInput){withMeta(map[string]string{"link-target": "/p/u"})}, core.Entry{Kind: core.File, Size: 1021, MD5: core.SumMD5([]byte(linkPage))}, ""},
		{"metadata-too-long", "", []func(*awss3.PutObjectInput){withMeta(map[string]string{"link-target": "/p/" + strings.Repeat("x", 1900)})}, core.Entry{}, ""},
	} {
		if c.name == "metadata-too-long" {
			c.want = core.Entry{Kind: core.Link, Target: core.Target{Key: strings.Repeat("x", 1900), Dir: core.NotDir}}
		}
		rawPut(t, tree, "p/"+c.name, c.body, c.change...)
		content, opened := readAll(t, tree, c.name)
		for _, got := range []core.Entry{stat(t, tree, c.name), opened} {
			if c.problem != "" {
				if got.Kind != core.Other || got.Problem == nil || !strings.Contains(got.Problem.Error(), c.problem) {
					t.Errorf("%s: got %+v; want an Other with %q", c.name, got, c.problem)
				}
				continue
			}
			want := c.want
			want.Key, want.Token = c.name, core.SumMD5([]byte(c.body)).String()
			if diff := cmp.Diff(want, got, sameEntry); diff != "" {
				t.Errorf("%s (-want +got):\n%s", c.name, diff)
			}
		}
		if c.want.Kind == core.File && content != c.body {
			t.Errorf("%s: content = %q; want %q", c.name, content, c.body)
		}
	}
}

func TestNotThere(t *testing.T) {
	tree, _ := serve(t, Options{})
	for _, key := range []string{"nothing", "a/../b", "/a", "", "a/", "a\x00b", "\xff", strings.Repeat("k", 2000)} {
		if _, err := tree.Stat(t.Context(), key); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("Stat(%q) = %v; want fs.ErrNotExist", key, err)
		}
		if _, _, err := tree.Open(t.Context(), key); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("Open(%q) = %v; want fs.ErrNotExist", key, err)
		}
		if err := tree.Delete(t.Context(), core.Entry{Key: key, Kind: core.File, Token: "x"}); err != nil {
			t.Errorf("Delete(%q) = %v; want nothing", key, err)
		}
	}
}

// TestRequestCounts counts the requests of each operation: design §7.
func TestRequestCounts(t *testing.T) {
	tree, s := serve(t, Options{Prefix: "p"})
	var link core.Entry
	for _, c := range []struct {
		name string
		f    func()
		want core.Requests
	}{
		{"put a file", func() { putFile(t, tree, "a", "x") }, req(core.ClassPut, 1)},
		{"put an empty file", func() { putFile(t, tree, "empty", "") }, req(core.ClassPut, 1)},
		{"put the first link", func() { link = putLink(t, tree, "l", "a") }, req(core.ClassPut, 1).Add(req(core.ClassHead, 1))},
		{"put the next link", func() { putLink(t, tree, "m", "a") }, req(core.ClassPut, 1)},
		{"retarget a link", func() { link = put(t, tree, linkEntry("l", "b"), nil, &link) }, req(core.ClassPut, 1)},
		{"stat", func() { stat(t, tree, "a") }, req(core.ClassHead, 1)},
		{"open a file", func() { readAll(t, tree, "a") }, req(core.ClassGet, 1)},
		{"open a link", func() { readAll(t, tree, "l") }, req(core.ClassGet, 1)},
		{"list", func() { list(t, tree, "") }, req(core.ClassList, 1)},
		{"list nothing", func() { list(t, tree, "zz") }, req(core.ClassList, 1)},
		{"delete", func() { del(t, tree, link) }, req(core.ClassDelete, 1)},
		{"delete nothing", func() { del(t, tree, fileEntry("nothing", "")) }, req(core.ClassDelete, 1)},
		{"delete three", func() { tree.DeleteBatch(t.Context(), list(t, tree, "")) }, req(core.ClassList, 1).Add(req(core.ClassDelete, 1))},
		{"an empty prefix", func() { list(t, tree, "") }, req(core.ClassList, 1).Add(req(core.ClassHead, 1))},
		{"hosting", func() { _, _ = tree.Finish(t.Context(), core.Done{LinksPut: 1}) }, req(core.ClassGet, 1)},
		{"no hosting without links", func() { _, _ = tree.Finish(t.Context(), core.Done{}) }, core.Requests{}},
	} {
		if got := counts(t, tree, s, c.f); got != c.want {
			t.Errorf("%s: %v; want %v", c.name, got, c.want)
		}
	}
}

func del(t *testing.T, tree *Tree, e core.Entry) {
	t.Helper()
	if err := tree.Delete(t.Context(), e); err != nil {
		t.Error(err)
	}
}
