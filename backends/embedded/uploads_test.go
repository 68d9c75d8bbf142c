package embedded_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/johannesboyne/gofakes3"

	"github.com/s3fc/s3fc/internal/filestore"
)

func TestTheUploadsOfAKilledProcessAreGoneAtTheNextStart(t *testing.T) {
	dir := fresh(t)
	b := mustOpen(t, "embedded://demo")
	put(t, b, "kept", "kept")
	closeTree(t, b)
	store, err := filestore.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	id, err := store.CreateMultipartUpload("demo", "big", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.UploadPart("demo", "big", id, 1, 1<<20, bytes.NewReader(make([]byte, 1<<20))); err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	before := sizeOf(t, dir)
	closeTree(t, mustOpen(t, "embedded://demo"))
	if store, err = filestore.Open(dir); err != nil {
		t.Fatal(err)
	}
	defer store.Close() //nolint:errcheck // It was only read.
	list, err := store.ListMultipartUploads("demo", nil, gofakes3.Prefix{}, 10)
	if err != nil || len(list.Uploads) != 0 {
		t.Errorf("%d uploads are left, %v", len(list.Uploads), err)
	}
	if after := sizeOf(t, dir); before-after < 1<<20 {
		t.Errorf("%d bytes before, %d after; want the part to be gone", before, after)
	}
	if o, err := store.HeadObject("demo", "kept"); err != nil {
		t.Errorf("the object is gone: %v", err)
	} else if err := o.Contents.Close(); err != nil {
		t.Error(err)
	}
}

// sizeOf is how many bytes the blobs of a store have.
func sizeOf(t *testing.T, dir string) (n int64) {
	t.Helper()
	err := filepath.WalkDir(filepath.Join(dir, "blobs"), func(_ string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		n += info.Size()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}
