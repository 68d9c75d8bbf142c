package contents

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/s3fc/s3fc/backends/s3/internal/ability"
	"github.com/s3fc/s3fc/backends/s3/internal/format"
	"github.com/s3fc/s3fc/backends/s3/internal/wire"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/kit"
)

// partsContent returns content of which no two parts are the same.
func partsContent(size int) string {
	b := make([]byte, size)
	for i := range b {
		b[i] = byte(i ^ i>>8 ^ i>>16)
	}
	return string(b)
}

// partsETag is the ETag of content in parts of this size, with quotes.
func partsETag(content string, part int64) string {
	var sums []core.MD5
	for p := range slices.Chunk([]byte(content), int(part)) {
		sums = append(sums, core.SumMD5(p))
	}
	return format.QuoteETag(format.PartsETag(core.HashParts(part, sums)))
}

const partOfTests = 100 << 10

// inParts returns a store of content in parts of this size, with its md5 in the
// metadata if claims.
func inParts(content string, part int64, claims bool) *store {
	s := newStore(content)
	s.etag = partsETag(content, part)
	s.listed.ETag, s.part = s.etag, part
	if claims {
		s.header.Set("X-Amz-Meta-Md5", core.SumMD5([]byte(content)).String())
	}
	return s
}

// file is a file in memory.
type file struct {
	mu sync.Mutex
	b  []byte
}

func (f *file) Write(p []byte) (int, error) { return f.WriteAt(p, int64(len(f.b))) }

func (f *file) WriteAt(p []byte, off int64) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if end := int(off) + len(p); end > len(f.b) {
		f.b = append(f.b, make([]byte, end-len(f.b))...)
	}
	return copy(f.b[off:], p), nil
}

func (f *file) ReadAt(p []byte, off int64) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return bytes.NewReader(f.b).ReadAt(p, off)
}

// pull copies the object as a directory does. Parted says whether it came in parts.
func pull(t *testing.T, o *Opener, s *store) (got string, by kit.Copied, parted bool, err error) {
	t.Helper()
	s.gets = nil
	body, e, err := o.Open(t.Context(), Key{"k", "k"}, int64(len(s.content)))
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	_, parted = body.(core.PartedBody)
	f := &file{}
	by, err = kit.CopyToFile(t.Context(), f, body, e)
	return string(f.b), by, parted, err
}

// An object whose part size follows is proved by its ETag, in no more requests than
// ranges take, and its md5 is not computed.
func TestPartsProveAnObject(t *testing.T) {
	const mib = 1 << 20
	for name, c := range map[string]struct {
		size, part int64
		claims     bool
		heads      int
	}{
		"ours":                    {20 * mib, 8 * mib, true, 0},
		"ours, a whole last part": {24 * mib, 8 * mib, true, 0},
		"ours, a last byte alone": {16*mib + 1, 8 * mib, true, 0},
		"another tool's":          {50 * mib, 5 * mib, false, 0},
		"another tool's, of few":  {22 * mib, 5 * mib, false, 1},
		"one of several sizes":    {22 * mib, 16 * mib, false, 1},
		"a size that no tool has": {mib, partOfTests, false, 1},
	} {
		s := inParts(partsContent(int(c.size)), c.part, c.claims)
		o := s.opener()
		got, by, parted, err := pull(t, o, s)
		want := core.PartsHash{PartSize: c.part, Count: int((c.size + c.part - 1) / c.part)}
		want.MD5, _, _ = format.ParsePartsETag(format.BareETag(&s.etag))
		if err != nil || !parted || got != string(s.content) || by.MD5.Known() || by.Parts != want {
			t.Errorf("%s: %d bytes, in parts: %v, verified by %+v, %v; want %+v", name, len(got), parted, by, err, want)
		}
		if s.heads != c.heads || int64(len(s.gets)+s.heads) > o.Rule.Count(c.size) {
			t.Errorf("%s: %d HEADs and %d GETs; want %d, and %d at the most", name, s.heads, len(s.gets), c.heads, o.Rule.Count(c.size))
		}
		for _, r := range s.gets {
			var first, last int64
			if _, err := fmt.Sscanf(r, "%d-%d", &first, &last); err != nil || first/c.part != last/c.part {
				t.Errorf("%s: range %s is of two parts", name, r)
			}
		}
	}
}

// changedBody makes change of the body of each answer from byte first on.
func changedBody(first int, change func(b []byte) []byte) func(int, *wire.Request, *wire.Answer) error {
	return func(_ int, r *wire.Request, a *wire.Answer) error {
		if strings.HasPrefix(r.Get(wire.Range), fmt.Sprintf("bytes=%d-", first)) {
			b, err := io.ReadAll(a.Body)
			if err != nil {
				return err
			}
			a.Body = io.NopCloser(bytes.NewReader(change(b)))
		}
		return nil
	}
}

// Bytes that are not those of the ETag never pass, wherever they are.
func TestWrongBytesInPartsAreCorrupt(t *testing.T) {
	content := partsContent(1 << 20)
	flip := func(at int) func([]byte) []byte {
		return func(b []byte) []byte {
			if at < 0 {
				at += len(b)
			}
			b[at] ^= 1
			return b
		}
	}
	begins := []int{0, 64 << 10} // the first answer, and the rest of the first part
	for off := partOfTests; off < len(content); off += partOfTests {
		begins = append(begins, off)
	}
	for _, claims := range []bool{true, false} {
		for _, first := range begins {
			for _, at := range []int{0, -1} {
				s := inParts(content, partOfTests, claims)
				s.change = changedBody(first, flip(at))
				_, by, parted, err := pull(t, s.opener(), s)
				if !parted || !errors.Is(err, core.ErrCorrupt) {
					t.Errorf("byte %d of the range at %d, md5 in the metadata: %v: %+v, %v; want ErrCorrupt", at, first, claims, by, err)
				}
			}
		}
		s := inParts(content, partOfTests, claims)
		swap := map[string]int{fmt.Sprint(partOfTests): 2 * partOfTests, fmt.Sprint(2 * partOfTests): partOfTests}
		s.change = func(_ int, r *wire.Request, a *wire.Answer) error {
			var first int
			_, _ = fmt.Sscanf(r.Get(wire.Range), "bytes=%d-", &first)
			if other, ok := swap[fmt.Sprint(first)]; ok {
				a.Body = io.NopCloser(strings.NewReader(content[other : other+partOfTests]))
			}
			return nil
		}
		if _, _, parted, err := pull(t, s.opener(), s); !parted || !errors.Is(err, core.ErrCorrupt) {
			t.Errorf("two parts swapped: %v; want ErrCorrupt", err)
		}
	}
}

// A wrong byte without an md5 in the metadata costs a second reading.
func TestAWrongByteIsReadAgain(t *testing.T) {
	s := inParts(partsContent(1<<20), partOfTests, false)
	once := changedBody(partOfTests, func(b []byte) []byte { b[7]++; return b })
	s.change = once
	o := s.opener()
	if _, _, _, err := pull(t, o, s); !errors.Is(err, core.ErrCorrupt) || !core.IsTransient(err) {
		t.Fatalf("%v; want ErrCorrupt, for another try", err)
	}
	s.change = nil
	if got, by, _, err := pull(t, o, s); err != nil || got != string(s.content) || by.Parts.Count == 0 {
		t.Errorf("again: %d bytes, %+v, %v", len(got), by, err)
	}
}

// A part that ends early is gone on with, and never taken for a whole one.
func TestShortPartsAreGoneOnWith(t *testing.T) {
	s := inParts(partsContent(1<<20), partOfTests, true)
	s.cut = func(n int) int {
		if n == 3 {
			return 1000
		}
		return -1
	}
	got, by, _, err := pull(t, s.opener(), s)
	if err != nil || got != string(s.content) || by.Parts.Count == 0 {
		t.Errorf("%d bytes, %+v, %v", len(got), by, err)
	}
	s.cut = func(n int) int { return min(n*10, 40) }
	if _, _, _, err := pull(t, s.opener(), s); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("always: %v; want an unexpected end", err)
	}
}

// A part of another version is no part of this one.
func TestPartsOfAnotherVersion(t *testing.T) {
	s := inParts(partsContent(1<<20), partOfTests, true)
	s.change = func(n int, _ *wire.Request, a *wire.Answer) error {
		if n == 5 {
			a.Header["Etag"] = []string{partsETag("another", 10)}
		}
		return nil
	}
	if _, _, _, err := pull(t, s.opener(), s); !errors.Is(err, core.ErrChanged) {
		t.Errorf("%v; want ErrChanged", err)
	}
}

// In a store whose ETags of parts are no md5s the md5 in the metadata decides, or else
// a second reading. Later objects are not tried.
func TestETagsOfPartsThatAreNoMD5s(t *testing.T) {
	opaque := func(claims bool) *store {
		s := inParts(partsContent(1<<20), partOfTests, claims)
		s.etag = partsETag("something else", 1)
		s.etag = s.etag[:33] + "-11" + `"`
		s.listed.ETag = s.etag
		return s
	}
	s := opaque(true)
	o := s.opener()
	for i, want := range []bool{true, false} {
		got, by, parted, err := pull(t, o, s)
		if err != nil || got != string(s.content) || by.MD5 != core.SumMD5(s.content) || parted != want {
			t.Errorf("pull %d: %d bytes, in parts: %v, %+v, %v", i+1, len(got), parted, by, err)
		}
	}
	wrong := opaque(true)
	wrong.change = changedBody(partOfTests, func(b []byte) []byte { b[7]++; return b })
	if _, _, _, err := pull(t, wrong.opener(), wrong); !errors.Is(err, core.ErrCorrupt) {
		t.Errorf("a wrong byte: %v; want ErrCorrupt", err)
	}
	s = opaque(false)
	o = s.opener()
	if _, _, _, err := pull(t, o, s); !core.IsTransient(err) {
		t.Errorf("without an md5 in the metadata: %v; want another try", err)
	}
	if got, by, _, err := pull(t, o, s); err != nil || got != string(s.content) || by.MD5 != core.SumMD5(s.content) {
		t.Errorf("the same again: %d bytes, %+v, %v", len(got), by, err)
	}
}

// A guess that was wrong costs a second reading, in parts of the size that the store
// tells.
func TestAWrongGuessOfThePartSizeIsSetRight(t *testing.T) {
	s := inParts(partsContent(49<<20), 5<<20-50<<10, false) // 10 parts, as there are of 5 MiB
	for s.etag[34:36] != "10" {
		t.Fatalf("ETag %s", s.etag)
	}
	o := s.opener()
	if _, _, _, err := pull(t, o, s); !core.IsTransient(err) || s.heads > 0 {
		t.Errorf("guessed: %v, %d HEADs; want another try", err, s.heads)
	}
	if got, by, _, err := pull(t, o, s); err != nil || got != string(s.content) || by.Parts.Count == 0 || s.heads != 1 {
		t.Errorf("again: %d bytes, %+v, %v, %d HEADs", len(got), by, err, s.heads)
	}
}

// Where nothing tells the size of the parts, and where an ETag cannot be a hash of
// them, the md5 is computed.
func TestObjectsThatAreNotReadInParts(t *testing.T) {
	content := partsContent(1 << 20)
	for name, change := range map[string]func(s *store, o *Opener){
		"part numbers ignored":   func(s *store, _ *Opener) { s.part = int64(len(content)) },
		"parts of many sizes":    func(s *store, _ *Opener) { s.part = 300 << 10 },
		"HEAD refused":           func(s *store, _ *Opener) { s.part = 0 },
		"one part":               func(s *store, _ *Opener) { s.etag = partsETag(content, int64(len(content))) },
		"KMS":                    func(s *store, _ *Opener) { s.header.Set(wire.Encryption, "aws:kms") },
		"ETags are no md5s":      func(_ *store, o *Opener) { o.Can.Lose(ability.PlainMD5) },
		"more parts than ranges": func(s *store, o *Opener) { o.Rule.Size = partOfTests },
		"small parts":            func(s *store, _ *Opener) { s.part, s.etag = 50<<10, partsETag(content, 50<<10) },
	} {
		s := inParts(content, partOfTests, false)
		o := s.opener()
		change(s, o)
		s.listed.ETag = s.etag
		got, by, parted, err := pull(t, o, s)
		if err != nil || parted || got != content || by.MD5 != core.SumMD5(s.content) || by.Parts.Count != 0 {
			t.Errorf("%s: %d bytes, in parts: %v, %+v, %v", name, len(got), parted, by, err)
		}
	}
}

// Read goes through such a body in order, too.
func TestPartsCanBeReadInOrder(t *testing.T) {
	s := inParts(partsContent(1<<20), partOfTests, true)
	got, e, err := read(t, s.opener(), 1<<20)
	if err != nil || got != string(s.content) || e.MD5 != core.SumMD5(s.content) {
		t.Errorf("%d bytes, %+v, %v", len(got), e, err)
	}
}

// Many objects share the number of parts that are read at once.
func TestPartsAtOnceAreShared(t *testing.T) {
	s := inParts(partsContent(1<<20), partOfTests, true)
	o := s.opener()
	open := func() core.PartedBody {
		body, _, err := o.Open(t.Context(), Key{"k", "k"}, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		p, _ := body.(core.PartedBody)
		if err := p.CopyPart(t.Context(), 1, io.Discard); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = body.Close() })
		return p
	}
	first := open()
	if n := first.PartsAtOnce(); n != atOnce {
		t.Errorf("alone: %d at once, want %d", n, atOnce)
	}
	for range 2*allAtOnce - 1 {
		_ = open()
	}
	if n := first.PartsAtOnce(); n != 1 {
		t.Errorf("among many: %d at once, want 1", n)
	}
}

// headOfPart answers a HEAD of the first part.
func (s *store) headOfPart(a *wire.Answer) (*wire.Answer, error) {
	s.heads++
	if s.part == 0 {
		return nil, &wire.Error{Status: http.StatusNotImplemented}
	}
	a.Length, a.Body = s.part, http.NoBody
	return a, nil
}
