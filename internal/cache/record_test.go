package cache

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/s3fc/s3fc/core"
)

var comparable = cmp.Options{cmp.AllowUnexported(record{}, version{}), cmpopts.EquateComparable(core.MD5{})}

// anyRecord draws a record of any kind that recordOf can make.
func anyRecord(t *rapid.T) record {
	sum := func(name string) core.MD5 {
		return core.SumMD5([]byte(rapid.String().Draw(t, name)))
	}
	r := record{
		version: version{
			size: rapid.Int64Min(0).Draw(t, "size"), token: rapid.String().Draw(t, "token"), changed: rapid.Int64().Draw(t, "changed"),
		},
		kind: rapid.SampledFrom([]core.Kind{core.File, core.Link, core.Other}).Draw(t, "kind"),
	}
	switch r.kind {
	case core.File:
		if rapid.Bool().Draw(t, "md5 known") {
			r.md5 = sum("md5")
		}
		if rapid.Bool().Draw(t, "parts known") {
			r.parts = core.PartsHash{PartSize: rapid.Int64().Draw(t, "part size"), Count: rapid.IntRange(1, 10_000).Draw(t, "count"), MD5: sum("parts")}
		}
		if rapid.Bool().Draw(t, "time known") {
			r.modTime = time.Unix(rapid.Int64Range(-1<<40, 1<<40).Draw(t, "sec"), rapid.Int64Range(0, 1e9-1).Draw(t, "nsec"))
		}
	case core.Link:
		r.target = core.Target{Key: rapid.StringMatching(`[a-z]{1,5}(/[a-zé]{1,5}){0,3}`).Draw(t, "target"), Dir: core.Dir(rapid.IntRange(0, 2).Draw(t, "dir"))}
		if rapid.Bool().Draw(t, "url") {
			r.target = core.Target{URL: "https://example.com/x"}
		}
	case core.Other:
		r.problem = "x" + rapid.String().Draw(t, "problem")
	}
	return r
}

// decode decodes a record of whatever version it is.
func decode(b []byte) (r record, ok bool) {
	d := decoder{b: b}
	v := version{size: int64(d.uvarint()), changed: d.varint()}
	v.token = string(d.bytes())
	return r, r.decodeAs(b, v)
}

// TestRecordRoundTrip checks that a record comes back as it was, matches its
// version and no other, and that nothing behind it is taken for a part of it.
func TestRecordRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := anyRecord(t)
		b := want.append(nil)
		got, ok := decode(b)
		if diff := cmp.Diff(want, got, comparable); !ok || diff != "" {
			t.Fatalf("decoded %v (-want +got):\n%s", ok, diff)
		}
		if _, ok := decode(append(b, 0)); ok {
			t.Error("a byte behind the record was not noticed")
		}
		if _, ok := decode(b[:len(b)-1]); ok {
			t.Error("a cut record was not noticed")
		}
		v := want.version
		var r record
		if !r.decodeAs(b, v) {
			t.Error("the record is not of its own version")
		}
		for _, other := range []version{{v.size + 1, v.token, v.changed}, {v.size, v.token + "x", v.changed}, {v.size, v.token, v.changed + 1}} {
			if r.decodeAs(b, other) {
				t.Errorf("the record of %+v is taken for one of %+v", v, other)
			}
		}
	})
}

// TestRecordOfAnEntry checks that a partial entry of a listing is completed to the
// entry that Stat returned.
func TestRecordOfAnEntry(t *testing.T) {
	sum, now := core.SumMD5([]byte("x")), time.Unix(1700000000, 0)
	for _, want := range []core.Entry{
		{Key: "k", Kind: core.File, Size: 1, MD5: sum, ModTime: now, Token: "t", Changed: now},
		{Key: "k", Kind: core.Link, Size: 1021, Target: core.Target{Key: "a", Dir: core.IsDir}, Token: "t", Changed: now},
		{Key: "k", Kind: core.Link, Target: core.Target{URL: "https://example.com/"}, Token: "t", Changed: now},
	} {
		r := recordOf(&want)
		listed := core.Entry{Key: "k", Kind: core.File, Partial: true, MaybeLink: true, Size: want.Size, Token: "t", Changed: now}
		if r.complete(&listed); listed != want {
			t.Errorf("completed to %+v, want %+v", listed, want)
		}
	}
	odd := core.Entry{Key: "k", Token: "t", Problem: core.ErrUnsupportedLink}
	got := core.Entry{Key: "k", Kind: core.File, Partial: true, Token: "t"}
	recordOf(&odd).complete(&got)
	if got.Kind != core.Other || got.Problem.Error() != odd.Problem.Error() || got.Partial {
		t.Errorf("completed to %+v, want an Other with its problem", got)
	}
}

// FuzzRecord checks that no bytes make the decoder panic, or yield a record that
// is not encoded as the same bytes' meaning again.
func FuzzRecord(f *testing.F) {
	file := record{version: version{size: 5, token: "abc"}, kind: core.File, md5: core.SumMD5(nil)}
	link := record{version: version{token: "t", changed: 1}, kind: core.Link, target: core.Target{Key: "a/b"}}
	f.Add(file.append(nil))
	f.Add(link.append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, ok := decode(b)
		if !ok {
			return
		}
		again, ok := decode(r.append(nil))
		if diff := cmp.Diff(r, again, comparable); !ok || diff != "" {
			t.Errorf("%x decodes to %+v, and that to %+v", b, r, again)
		}
	})
}
