// Package ranged reads a large object in ranges, a few of which are fetched at
// once. It sends nothing itself: a function gets a range.
package ranged

import (
	"errors"
	"fmt"

	"github.com/s3fc/s3fc/core"
)

// atOnce is how many ranges of one object are fetched at once.
const atOnce = 4

// Rule says how objects are read in ranges. Its sizes are in bytes.
type Rule struct {
	// Above is the size of the largest object that is read in one request. One
	// connection to S3 gives some 50 to 100 MB a second: up to that size, which
	// takes less than a second, a request is worth more than the time.
	Above int64
	// Size is the length of a range, and of its buffer: enough that the wait for
	// an answer is the lesser part.
	Size int64
	// Long is the length of a range for which there is no buffer.
	Long int64
}

// DefaultRule is the rule for S3.
var DefaultRule = Rule{Above: 32 << 20, Size: 4 << 20, Long: 32 << 20}

// Count returns the number of ranges in which an object of size bytes is read,
// at most.
func (r Rule) Count(size int64) int64 {
	if size <= r.Above {
		return 1
	}
	return (size + r.Size - 1) / r.Size
}

// ErrUnfit says that the store's answers to ranges are of no use, and that the
// whole object has to be asked for. No range is asked for again after it.
var ErrUnfit = errors.New("the store did not give the range that it was asked for")

// ErrRestart says that an object whose body broke off has to be read from its
// beginning. No range is asked for again after it.
var ErrRestart = errors.New("the rest cannot be read")

// ErrLength is an answer of another length than its own range.
var ErrLength = core.Transient(errors.New("the store's answer has another length than the range that it says it is"))

// ErrLonger is a body that goes on behind the end of the object.
var ErrLonger = fmt.Errorf("%w: it is longer than the store said", core.ErrChanged)

// Header returns the header Range for the bytes from off to before end.
func Header(off, end int64) string { return fmt.Sprintf("bytes=%d-%d", off, end-1) }

// ParseContentRange reads the header Content-Range. It is ok if the range begins
// at off, ends at end at the latest and fits into the total; n is its length.
func ParseContentRange(s string, off, end int64) (n, total int64, ok bool) {
	var first, last int64
	var rest string
	if k, _ := fmt.Sscanf(s, "bytes %d-%d/%d%s", &first, &last, &total, &rest); k != 3 {
		return 0, 0, false
	}
	return last + 1 - first, total, first == off && last >= first && last < end && last < total
}
