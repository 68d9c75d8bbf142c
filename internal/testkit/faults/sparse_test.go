package faults

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/s3fc/s3fc/internal/s3server"
)

// TestASparseFileIsCopiedWhole checks that holes are zeros on the other side, in a
// bucket and in a directory, and that the next run has nothing to do.
func TestASparseFileIsCopiedWhole(t *testing.T) {
	const size, at = 24 << 20, 17<<20 + 3
	src, back, dst := t.TempDir(), t.TempDir(), t.TempDir()
	f, err := os.Create(filepath.Join(src, "sparse")) //nolint:gosec // A file of this test.
	if err != nil {
		t.Fatal(err)
	}
	want := make([]byte, size)
	copy(want[at:], "data between two holes")
	if _, err := f.WriteAt(want[at:at+22], at); err != nil {
		t.Fatal(err)
	}
	if err := f.Truncate(size); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_ACCESS_KEY_ID", s3server.AccessKey)
	t.Setenv("AWS_SECRET_ACCESS_KEY", s3server.SecretKey)
	t.Setenv("S3FC_STATE_DIR", t.TempDir())
	t.Setenv("S3FC_CACHE_DIR", t.TempDir())
	bucket := "s3://test/?region=us-east-1&endpoint=" + s3server.New(t).URL
	for _, way := range [][2]string{{src, bucket}, {bucket, back}, {src, dst}} {
		for range 2 {
			if code, out := run("copy", way[0], way[1]); code != 0 {
				t.Fatalf("copy %s %s: exit code %d\n%s", way[0], way[1], code, out)
			}
		}
		if code, out := run("diff", way[0], way[1]); code != 0 {
			t.Errorf("diff %s %s: exit code %d\n%s", way[0], way[1], code, out)
		}
	}
	for _, dir := range []string{back, dst} {
		got, err := os.ReadFile(filepath.Join(dir, "sparse")) //nolint:gosec // A file of this test.
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d bytes, %v; want the %d of the source", len(got), err, size)
		}
	}
}
