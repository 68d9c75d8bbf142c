package format

import (
	"errors"
	"testing"
	"time"

	"github.com/s3fc/s3fc/core"
)

func TestEntryIsSettledOnlyByTheStoresClock(t *testing.T) {
	for _, o := range []Object{
		{},
		{Changed: time.Unix(1e9, 0)},
		{Answered: time.Unix(1e9, 0)},
		{Changed: time.Unix(1e9, 0), Answered: time.Unix(1e9+2, 0)},
	} {
		if o.settled() {
			t.Errorf("%+v is settled", o)
		}
	}
	if old := (Object{Changed: time.Unix(1e9, 0), Answered: time.Unix(1e9+3, 0)}); !old.settled() {
		t.Errorf("%+v is not settled", old)
	}
}

func TestEntryOfAnObject(t *testing.T) {
	redirect := func(s string) *string { return &s }
	page, sum := LinkPage("/site/v2"), core.SumMD5([]byte("x"))
	pageSum := core.SumMD5(page).String()
	link := core.Entry{Kind: core.Link, Target: core.Target{Key: "v2", Dir: core.NotDir}}
	file := func(sum core.MD5) core.Entry { return core.Entry{Kind: core.File, MD5: sum} }
	target := map[string]string{MetaTarget: "/site/v2"}
	claim := map[string]string{MetaMD5: core.SumMD5(nil).String()}
	size := int64(len(page))
	for name, c := range map[string]struct {
		o        Object
		body     []byte
		want     core.Entry
		needBody bool
	}{
		"a file":                                   {o: Object{Size: 1, ETag: sum.String()}, want: file(sum)},
		"a file of another md5 in its metadata":    {o: Object{Size: 1, ETag: sum.String(), Metadata: claim}, want: file(sum)},
		"a file under an opaque ETag":              {o: Object{Size: 1, ETag: sum.String(), Opaque: true, Metadata: claim}, want: file(core.SumMD5(nil))},
		"a file in parts":                          {o: Object{Size: 1, ETag: sum.String() + "-2"}, want: file(core.MD5{})},
		"a redirect":                               {o: Object{Size: 9, ETag: "x", Redirect: redirect("/site/v2")}, want: link},
		"a redirect to elsewhere":                  {o: Object{Redirect: redirect("/other")}, want: core.Entry{Kind: core.Other}},
		"a link page whose redirect was dropped":   {o: Object{Size: size, ETag: pageSum, Metadata: target}, want: link},
		"an empty link whose redirect was dropped": {o: Object{Size: 0, ETag: core.SumMD5(nil).String(), Metadata: target}, want: link},
		"another body of that size":                {o: Object{Size: size, ETag: sum.String(), Metadata: target}, want: file(sum)},
		"a body that was not read":                 {o: Object{Size: size, ETag: "x", Metadata: target}, needBody: true},
		"an opaque ETag that looks like an md5":    {o: Object{Size: size, ETag: pageSum, Opaque: true, Metadata: target}, needBody: true},
		"a body that is the page":                  {o: Object{Size: size, ETag: "x", Metadata: target}, body: page, want: link},
		"a body that is not the page":              {o: Object{Size: size, ETag: "x", Metadata: target}, body: make([]byte, size), want: file(core.MD5{})},
		"metadata of another size":                 {o: Object{Size: 7, ETag: sum.String(), Metadata: target}, want: file(sum)},
	} {
		got, needBody := (Layout{Prefix: "site/"}).Entry(c.o, c.body)
		if needBody != c.needBody {
			t.Errorf("%s: needs its body: %v; want %v", name, needBody, c.needBody)
		}
		if needBody {
			continue
		}
		if got.Kind != c.want.Kind || got.Target != c.want.Target || got.MD5 != c.want.MD5 || got.Size != c.o.Size || got.Token != c.o.ETag {
			t.Errorf("%s: %+v; want %+v", name, got, c.want)
		}
		if (got.Kind == core.Other) != errors.Is(got.Problem, core.ErrUnsupportedLink) {
			t.Errorf("%s: problem %v", name, got.Problem)
		}
	}
	if e, _ := (Layout{Express: true}).Entry(Object{Size: 1, ETag: sum.String()}, nil); e.MD5.Known() {
		t.Error("the ETag of a directory bucket is an md5")
	}
}

func TestOpaqueETag(t *testing.T) {
	algorithm := "AES256"
	for _, c := range []struct {
		sse      string
		customer *string
		want     bool
	}{{"", nil, false}, {"AES256", nil, false}, {"aws:kms", nil, true}, {"aws:kms:dsse", nil, true}, {"", &algorithm, true}} {
		if got := OpaqueETag(c.sse, c.customer); got != c.want {
			t.Errorf("OpaqueETag(%q, %v) = %v", c.sse, c.customer, got)
		}
	}
}

func TestRepairedMetadata(t *testing.T) {
	right := core.SumMD5([]byte("right"))
	got := RepairedMetadata(map[string]string{
		MetaMD5: "wrong", MetaRclone: "wrong", MetaS3cmd: "mtime:1/md5:wrong/uid:0", "other": "stays",
	}, core.Entry{Kind: core.File, MD5: right})
	want := map[string]string{
		MetaMD5: right.String(), MetaRclone: right.Base64(), MetaS3cmd: "mtime:1/md5:" + right.String() + "/uid:0", "other": "stays",
	}
	for name, v := range want {
		if got[name] != v {
			t.Errorf("%s: %q; want %q", name, got[name], v)
		}
	}
	for _, c := range Claims(got) {
		if c.MD5 != right {
			t.Errorf("%s still claims %q", c.Name, c.Text)
		}
	}
	if got := RepairedMetadata(nil, core.Entry{Kind: core.File, MD5: right}); MetadataMD5(got) != right {
		t.Errorf("repaired from nothing: %v", got)
	}
}
