package format

import (
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/s3fc/s3fc/core"
)

// TestPartSizeIsFrozen checks the rule that ETags of stored objects depend on.
func TestPartSizeIsFrozen(t *testing.T) {
	const gib = 1 << 10 * MiB
	for _, c := range []struct{ size, want int64 }{
		{SingleMax + 1, 8 * MiB},
		{10_000 * 8 * MiB, 8 * MiB},
		{10_000*8*MiB + 1, 16 * MiB},
		{10_000*16*MiB + 1, 32 * MiB},
		{5 << 10 * gib, 1 * gib}, // 5 TiB, S3's largest
	} {
		if got := PartSize(c.size); got != c.want {
			t.Errorf("PartSize(%d) = %d; want %d", c.size, got, c.want)
		}
	}
}

func TestPartSizes(t *testing.T) {
	for _, c := range []struct {
		size  int64
		count int
		want  []int64
	}{
		{20 * MiB, 3, []int64{8 * MiB}},
		{20 * MiB, 2, []int64{16 * MiB, 15 * MiB, 10 * MiB}},
		{20 * MiB, 4, []int64{5 * MiB}},
		{100 * MiB, 13, []int64{8 * MiB}},
		{100 * MiB, 1, []int64{100 * MiB, 128 * MiB, 256 * MiB, 512 * MiB, 1024 * MiB}},
		{100 * MiB, 77, nil},
		{0, 3, nil},
	} {
		if got := PartSizes(c.size, c.count); !slices.Equal(got, c.want) {
			t.Errorf("PartSizes(%d, %d) = %v; want %v", c.size, c.count, got, c.want)
		}
	}
}

func TestParsePartsETag(t *testing.T) {
	const hex = "d41d8cd98f00b204e9800998ecf8427e"
	for _, c := range []struct {
		token string
		count int
		ok    bool
	}{{hex + "-3", 3, true}, {hex, 0, false}, {hex + "-0", 0, false}, {hex + "-x", 0, false}, {"x-3", 0, false}, {"", 0, false}} {
		sum, count, ok := ParsePartsETag(c.token)
		if ok != c.ok || ok && (count != c.count || sum.String() != hex) {
			t.Errorf("ParsePartsETag(%q) = %v, %d, %v; want %d, %v", c.token, sum, count, ok, c.count, c.ok)
		}
	}
}

func TestBareETag(t *testing.T) {
	for in, want := range map[string]string{`"abc"`: "abc", `W/"abc"`: "abc", "abc": "abc", `""`: ""} {
		if got := BareETag(aws.String(in)); got != want {
			t.Errorf("BareETag(%s) = %q; want %q", in, got, want)
		}
	}
	if got := BareETag(nil); got != "" {
		t.Errorf("BareETag(nil) = %q; want nothing", got)
	}
}

func TestProves(t *testing.T) {
	tree := Layout{Prefix: "site/"}
	file := core.SumMD5([]byte("hello"))
	dirPage, filePage := LinkPage("/site/v2/"), LinkPage("/site/v2")
	have := func(size int64, token string) core.Entry {
		return core.Entry{Key: "x", Kind: core.File, Partial: true, Size: size, Token: token}
	}
	linked := func(b []byte) core.Entry { return have(int64(len(b)), core.SumMD5(b).String()) }
	link := func(d core.Dir) core.Evidence {
		return core.Evidence{Kind: core.Link, Target: core.Target{Key: "v2", Dir: d}}
	}
	parts := core.Evidence{Kind: core.File, Size: 20 * MiB, Parts: []core.PartsHash{{PartSize: 16 * MiB, Count: 2, MD5: file}, {PartSize: 8 * MiB, Count: 3, MD5: file}}}
	for _, c := range []struct {
		name string
		have core.Entry
		ev   core.Evidence
		want bool
	}{
		{"file", have(5, file.String()), core.Evidence{Kind: core.File, Size: 5, MD5: file}, true},
		{"other md5", have(5, file.String()), core.Evidence{Kind: core.File, Size: 5, MD5: core.SumMD5(nil)}, false},
		{"unknown md5", have(5, file.String()), core.Evidence{Kind: core.File, Size: 5}, false},
		{"other size", have(6, file.String()), core.Evidence{Kind: core.File, Size: 5, MD5: file}, false},
		{"no ETag", have(5, ""), core.Evidence{Kind: core.File, Size: 5, MD5: file}, false},
		{"empty", have(0, core.SumMD5(nil).String()), core.Evidence{Kind: core.File, MD5: core.SumMD5(nil)}, false},
		{"parts", have(20*MiB, file.String()+"-3"), parts, true},
		{"parts of another number", have(20*MiB, file.String()+"-4"), parts, false},
		{"a page, whose bytes are a file's", linked(dirPage), core.Evidence{Kind: core.File, Size: 1021, MD5: core.SumMD5(dirPage), Head: dirPage}, false},
		{"a page, whose bytes nobody read", linked(dirPage), core.Evidence{Kind: core.File, Size: 1021, MD5: core.SumMD5(dirPage)}, false},
		{"a file of the size of a page", linked(make([]byte, 1021)), core.Evidence{Kind: core.File, Size: 1021, MD5: core.SumMD5(make([]byte, 1021)), Head: make([]byte, 1021)}, true},
		{"link to a directory", linked(dirPage), link(core.IsDir), true},
		{"link to a directory, as to a file", linked(filePage), link(core.IsDir), false},
		{"link to a file", linked(filePage), link(core.NotDir), true},
		{"link to a file, as to a directory", linked(dirPage), link(core.NotDir), false},
		{"link to something, as to a directory", linked(dirPage), link(core.DirUnknown), true},
		{"link to something, as to a file", linked(filePage), link(core.DirUnknown), true},
		{"link elsewhere", linked(LinkPage("/site/v3/")), link(core.DirUnknown), false},
		{"link to the root", linked(LinkPage("/site/")), core.Evidence{Kind: core.Link, Target: core.Target{Key: "."}}, true},
		{"link to a URL", linked(LinkPage("https://e.org/")), core.Evidence{Kind: core.Link, Target: core.Target{URL: "https://e.org/"}}, true},
		{"too long a link", linked(LinkPage("/x")), core.Evidence{Kind: core.Link, Target: core.Target{Key: string(make([]byte, 2000))}}, false},
		{"empty link", have(0, core.SumMD5(nil).String()), link(core.IsDir), false},
		{"other", core.Entry{Size: 5, Token: file.String()}, core.Evidence{Kind: core.File, Size: 5, MD5: file}, false},
		{"other wanted", have(5, file.String()), core.Evidence{Size: 5, MD5: file}, false},
	} {
		if got := tree.Proves(c.have, c.ev); got != c.want {
			t.Errorf("%s: Proves = %v; want %v", c.name, got, c.want)
		}
	}
	if (Layout{Express: true}).Proves(have(5, file.String()), core.Evidence{Kind: core.File, Size: 5, MD5: file}) {
		t.Error("the ETag of a directory bucket proved something")
	}
}
