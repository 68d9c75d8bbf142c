package cmd

import (
	"net/url"
	"os"
	"path/filepath"
	"testing"
)

func at(t *testing.T, s string) place {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return place{s, u}
}

func TestRelationOfURLs(t *testing.T) {
	t.Setenv("AWS_ENDPOINT_URL", "")
	t.Setenv("AWS_ENDPOINT_URL_S3", "")
	const same, in, around = "and the destination are the same tree", "lies inside the destination", "contains the destination"
	for _, tt := range []struct{ src, dst, want string }{
		{"s3://b", "s3://b", same},
		{"s3://b/", "s3://b?region=eu-west-1", same},
		{"s3://b/x", "s3://b/x/", same},
		{"s3://b", "s3://b/x", around},
		{"s3://b/x/y", "s3://b/x", in},
		{"s3://b/x", "s3://b/xy", ""},
		{"s3://b/x", "s3://c/x", ""},
		{"s3://b", "s3://b?endpoint=http://localhost:9000", ""},
		{"s3://b?endpoint=http://localhost:9000/", "s3://b?endpoint=http://LOCALHOST:9000", same},
		{"s3://b", "embedded://b", ""},
		{"mem://a/x", "mem://a", in},
	} {
		if got := relation(at(t, tt.src), at(t, tt.dst)); got != tt.want {
			t.Errorf("the source %s of %s: %q, want %q", tt.src, tt.dst, got, tt.want)
		}
	}
}

func TestRelationOfDirectoriesIsThatOfWhatTheyAre(t *testing.T) {
	dir := t.TempDir()
	for _, d := range []string{"a/b", "c"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, to := range map[string]string{"into": "a/b", "c/up": "..", "gone": "none"} {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Skipf("NOT RUN: no symbolic links here: %v", err)
		}
	}
	for _, tt := range []struct {
		out, in string
		want    bool
	}{
		{"a", "a", true},
		{"a", "a/b", true},
		{"a", "a/b/new/newer", true},
		{"a/b", "a", false},
		{"a", "into", true},
		{"a/b", "into/new", true},
		{"into", "a/b", true},
		{"a", "c", false},
		{"a", "ab", false},
		{"a/new", "a/new/x", true},
		{"a/new", "a/newer", false},
		{"a", "c/up/a/b", true},
		{"gone", "gone/x", true},
		{".", "a/b", true},
	} {
		if got := containsPath(filepath.Join(dir, tt.out), filepath.Join(dir, tt.in)); got != tt.want {
			t.Errorf("%s contains %s: %v, want %v", tt.out, tt.in, got, tt.want)
		}
	}
}
