package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/s3fc/s3fc/backends/s3/internal/format"
	"github.com/s3fc/s3fc/backends/s3/internal/wire"
	"github.com/s3fc/s3fc/core"
)

// rangesAtOnce is how many ranges of one object are on their way at once.
const rangesAtOnce = 4

// rangeRule says how objects are read in ranges. Its sizes are in bytes.
type rangeRule struct {
	// above is the size of the largest object that is read in one request. One
	// connection to S3 gives some 50 to 100 MB a second: up to that size, which
	// takes less than a second, a request is worth more than the time.
	above int64
	// size is how much one request asks for, and the size of the buffers: enough
	// that the wait for its answer is the lesser part.
	size int64
	// long is how much a request asks for that no buffer is there for.
	long int64
}

var defaultRanges = rangeRule{above: 32 << 20, size: 4 << 20, long: 32 << 20}

// count is how many ranges an object of size bytes is read in, at most.
func (r rangeRule) count(size int64) int64 {
	if size <= r.above {
		return 1
	}
	return format.CountParts(size, r.size)
}

// errNoRanges says that the store does not give ranges that can be used, and
// that the whole object is to be asked for.
var errNoRanges = errors.New("the store did not give the range that it was asked for")

// errWrongLength is an answer that contradicts itself.
var errWrongLength = core.Transient(errors.New("the store's answer has another length than the range that it says it is"))

// openLarge opens an object that is likely to be large, with a GET of its first
// range. Where that cannot be used, the error is errNoRanges.
func (t *Tree) openLarge(ctx context.Context, key string) (io.ReadCloser, core.Entry, error) {
	full := t.full(key)
	a, err := t.firstRange(ctx, full)
	if err != nil {
		return nil, core.Entry{}, t.fail("open", key, err)
	}
	got := a.Length
	if s := a.Get(contentRange); s != "" {
		_, a.Length, _ = parseRange(s, 0, got) // firstRange has seen that it is one
	}
	r, e, err := t.opened(key, a)
	if err == nil && r != nil && a.Length > got {
		v := version{tree: t, key: key, full: full, etag: a.Get(wire.ETag), size: a.Length}
		r = newAhead(ctx, &piece{v: v, end: got, body: a.Body})
	}
	return r, e, err
}

// firstRange asks for the beginning of an object. The answer may be the whole.
func (t *Tree) firstRange(ctx context.Context, full string) (*wire.Answer, error) {
	r := wire.NewRequest(http.MethodGet, full)
	r.Set(wire.Range, rangeHeader(0, t.ranges.size))
	a, err := t.get(ctx, r)
	switch {
	case refused(err, http.StatusRequestedRangeNotSatisfiable):
		return nil, errNoRanges // it is empty by now
	case err != nil && headerRefused(err):
		t.store.lost(canRange)
		return nil, errNoRanges
	case err != nil:
		return nil, err
	}
	if err := t.checkFirst(a); err != nil {
		_ = a.Body.Close() // it is of no use
		return nil, err
	}
	return a, nil
}

const contentRange = "Content-Range"

// checkFirst holds the answer to the first range against what was asked for. It
// may be the whole object, from a store that knows no ranges.
func (t *Tree) checkFirst(a *wire.Answer) error {
	if a.Get(contentRange) == "" {
		if a.Length == t.ranges.size {
			return errNoRanges // the range without its label, or the whole: who knows
		}
		return nil
	}
	n, total, ok := parseRange(a.Get(contentRange), 0, t.ranges.size)
	switch {
	case !ok || n != min(t.ranges.size, total):
		t.store.lost(canRange)
		return errNoRanges
	case n != a.Length:
		return errWrongLength
	}
	return nil
}

// version is one version of an object that is read in ranges. It is safe for
// concurrent use.
type version struct {
	tree *Tree
	key  string // of the tree
	full string
	etag string // as the first answer had it
	size int64  // of the whole object, in bytes
}

// get asks for the bytes from off to before end.
func (v version) get(ctx context.Context, off, end int64) (io.ReadCloser, error) {
	r := wire.NewRequest(http.MethodGet, v.full)
	r.Set(wire.Range, rangeHeader(off, end))
	r.Set(wire.IfMatch, v.condition())
	a, err := v.tree.get(ctx, r)
	switch {
	case err == nil:
	case refused(err, http.StatusRequestedRangeNotSatisfiable):
		return nil, v.changed("it is shorter")
	case headerRefused(err):
		return nil, v.unfit()
	case errors.Is(err, io.EOF): // which who reads would take for the end
		return nil, errNoAnswer
	default:
		return nil, conditional(err, true)
	}
	if err := v.check(a, off, end); err != nil {
		_ = a.Body.Close() // it is of no use
		return nil, err
	}
	return a.Body, nil
}

// condition is the ETag, if a condition can have it: a weak one, as proxies make
// them, fulfils none, and one without quotes is not what conditions are made of.
// [version.check] looks at what comes in any case.
func (v version) condition() string {
	if !strings.HasPrefix(v.etag, `"`) {
		return ""
	}
	return v.etag
}

// check holds an answer against what was asked for. A store may not have looked
// at the condition, or at the range.
func (v version) check(a *wire.Answer, off, end int64) error {
	n, total, ok := parseRange(a.Get(contentRange), off, end)
	switch {
	case a.ETag() != format.BareETag(&v.etag):
		return v.changed("it has another ETag")
	case ok && total != v.size:
		return v.changed("it has another size")
	case !ok || n != end-off:
		return v.unfit()
	case n != a.Length:
		return errWrongLength
	}
	return nil
}

// errNoAnswer is what the client's tries came to.
var errNoAnswer = fmt.Errorf("the store closes connections without an answer: %w", io.ErrUnexpectedEOF)

func (v version) changed(how string) error {
	return fmt.Errorf("%w: %s than when its first bytes were read", core.ErrChanged, how)
}

// unfit remembers that the store's ranges are of no use. The transfer starts
// anew, without them.
func (v version) unfit() error {
	v.tree.store.lost(canRange)
	return core.Transient(errNoRanges)
}

// rangeHeader asks for the bytes from off to before end.
func rangeHeader(off, end int64) string { return fmt.Sprintf("bytes=%d-%d", off, end-1) }

// parseRange reads a Content-Range. It is ok if the range begins at off, ends
// at end at the latest and has a total to which that fits; n is how long it is.
func parseRange(s string, off, end int64) (n, total int64, ok bool) {
	var first, last int64
	var rest string
	if k, _ := fmt.Sscanf(s, "bytes %d-%d/%d%s", &first, &last, &total, &rest); k != 3 {
		return 0, 0, false
	}
	return last + 1 - first, total, first == off && last >= first && last < end && last < total
}
