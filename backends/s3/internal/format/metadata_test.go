package format

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/s3fc/s3fc/core"
)

func TestMetadataMD5(t *testing.T) {
	const hex = "d41d8cd98f00b204e9800998ecf8427e"
	want, _ := core.ParseMD5(hex)
	for _, c := range []struct {
		name string
		meta map[string]string
		want core.MD5
	}{
		{"ours", map[string]string{"md5": hex}, want},
		{"rclone", map[string]string{"md5chksum": want.Base64()}, want},
		{"hugo", map[string]string{"md5chksum": hex}, want},
		{"s3cmd", map[string]string{"s3cmd-attrs": "atime:1/ctime:1/md5:" + hex + "/mode:33188/mtime:2"}, want},
		{"ours first", map[string]string{"md5": hex, "md5chksum": core.SumMD5([]byte("x")).Base64()}, want},
		{"none", nil, core.MD5{}},
		{"broken", map[string]string{"md5": "xyz", "md5chksum": "!!!!", "s3cmd-attrs": "md5:1"}, core.MD5{}},
		{"short base64", map[string]string{"md5chksum": "aGVsbG8="}, core.MD5{}},
	} {
		if got := MetadataMD5(c.meta); got != c.want {
			t.Errorf("%s: MetadataMD5(%v) = %q; want %q", c.name, c.meta, got, c.want)
		}
	}
}

func TestMetadataTime(t *testing.T) {
	for _, c := range []struct {
		in   string
		want time.Time
	}{
		{"1700000000", time.Unix(1700000000, 0)},
		{"1700000000.123456789", time.Unix(1700000000, 123456789)},
		{"1700000000.1234567899", time.Unix(1700000000, 123456789)},
		{"1700000000.5", time.Unix(1700000000, 5e8)},
		{"-1.5", time.Unix(-2, 5e8)},
		{"-0.5", time.Unix(-1, 5e8)},
		{"", time.Time{}},
		{"x", time.Time{}},
		{"1e9", time.Time{}},
		{"+1", time.Time{}},
		{"1.x", time.Time{}},
		{"--1", time.Time{}},
		{"9999999999999", time.Time{}},
	} {
		if got := MetadataTime(map[string]string{"mtime": c.in}); !got.Equal(c.want) {
			t.Errorf("MetadataTime(%q) = %v; want %v", c.in, got, c.want)
		}
	}
	if got := MetadataTime(map[string]string{"s3cmd-attrs": "md5:x/mtime:1700000000"}); !got.Equal(time.Unix(1700000000, 0)) {
		t.Errorf("MetadataTime of s3cmd-attrs = %v", got)
	}
}

func TestTimeRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := time.Unix(rapid.Int64Range(-5e9, 5e9).Draw(t, "sec"), rapid.Int64Range(0, 999999999).Draw(t, "ns"))
		if got, ok := parseTime(formatTime(want)); !ok || !got.Equal(want) {
			t.Fatalf("parseTime(%q) = %v, %v; want %v", formatTime(want), got, ok, want)
		}
	})
}
