package s3

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"testing"

	"github.com/s3fc/s3fc/backends/s3/internal/format"
	"github.com/s3fc/s3fc/core"
)

// knownParts is a body whose parts are known.
type knownParts struct {
	*bytes.Reader
	size int64
	sums []core.MD5
}

func (k knownParts) PartSums() (size int64, sums []core.MD5) { return k.size, k.sums }

// Read fails the test's Put: such a body is to be read where it is wanted.
func (k knownParts) Read(p []byte) (int, error) {
	if len(p) <= typeHead {
		return k.Reader.Read(p)
	}
	return 0, errors.New("a body whose parts are known was read in order")
}

func known(content []byte, size int64) knownParts {
	k := knownParts{Reader: bytes.NewReader(content), size: size}
	for part := range slices.Chunk(content, int(size)) {
		k.sums = append(k.sums, core.SumMD5(part))
	}
	return k
}

func TestPartsThatAreKnownAreNotHashedAgain(t *testing.T) {
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

// TestPartsThatAreNotAsWasSaidAreRefused holds that the store checks each part
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
