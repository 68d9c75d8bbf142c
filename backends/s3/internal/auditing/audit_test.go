package auditing

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/s3fc/s3fc/backends/s3/internal/ability"
	"github.com/s3fc/s3fc/backends/s3/internal/contents"
	"github.com/s3fc/s3fc/backends/s3/internal/format"
	"github.com/s3fc/s3fc/backends/s3/internal/listing"
	"github.com/s3fc/s3fc/backends/s3/internal/objects"
	"github.com/s3fc/s3fc/backends/s3/internal/ranged"
	"github.com/s3fc/s3fc/backends/s3/internal/wire"
	"github.com/s3fc/s3fc/backends/s3/internal/wire/wiretest"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/s3server"
)

// lab is a bucket whose objects are checked.
type lab struct {
	*testing.T
	a    *Auditor
	page []listing.Object // the listing's first page
}

func newLab(t *testing.T, opts ...s3server.Option) *lab {
	t.Helper()
	srv := s3server.New(t, opts...)
	can := new(ability.Set)
	sender, tr := wiretest.Sender(t, srv.URL, can)
	l := &lab{T: t}
	store := &objects.Store{Sender: sender, Can: can}
	opener := &contents.Opener{
		Store: store, Can: can, Rule: ranged.DefaultRule, Wait: tr.Wait,
		Page: func(context.Context) ([]listing.Object, error) { return l.page, nil },
	}
	l.a = &Auditor{Sender: sender, Objects: store, Opener: opener, Can: can}
	return l
}

// put stores an object with metadata and returns its entry with the md5 of its content.
func (l *lab) put(key, content, redirect string, meta map[string]string) core.Entry {
	l.Helper()
	r, err := wire.NewRequest(http.MethodPut, key).WithBody(strings.NewReader(content), int64(len(content)))
	if err != nil {
		l.Fatal(err)
	}
	r.Set(wire.Redirect, redirect)
	r.SetMetadata(meta)
	a, err := l.a.Objects.Put(l.Context(), r, objects.Version{})
	if err != nil {
		l.Fatal(err)
	}
	l.page = append(l.page, listing.Object{Key: key, ETag: a.Get(wire.ETag), Size: int64(len(content))})
	return core.Entry{Key: key, Kind: core.File, Size: int64(len(content)), Token: a.ETag(), MD5: core.SumMD5([]byte(content))}
}

func (l *lab) putLink(key, redirect string) core.Entry {
	l.Helper()
	e := l.put(key, string(format.LinkPage("/t")), redirect, map[string]string{format.MetaTarget: "/t"})
	e.Kind, e.MD5 = core.Link, core.MD5{}
	return e
}

func (l *lab) flaws(e core.Entry) (found []core.Finding) {
	l.Helper()
	flaws, err := l.a.Audit(l.Context(), contents.Key{Object: e.Key, Entry: e.Key}, e)
	if err != nil {
		l.Fatal(err)
	}
	for _, f := range flaws {
		found = append(found, f.What)
	}
	return found
}

func (l *lab) want(name string, e core.Entry, want ...core.Finding) {
	l.Helper()
	got := l.flaws(e)
	if len(got) != len(want) {
		l.Errorf("%s: %v; want %v", name, got, want)
		return
	}
	for i := range want {
		if got[i] != want[i] {
			l.Errorf("%s: %v; want %v", name, got, want)
		}
	}
}

func TestFiles(t *testing.T) {
	l := newLab(t)
	right := core.SumMD5([]byte("content")).String()
	l.want("a right note", l.put("a", "content", "", map[string]string{"md5": right}))
	l.want("no note", l.put("b", "content", "", nil))
	l.want("an old note", l.put("c", "content", "", map[string]string{"md5": core.SumMD5(nil).String()}), core.FindingMD5)
	corrupt := l.put("d", "content", "", nil)
	corrupt.MD5 = core.SumMD5([]byte("kontent")) // as it was read
	l.want("another content", corrupt, core.FindingCorrupt)
	changed := l.put("e", "content", "", nil)
	changed.Token = "other"
	if _, err := l.a.Audit(t.Context(), contents.Key{Object: "e", Entry: "e"}, changed); !errors.Is(err, core.ErrChanged) {
		t.Errorf("another version: %v; want ErrChanged", err)
	}
}

// An ETag that is no md5 is no flaw of an object with a right md5 in its metadata,
// and a wrong content stays one.
func TestFilesUnderOpaqueETags(t *testing.T) {
	l := newLab(t, s3server.OpaqueETags)
	right := map[string]string{"md5": core.SumMD5([]byte("content")).String()}
	corrupt := l.put("wrong", "content", "", right)
	corrupt.MD5 = core.SumMD5([]byte("kontent"))
	l.want("another content", corrupt, core.FindingCorrupt, core.FindingMD5)
	l.want("a right note", l.put("a", "content", "", right))
	if l.a.Can.Has(ability.PlainMD5) {
		t.Error("ETags are still taken for md5s")
	}
	l.want("no note", l.put("b", "content", "", nil), core.FindingNoMD5)
}

// A link without its redirect is a flaw where other links have theirs. A store that
// keeps none has them in its notes, once.
func TestLinks(t *testing.T) {
	for name, c := range map[string]struct {
		others []string // their redirects
		aws    bool
		flaw   bool
	}{
		"others have theirs":  {[]string{"", "/t"}, false, true},
		"none has one":        {[]string{"", ""}, false, false},
		"there are no others": {nil, false, false},
		"at AWS":              {nil, true, true},
		"many have none":      {make([]string, 2*maxLinks), false, false},
	} {
		l := newLab(t)
		l.a.AWS = c.aws
		lost := l.putLink("lost", "")
		for i, redirect := range c.others {
			l.putLink("other"+string(rune('a'+i)), redirect)
		}
		var want []core.Finding
		if c.flaw {
			want = append(want, core.FindingRedirect)
		}
		l.want(name, lost, want...)
		l.want(name+", again", lost, want...)
		if notes := l.a.Can.Notes(); (len(notes) == 0) != c.flaw {
			t.Errorf("%s: notes %q", name, notes)
		}
	}
	l := newLab(t)
	l.want("a link with its redirect", l.putLink("a", "/t"))
	l.want("and one without", l.putLink("b", ""), core.FindingRedirect)
}

func TestRepair(t *testing.T) {
	l := newLab(t)
	e := l.put("a", "content", "", map[string]string{"md5": core.SumMD5(nil).String(), "colour": "blue"})
	if _, err := l.a.Repair(t.Context(), contents.Key{Object: "a", Entry: "a"}, e); err != nil {
		t.Fatal(err)
	}
	a, err := l.a.Objects.Head(t.Context(), "a")
	if err != nil || a.Metadata()["md5"] != e.MD5.String() || a.Metadata()["colour"] != "blue" {
		t.Errorf("metadata %v, %v", a.Metadata(), err)
	}
	link := l.putLink("l", "")
	if now, err := l.a.Repair(t.Context(), contents.Key{Object: "l", Entry: "l"}, link); err != nil || now.Kind != core.Link || now.Target.Key != "t" {
		t.Errorf("%+v, %v", now, err)
	}
	e.Token = "other"
	if _, err := l.a.Repair(t.Context(), contents.Key{Object: "a", Entry: "a"}, e); !errors.Is(err, core.ErrChanged) {
		t.Errorf("another version: %v; want ErrChanged", err)
	}
	e.Size = maxCopy + 1
	if _, err := l.a.Repair(t.Context(), contents.Key{Object: "a", Entry: "a"}, e); err == nil || !strings.Contains(err.Error(), "5 GiB") {
		t.Errorf("a large object: %v", err)
	}
	dropping := newLab(t, s3server.DropsRedirect)
	link = dropping.putLink("l", "/t")
	if _, err := dropping.a.Repair(t.Context(), contents.Key{Object: "l", Entry: "l"}, link); err == nil || !strings.Contains(err.Error(), "drops redirects") {
		t.Errorf("a store that drops redirects: %v", err)
	}
}
