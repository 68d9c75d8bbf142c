package s3

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/s3fc/s3fc/backends/s3/internal/format"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/s3server"
	"github.com/s3fc/s3fc/internal/testkit/long"
)

// knownParts is a body whose parts are known. It cannot seek, as a source's may not.
type knownParts struct {
	io.ReaderAt
	size int64
	sums []core.MD5
}

func (k knownParts) PartSums() (size int64, sums []core.MD5) { return k.size, k.sums }

// Read fails the test's Put: such a body is to be read where it is wanted.
func (k knownParts) Read([]byte) (int, error) {
	return 0, errors.New("a body whose parts are known was read in order")
}

func known(content []byte, size int64) knownParts {
	k := knownParts{ReaderAt: bytes.NewReader(content), size: size}
	for part := range slices.Chunk(content, int(size)) {
		k.sums = append(k.sums, core.SumMD5(part))
	}
	return k
}

func TestPartsThatAreKnownAreNotHashedAgain(t *testing.T) {
	long.Only(t)
	tree, _ := serve(t, Options{})
	content := pattern(int(format.SingleMax) + 100)
	e := core.Entry{Key: "a", Kind: core.File, Size: int64(len(content)), MD5: core.SumMD5(content)}
	got, err := tree.Put(t.Context(), e, known(content, format.PartSize(e.Size)), nil)
	if err != nil {
		t.Fatal(err)
	}
	r, _, err := tree.Open(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	stored, err := io.ReadAll(r)
	if err = errors.Join(err, r.Close()); err != nil || !bytes.Equal(stored, content) {
		t.Errorf("read %d bytes, %v; want the content", len(stored), err)
	}
	if have := list(t, tree, "")[0]; have.Token != got.Token {
		t.Errorf("ETag %s, and Put said %s", have.Token, got.Token)
	}
}

// TestPartsThatAreNotAsWasSaidAreRefused checks that the store checks each part
// where nobody else does, and that other part sizes are not taken over.
func TestPartsThatAreNotAsWasSaidAreRefused(t *testing.T) {
	tree, _ := serve(t, Options{})
	content := pattern(int(format.SingleMax) + 100)
	e := core.Entry{Key: "a", Kind: core.File, Size: int64(len(content)), MD5: core.SumMD5(content)}
	body := known(content, format.PartSize(e.Size))
	content[len(content)-1] ^= 1 // after it was read
	if _, err := tree.Put(t.Context(), e, body, nil); !errors.Is(err, core.ErrCorrupt) {
		t.Errorf("put: %v, want %v", err, core.ErrCorrupt)
	}
	if got := list(t, tree, ""); len(got) != 0 {
		t.Errorf("stored %v, want nothing", got)
	}
	checkNoUploads(t, tree)
}

// A completion whose answer has no ETag is looked at with one HEAD, and the ETag is
// the one that the parts make.
func TestCompletionWithoutAnETag(t *testing.T) {
	tree, s := serve(t, Options{}, s3server.NoCompleteETag)
	content := string(pattern(int(format.SingleMax) + 100))
	e := fileEntry("a", content)
	var got core.Entry
	sent := counts(t, tree, s, func() { got = put(t, tree, e, strings.NewReader(content), nil) })
	if want := tree.PutCost(e).Add(req(core.ClassHead, 1)); sent != want {
		t.Errorf("sent %v; want %v", sent, want)
	}
	if want := format.PartsETag(got.Parts); got.Token != want || stat(t, tree, "a").Token != want {
		t.Errorf("the entry has the token %q; want %q", got.Token, want)
	}
}

// It is no success if another object is there by then.
func TestCompletionWithoutAnETagOfAnotherObject(t *testing.T) {
	var tree *Tree
	replace := s3server.Wrap(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(w, r)
			if r.Method == http.MethodPost && r.URL.Query().Has("uploadId") {
				rawPut(t, tree, "a", "another")
			}
		})
	})
	tree, _ = serve(t, Options{}, s3server.NoCompleteETag, replace)
	content := string(pattern(int(format.SingleMax) + 100))
	_, err := tree.Put(t.Context(), fileEntry("a", content), strings.NewReader(content), nil)
	if !errors.Is(err, core.ErrChanged) {
		t.Errorf("%v; want ErrChanged", err)
	}
	if got, _ := readAll(t, tree, "a"); got != "another" {
		t.Errorf("there is %q now", got)
	}
}

// A store without ETags gets large files, too.
func TestPartsWithoutETags(t *testing.T) {
	long.Only(t)
	tree, _ := serve(t, Options{}, s3server.NoETags)
	content := string(pattern(int(format.SingleMax) + 100))
	got := put(t, tree, fileEntry("a", content), strings.NewReader(content), nil)
	if got.Token != "" || got.MD5 != core.SumMD5([]byte(content)) {
		t.Errorf("stored as %+v", got)
	}
	if back, e := readAll(t, tree, "a"); back != content || e.MD5 != got.MD5 {
		t.Errorf("read %d bytes, %+v", len(back), e)
	}
}
