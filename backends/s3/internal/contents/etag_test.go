package contents

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/s3fc/s3fc/backends/s3/internal/ability"
	"github.com/s3fc/s3fc/backends/s3/internal/format"
	"github.com/s3fc/s3fc/backends/s3/internal/listing"
	"github.com/s3fc/s3fc/backends/s3/internal/wire"
	"github.com/s3fc/s3fc/core"
)

// other is an ETag of the form of an md5 that is not the md5 of any content here.
const other = `"0123456789abcdef0123456789abcdef"`

func claiming(content, etag, claim string) *store {
	s := newStore(content)
	if etag != "" {
		s.etag, s.listed.ETag = etag, etag
	}
	s.header.Set("X-Amz-Meta-Md5", core.SumMD5([]byte(claim)).String())
	return s
}

// Where ETag and metadata are different md5s, the content tells which is right, and
// whether ETags are is learnt.
func TestContentSettlesWhichMD5IsRight(t *testing.T) {
	large := strings.Repeat("0123456789abcdef", 1<<17)
	for name, c := range map[string]struct {
		s       *store
		right   string
		gets    int // by Stat
		lost    bool
		trusted bool
	}{
		"the same":            {claiming("content", "", "content"), "content", 0, false, false},
		"an opaque ETag":      {claiming("content", other, "content"), "content", 1, true, false},
		"an old note":         {claiming("content", "", "old"), "content", 1, false, false},
		"an old note at AWS":  {claiming("content", "", "old"), "content", 0, false, true},
		"a large opaque one":  {claiming(large, other, large), large, 1, true, false},
		"a large old note":    {claiming(large, "", "old"), large, 1, false, false},
		"encrypted, and said": {encrypted(claiming("content", other, "content")), "content", 0, false, false},
	} {
		o := c.s.opener()
		o.Trusted = c.trusted
		o.Rule.Above = 1 << 30
		e, err := o.Stat(t.Context(), Key{"k", "k"})
		if err != nil || e.MD5 != core.SumMD5([]byte(c.right)) || len(c.s.gets) != c.gets {
			t.Errorf("%s: Stat: md5 %v, %v, with GETs of %v", name, e.MD5, err, c.s.gets)
		}
		if has := o.Can.Has(ability.PlainMD5); has == c.lost {
			t.Errorf("%s: believed to have md5s for ETags: %v", name, has)
		}
		for _, o := range []*Opener{o, c.s.opener()} { // with and without the ETags learnt before
			o.Trusted, o.Rule.Above = c.trusted, 1<<30
			got, e, err := read(t, o, int64(len(c.s.content)))
			if err != nil || got != string(c.s.content) || e.MD5.Known() && e.MD5 != core.SumMD5([]byte(c.right)) {
				t.Errorf("%s: Open: %d bytes, md5 %v, %v", name, len(got), e.MD5, err)
			}
			if has := o.Can.Has(ability.PlainMD5); has == c.lost {
				t.Errorf("%s: believed to have md5s for ETags after Open: %v", name, has)
			}
		}
	}
}

func encrypted(s *store) *store {
	s.header.Set(wire.Encryption, "aws:kms")
	return s
}

// A content that is neither as the ETag says nor as the metadata is corrupt.
func TestWrongContentIsCorrupt(t *testing.T) {
	for name, content := range map[string]string{"small": "content", "large": strings.Repeat("0123456789abcdef", 1<<17)} {
		s := claiming(content, other, "old")
		o := s.opener()
		o.Rule.Above = 1 << 30
		if _, _, err := read(t, o, int64(len(content))); !errors.Is(err, core.ErrCorrupt) || core.IsTransient(err) {
			t.Errorf("%s: %v; want ErrCorrupt", name, err)
		}
		if !o.Can.Has(ability.PlainMD5) {
			t.Errorf("%s: it was taken for a store whose ETags are no md5s", name)
		}
	}
}

// pair is a store of a second object, which a probe may read.
type pair struct {
	*store
	second *store
}

func (p pair) Head(ctx context.Context, key string) (*wire.Answer, error) {
	if key == "second" {
		return p.second.Head(ctx, key)
	}
	return p.store.Head(ctx, key)
}

func (p pair) Get(ctx context.Context, r *wire.Request) (*wire.Answer, error) {
	if r.Key == "second" {
		return p.second.Get(ctx, r)
	}
	return p.store.Get(ctx, r)
}

// Where nothing else tells, another object proves whether ETags are md5s.
func TestAnotherObjectProvesWhetherETagsAreMD5s(t *testing.T) {
	opaque := newStore("second")
	opaque.etag = `"fedcba9876543210fedcba9876543210"`
	large := newStore("second")
	large.listed.Size = maxProbe + 1
	for name, c := range map[string]struct {
		second  *store // nil: there is none
		opaque  bool
		probing bool
		listed  bool // with its ETag
	}{
		"it is opaque, too":              {opaque, true, true, true},
		"it is opaque, and has no ETag":  {opaque, true, true, false},
		"it is an md5":                   {newStore("second"), false, true, true},
		"it is an md5, and has no ETag":  {newStore("second"), false, true, false},
		"it is encrypted":                {encrypted(newStore("second")), false, false, true},
		"it is encrypted, and not shown": {encrypted(newStore("second")), false, false, false},
		"it is too large":                {large, false, false, true},
		"there is none":                  {nil, false, false, true},
	} {
		first := newStore("content")
		first.etag, first.listed.ETag = other, other
		o := first.opener()
		o.Page = func(context.Context) ([]listing.Object, error) {
			page := []listing.Object{{Key: "k", ETag: other, Size: 7}, {Key: "in parts", ETag: `"x-2"`, Size: 1}}
			if c.second != nil {
				o := c.second.listed
				o.Key, o.ETag = "second", ""
				if c.listed {
					o.ETag = c.second.etag
				}
				page = append(page, o)
			}
			return page, nil
		}
		if c.second != nil {
			o.Store = pair{first, c.second}
		}
		_, _, err := read(t, o, 7)
		if c.opaque != errors.Is(err, errOpaque) || c.opaque != core.IsTransient(err) || c.opaque == errors.Is(err, core.ErrCorrupt) {
			t.Errorf("%s: %v", name, err)
		}
		if !c.opaque && !strings.Contains(err.Error(), "lacks=md5-etags") {
			t.Errorf("%s: %v; want the remedy", name, err)
		}
		if c.second != nil {
			if (len(c.second.gets) > 0) != c.probing {
				t.Errorf("%s: GETs of %v", name, c.second.gets)
			}
			c.second.gets = nil
		}
		got, e, err := read(t, o, 7)
		if c.opaque && (err != nil || got != "content" || e.MD5 != core.SumMD5([]byte("content"))) {
			t.Errorf("%s: the second time: %q, md5 %v, %v", name, got, e.MD5, err)
		}
		if !c.opaque && !errors.Is(err, core.ErrCorrupt) && err == nil && !o.Can.Proved(ability.PlainMD5) {
			t.Errorf("%s: the second time: %q, %v", name, got, err)
		}
	}
}

// Once an ETag was proved to be an md5, contents are compared by who copies them.
func TestProofIsLookedForOnce(t *testing.T) {
	s := newStore("content")
	o := s.opener()
	if o.Can.Proved(ability.PlainMD5) {
		t.Fatal("proved before anything was read")
	}
	if _, _, err := read(t, o, 7); err != nil || !o.Can.Proved(ability.PlainMD5) {
		t.Fatalf("%v, proved: %v", err, o.Can.Proved(ability.PlainMD5))
	}
	r, _, err := o.Open(t.Context(), Key{"k", "k"}, 7)
	if err != nil {
		t.Fatal(err)
	}
	if _, proves := r.(*prover); proves {
		t.Error("the next one is hashed, too")
	}
	_ = r.Close() // nothing was read
}

func TestCheckStored(t *testing.T) {
	content := core.SumMD5([]byte("content"))
	for name, c := range map[string]struct {
		etag    string // of the answer to the write
		opaque  bool
		trusted bool
		there   string
		want    error
		gets    int
	}{
		"the md5":                  {content.String(), false, false, "content", nil, 0},
		"an opaque ETag":           {strings.Trim(other, `"`), false, false, "content", nil, 1},
		"said to be opaque":        {strings.Trim(other, `"`), true, false, "content", nil, 0},
		"other content":            {strings.Trim(other, `"`), false, false, "another", core.ErrCorrupt, 1},
		"other content, at AWS":    {strings.Trim(other, `"`), false, true, "another", core.ErrCorrupt, 0},
		"the ETag of parts":        {content.String() + "-2", false, false, "content", nil, 0},
		"no ETag":                  {"", false, false, "content", nil, 0},
		"replaced in the meantime": {core.SumMD5(nil).String(), false, false, "content", core.ErrCorrupt, 1},
	} {
		s := newStore(c.there)
		s.etag = other
		o := s.opener()
		o.Trusted = c.trusted
		err := o.CheckStored(t.Context(), "k", c.etag, c.opaque, content)
		if !errors.Is(err, c.want) || len(s.gets) != c.gets {
			t.Errorf("%s: %v; want %v, with GETs of %v", name, err, c.want, s.gets)
		}
	}
}

// A link page is recognised by its body where its ETag is no md5, and proves that.
func TestPagesUnderOpaqueETags(t *testing.T) {
	page := string(format.LinkPage("/a"))
	s := newStore(page)
	s.etag = other
	s.header = http.Header{"X-Amz-Meta-Link-Target": {"/a"}}
	o := s.opener()
	e, err := o.Stat(t.Context(), Key{"k", "k"})
	if err != nil || e.Kind != core.Link || o.Can.Has(ability.PlainMD5) {
		t.Errorf("%+v, %v; ETags are md5s: %v", e, err, o.Can.Has(ability.PlainMD5))
	}
	foreign := newStore(strings.Repeat("x", len(page)))
	foreign.header = maps.Clone(s.header)
	o = foreign.opener()
	e, err = o.Stat(t.Context(), Key{"k", "k"})
	if err != nil || e.Kind != core.File || e.MD5 != core.SumMD5(foreign.content) {
		t.Errorf("another body: %+v, %v", e, err)
	}
}

// An empty object shows without a question whether ETags are md5s.
func TestEmptyObjectsShowWhetherETagsAreMD5s(t *testing.T) {
	s := newStore("")
	s.etag, s.listed.ETag = other, other
	o := s.opener()
	if e, err := o.Stat(t.Context(), Key{"k", "k"}); err != nil || e.MD5.Known() || o.Can.Has(ability.PlainMD5) {
		t.Errorf("%+v, %v; ETags are md5s: %v", e, err, o.Can.Has(ability.PlainMD5))
	}
	if got, e, err := read(t, o, 0); err != nil || got != "" || e.MD5 != core.SumMD5(nil) {
		t.Errorf("%q, md5 %v, %v", got, e.MD5, err)
	}
}
