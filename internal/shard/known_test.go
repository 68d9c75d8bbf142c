package shard

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/s3fc/s3fc/core"
)

// inventoryIn writes an S3 Inventory of a bucket below dir, as AWS lays it out, with
// two data files, and returns the path of its manifest.
func (l *lab) inventoryIn(dir, format string) string {
	for part := range 2 {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		for i := part * 50; i < part*50+50; i++ {
			fmt.Fprintf(z, "\"site\",\"%s\",\"true\",\"false\",\"17\"\n", url.QueryEscape(fmt.Sprintf("docs/d %02d/f", i)))
			fmt.Fprintf(z, "\"site\",\"docs%%2Fzz%02d\",\"false\",\"false\",\"17\"\n", i) // an older version
			fmt.Fprintf(z, "\"site\",\"other/%02d\",\"true\",\"false\",\"17\"\n", i)
		}
		if err := z.Close(); err != nil {
			l.t.Fatal(err)
		}
		l.write(dir, fmt.Sprintf("inv/site/all/data/%d.csv.gz", part), b.String())
	}
	l.write(dir, "inv/site/all/2026-11-01T00-00Z/manifest.json", `{"sourceBucket": "site", "destinationBucket": "arn:aws:s3:::logs", "version": "2016-11-30",
		"fileFormat": "`+format+`", "fileSchema": "Bucket, Key, IsLatest, IsDeleteMarker, Size",
		"files": [{"key": "inv/site/all/data/0.csv.gz", "size": 1}, {"key": "inv/site/all/data/1.csv.gz", "size": 1}]}`)
	return filepath.Join(dir, "inv/site/all/2026-11-01T00-00Z/manifest.json")
}

func TestKnownKeysOfAnInventory(t *testing.T) {
	l := newLab(t)
	l.tasks.Mux.Handle(core.Scheme{Name: "s3", Open: func(context.Context, *url.URL, core.Env) (core.Backend, error) { return nil, fs.ErrNotExist }})
	dir := t.TempDir()
	manifest := l.inventoryIn(dir, "CSV")
	known, err := l.tasks.Known(t.Context(), manifest, l.src, "s3://site/docs/")
	if err != nil {
		t.Fatal(err)
	}
	if got := known.keys.keys; len(got) != 100 || got[0] != "d 00/f" || got[99] != "d 99/f" {
		t.Errorf("%d keys: %q", len(got), got)
	}
	for i := range 40 {
		l.write(l.src, fmt.Sprintf("d %02d/f", i), "x")
	}
	r, err := l.tasks.Begin(t.Context(), l.src, l.dst, 4, known)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"d 24/f~", "d 49/f~", "d 74/f~"}; !slices.Equal(r.Cuts, want) {
		t.Errorf("cuts %q, want %q", r.Cuts, want)
	}
	// The inventory is a hundred files; the trees have forty and none.
	l.list(r)
	if v := l.check(r); v.Totals.Files != 40 || v.Totals.DstEntries != 0 {
		t.Errorf("%+v", v.Totals)
	}
	for name, c := range map[string]struct{ format, dst, want string }{
		"another bucket": {"CSV", "s3://elsewhere/docs", "inventory of the bucket site, and neither"},
		"ORC":            {"ORC", "s3://site", "configure one in CSV"},
	} {
		at := l.inventoryIn(t.TempDir(), c.format)
		if _, err := l.tasks.Known(t.Context(), at, l.src, c.dst); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	l.write(dir, "inv/site/all/data/1.csv.gz", "\x1f\x8bdamaged")
	if _, err := l.tasks.Known(t.Context(), manifest, l.src, "s3://site/docs/"); err == nil {
		t.Error("a damaged data file passed")
	}
}

func TestKnownCutsOfAnEarlierRun(t *testing.T) {
	l := newLab(t)
	l.fill(200)
	first := l.begin(8)
	text, err := json.Marshal(first)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	l.write(dir, "run.json", string(text))
	known, err := l.tasks.Known(t.Context(), filepath.Join(dir, "run.json"), l.src, l.dst)
	if err != nil {
		t.Fatal(err)
	}
	for shards, want := range map[int][]string{8: first.Cuts, 4: {first.Cuts[1], first.Cuts[3], first.Cuts[5]}, 1: {}} {
		cuts, err := CutsFrom(t.Context(), shards, known)
		if err != nil || !slices.Equal(cuts, want) {
			t.Errorf("%d shards: %q, %v; want %q", shards, cuts, err, want)
		}
	}
	if _, err := CutsFrom(t.Context(), 9, known); err == nil || !strings.Contains(err.Error(), "had 8 shards") {
		t.Errorf("9 shards: %v", err)
	}
}

func TestKnownKeysOfAListAndOfNoList(t *testing.T) {
	l := newLab(t)
	dir := t.TempDir()
	l.write(dir, "keys", "\"b\"\na\r\n/bad\n\nc\n")
	known, err := l.tasks.Known(t.Context(), filepath.Join(dir, "keys"), l.src, l.dst)
	if err != nil || !slices.Equal(known.keys.keys, []string{"b", "a", "c"}) {
		t.Errorf("%+v, %v", known, err)
	}
	l.write(dir, "other.json", `{"some": "thing"}`)
	l.write(dir, "bad.json", `{"some": `)
	for _, name := range []string{"other.json", "bad.json", "absent"} {
		if _, err := l.tasks.Known(t.Context(), filepath.Join(dir, name), l.src, l.dst); err == nil {
			t.Errorf("%s passed", name)
		}
	}
}
