package filestore

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	bolt "go.etcd.io/bbolt"
	"go.uber.org/goleak"

	"github.com/s3fc/s3fc/internal/testkit/long"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t testing.TB, dir string) *Store {
	t.Helper()
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// fresh returns an open store with the bucket b.
func fresh(t testing.TB) *Store {
	t.Helper()
	s := open(t, filepath.Join(t.TempDir(), "store"))
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	must(t, s.CreateBucket("b"))
	return s
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantCode(t testing.TB, what string, err error, want gofakes3.ErrorCode) {
	t.Helper()
	if !gofakes3.HasErrorCode(err, want) {
		t.Errorf("%s: got %v, want %s", what, err, want)
	}
}

func store(t testing.TB, s *Store, key, content string) {
	t.Helper()
	_, err := s.PutObject("b", key, map[string]string{"X-Amz-Meta-A": "v"}, strings.NewReader(content), int64(len(content)), nil)
	must(t, err)
}

func load(t testing.TB, s *Store, key string) string {
	t.Helper()
	o, err := s.GetObject("b", key, nil)
	must(t, err)
	defer o.Contents.Close()
	content, err := io.ReadAll(o.Contents)
	must(t, err)
	return string(content)
}

// blobsOf returns the names of all files that hold contents.
func blobsOf(t testing.TB, s *Store) []string {
	t.Helper()
	var names []string
	must(t, filepath.WalkDir(s.blobs.dir, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, d.Name())
		}
		return err
	}))
	return names
}

func wantBlobs(t testing.TB, s *Store, when string, want int) {
	t.Helper()
	if got := blobsOf(t, s); len(got) != want {
		t.Errorf("%s: got %d blobs, want %d", when, len(got), want)
	}
}

func TestPersistence(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	s := open(t, dir)
	must(t, s.CreateBucket("b"))
	store(t, s, "k", "content")
	must(t, s.SetBucketConfig("b", "website", []byte("config")))
	must(t, s.Close())
	s = open(t, dir)
	if got := load(t, s, "k"); got != "content" {
		t.Errorf("got %q, want %q", got, "content")
	}
	o, err := s.HeadObject("b", "k")
	must(t, err)
	if got := o.Metadata["X-Amz-Meta-A"]; got != "v" {
		t.Errorf("metadata: got %q, want v", got)
	}
	if got, err := s.BucketConfig("b", "website"); err != nil || string(got) != "config" {
		t.Errorf("configuration: got %q, %v, want config", got, err)
	}
	must(t, s.Close())
	if _, err := os.Stat(pidFile(dir)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the pid file after Close: got %v, want none", err)
	}
	wantErr := s.CreateBucket("c")
	if !errors.Is(wantErr, errClosed) {
		t.Errorf("a change after Close: got %v, want %v", wantErr, errClosed)
	}
}

func TestBlobsGoWithTheirObjects(t *testing.T) {
	s := fresh(t)
	store(t, s, "k", "one")
	store(t, s, "k", "two")
	wantBlobs(t, s, "after an overwrite", 1)
	store(t, s, "empty", "")
	wantBlobs(t, s, "after an empty object", 1)
	store(t, s, "l", "three")
	_, err := s.DeleteObject("b", "k")
	must(t, err)
	wantBlobs(t, s, "after a delete", 1)
	star := "*"
	_, err = s.PutObject("b", "l", nil, strings.NewReader("x"), 1, &gofakes3.PutConditions{IfNoneMatch: &star})
	wantCode(t, "a put whose condition does not hold", err, gofakes3.ErrPreconditionFailed)
	_, err = s.PutObject("b", "l", nil, strings.NewReader("x"), 2, nil)
	wantCode(t, "a short body", err, gofakes3.ErrIncompleteBody)
	_, err = s.PutObject("none", "l", nil, strings.NewReader("x"), 1, nil)
	wantCode(t, "no such bucket", err, gofakes3.ErrNoSuchBucket)
	wantBlobs(t, s, "after failed puts", 1)
	id, err := s.CreateMultipartUpload("b", "m", nil)
	must(t, err)
	for range 2 {
		_, err = s.UploadPart("b", "m", id, 1, 4, strings.NewReader("part"))
		must(t, err)
	}
	wantBlobs(t, s, "after a part, twice", 2)
	must(t, s.AbortMultipartUpload("b", "m", id))
	wantBlobs(t, s, "after an abort", 1)
	wantCode(t, "deleting a bucket that is not empty", s.DeleteBucket("b"), gofakes3.ErrBucketNotEmpty)
	must(t, s.ForceDeleteBucket("b"))
	wantBlobs(t, s, "after the bucket went", 0)
	must(t, s.CreateBucket("b"))
}

func TestAReaderKeepsItsVersion(t *testing.T) {
	s := fresh(t)
	id, err := s.CreateMultipartUpload("b", "k", nil)
	must(t, err)
	large := strings.Repeat("a", 5<<20)
	in := &gofakes3.CompleteMultipartUploadRequest{}
	for n, content := range []string{large, large, "end"} {
		etag, err := s.UploadPart("b", "k", id, n+1, int64(len(content)), strings.NewReader(content))
		must(t, err)
		in.Parts = append(in.Parts, gofakes3.CompletedPart{PartNumber: n + 1, ETag: etag})
	}
	_, _, err = s.CompleteMultipartUpload("b", "k", id, in)
	must(t, err)
	o, err := s.GetObject("b", "k", nil)
	must(t, err)
	p := make([]byte, 10)
	_, err = io.ReadFull(o.Contents, p)
	must(t, err)
	store(t, s, "k", "new")
	rest, err := io.ReadAll(o.Contents)
	must(t, err)
	if got := string(p) + string(rest); got != large+large+"end" {
		t.Errorf("a reader got %d bytes, not those of its version", len(got))
	}
	wantBlobs(t, s, "while it is read", 4)
	must(t, o.Contents.Close())
	must(t, o.Contents.Close())
	wantBlobs(t, s, "when the reader is done", 1)
}

func TestRangesOverParts(t *testing.T) {
	s := fresh(t)
	id, err := s.CreateMultipartUpload("b", "k", nil)
	must(t, err)
	first := strings.Repeat("0123456789", 524288+1) // more than 5 MiB
	in := &gofakes3.CompleteMultipartUploadRequest{}
	for n, content := range []string{first, "abcdef"} {
		etag, err := s.UploadPart("b", "k", id, n+1, int64(len(content)), strings.NewReader(content))
		must(t, err)
		in.Parts = append(in.Parts, gofakes3.CompletedPart{PartNumber: n + 1, ETag: etag})
	}
	_, _, err = s.CompleteMultipartUpload("b", "k", id, in)
	must(t, err)
	whole := first + "abcdef"
	size := int64(len(whole))
	for _, r := range [][2]int64{{0, 0}, {0, size - 1}, {size - 7, size - 1}, {size - 6, size - 6}, {size - 8, size - 5}, {size - 1, size - 1}, {size - 3, size + 10}} {
		o, err := s.GetObject("b", "k", &gofakes3.ObjectRangeRequest{Start: r[0], End: r[1]})
		must(t, err)
		got, err := io.ReadAll(o.Contents)
		must(t, err)
		must(t, o.Contents.Close())
		if want := whole[r[0]:min(r[1]+1, size)]; string(got) != want {
			t.Errorf("%v: got %d bytes, want %d (or others)", r, len(got), len(want))
		}
	}
	_, err = s.GetObject("b", "k", &gofakes3.ObjectRangeRequest{Start: size, End: size})
	wantCode(t, "a range past the end", err, gofakes3.ErrInvalidRange)
}

func TestACutBlobIsAnError(t *testing.T) {
	s := fresh(t)
	store(t, s, "k", "0123456789")
	name := blobsOf(t, s)[0]
	must(t, os.Truncate(s.blobs.path(name), 5))
	o, err := s.GetObject("b", "k", nil)
	must(t, err)
	defer o.Contents.Close()
	got, err := io.ReadAll(o.Contents)
	if string(got) != "01234" || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %q, %v, want the half and an error", got, err)
	}
}

func TestSweep(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	s := open(t, dir)
	must(t, s.CreateBucket("b"))
	store(t, s, "k", "content")
	id, err := s.CreateMultipartUpload("b", "m", nil)
	must(t, err)
	_, err = s.UploadPart("b", "m", id, 1, 4, strings.NewReader("part"))
	must(t, err)
	if _, _, err := s.blobs.write(strings.NewReader("orphan"), 6); err != nil {
		t.Fatal(err)
	}
	must(t, s.Close())
	s = open(t, dir)
	wantBlobs(t, s, "after an orderly end nothing is swept", 3)
	s.index.close() // as if the process were killed: the mark stays
	must(t, s.db.Close())
	s = open(t, dir)
	wantBlobs(t, s, "after a killed process", 2)
	if got := load(t, s, "k"); got != "content" {
		t.Errorf("got %q, want %q", got, "content")
	}
	must(t, s.Close())
}

func TestFormat(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	s := open(t, dir)
	must(t, s.index.update(func(tx *bolt.Tx) error { return tx.Bucket(metaBucket).Put(formatKey, []byte("99")) }))
	must(t, s.Close())
	_, err := Open(dir)
	var other *FormatError
	if !errors.As(err, &other) || other.Format != "99" {
		t.Errorf("got %v, want a FormatError for 99", err)
	}
}

func TestInUse(t *testing.T) {
	s := fresh(t)
	_, err := Open(s.dir)
	var inUse *InUseError
	if !errors.As(err, &inUse) || inUse.PID != os.Getpid() || inUse.Dir != s.dir {
		t.Errorf("got %v, want an InUseError with pid %d", err, os.Getpid())
	}
}

// TestKilled kills a process that writes, again and again, and reads the store:
// every object is whole, every acknowledged one is there, and no blob is left over.
func TestKilled(t *testing.T) {
	if dir := os.Getenv("FILESTORE_TEST_DIR"); dir != "" {
		writeUntilKilled(t, dir)
	}
	dir := filepath.Join(t.TempDir(), "store")
	rounds := 4
	if !long.Enabled() {
		rounds = 1
	}
	for round := range rounds {
		acknowledged := runAndKill(t, dir, time.Duration(150+100*round)*time.Millisecond)
		s := open(t, dir)
		objects := checkWhole(t, s)
		if objects < acknowledged {
			t.Errorf("round %d: %d writes were acknowledged, and %d objects are there", round, acknowledged, objects)
		}
		wantBlobs(t, s, "after the sweep", objects)
		must(t, s.ForceDeleteBucket("b"))
		must(t, s.Close())
	}
}

// writeUntilKilled writes objects of 16 KiB and prints a line for each.
func writeUntilKilled(t *testing.T, dir string) {
	s := open(t, dir)
	if err := s.CreateBucket("b"); err != nil {
		t.Fatal(err)
	}
	var n atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for {
				i := n.Add(1)
				store(t, s, strconv.FormatInt(i, 10), strings.Repeat(fmt.Sprintf("%016d", i), 1024))
				fmt.Println("ok")
			}
		})
	}
	wg.Wait()
}

func runAndKill(t *testing.T, dir string, after time.Duration) (acknowledged int) {
	t.Helper()
	child := exec.Command(os.Args[0], "-test.run=^TestKilled$")
	child.Env = append(os.Environ(), "FILESTORE_TEST_DIR="+dir)
	var out bytes.Buffer
	child.Stdout = &out
	must(t, child.Start())
	time.Sleep(after)
	must(t, child.Process.Kill())
	_ = child.Wait() // it was killed
	return bytes.Count(out.Bytes(), []byte("ok\n"))
}

func checkWhole(t *testing.T, s *Store) (objects int) {
	t.Helper()
	list, err := s.ListBucket("b", nil, gofakes3.ListBucketPage{})
	if gofakes3.HasErrorCode(err, gofakes3.ErrNoSuchBucket) {
		must(t, s.CreateBucket("b"))
		return 0
	}
	must(t, err)
	for _, c := range list.Contents {
		sum := md5.Sum([]byte(load(t, s, c.Key)))
		if want := `"` + hex.EncodeToString(sum[:]) + `"`; c.ETag != want {
			t.Errorf("%s: its content has %s, and it is listed with %s", c.Key, want, c.ETag)
		}
	}
	return len(list.Contents)
}

// TestConcurrentChanges does everything at once and then holds the index
// against the blobs.
func TestConcurrentChanges(t *testing.T) {
	s := fresh(t)
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := range 40 {
				key := strconv.Itoa((i*7 + w) % 10)
				switch (i + w) % 4 {
				case 0, 1:
					store(t, s, key, strings.Repeat(key, 1+i*100))
				case 2:
					if _, err := s.DeleteObject("b", key); err != nil {
						t.Error(err)
					}
				case 3:
					o, err := s.GetObject("b", key, nil)
					if gofakes3.HasErrorCode(err, gofakes3.ErrNoSuchKey) {
						continue
					}
					if err != nil {
						t.Error(err)
						continue
					}
					content, err := io.ReadAll(o.Contents)
					if err != nil || string(content) != strings.Repeat(key, int(o.Size)) {
						t.Errorf("a torn read of %d bytes: %v", len(content), err)
					}
					if err := o.Contents.Close(); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	wg.Wait()
	wantBlobs(t, s, "in the end", checkWhole(t, s))
	if len(s.blobs.pins)+len(s.blobs.doomed) > 0 {
		t.Errorf("pinned: %v, doomed: %v; want none", s.blobs.pins, s.blobs.doomed)
	}
}

func TestRecords(t *testing.T) {
	o := newObject(map[string]string{"A": "1", "B": "\xff raw"}, 7, "etag", []segment{{"x", 3}, {"y", 4}})
	b := o.encode()
	got, err := decodeObject(b)
	must(t, err)
	if got.size != 7 || got.etag != "etag" || !got.modTime.Equal(o.modTime) || !maps.Equal(got.meta, o.meta) || !slices.Equal(got.segments, o.segments) {
		t.Errorf("got %+v, want %+v", got, o)
	}
	for n := range b {
		if _, err := decodeObject(b[:n]); !errors.Is(err, errRecord) {
			t.Errorf("a record cut to %d bytes: got %v, want %v", n, err, errRecord)
		}
	}
}

func FuzzRecords(f *testing.F) {
	f.Add(newObject(map[string]string{"A": "1"}, 1, "e", []segment{{"x", 1}}).encode())
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01})
	f.Fuzz(func(t *testing.T, b []byte) {
		o, err := decodeObject(b)
		if err != nil {
			return
		}
		again, err := decodeObject(o.encode())
		if err != nil || again.size != o.size || !maps.Equal(again.meta, o.meta) || !slices.Equal(again.segments, o.segments) {
			t.Errorf("not the same again: %+v, %+v, %v", o, again, err)
		}
		_, _ = decodeUpload(b)
		_, _ = decodePart(b)
	})
}
