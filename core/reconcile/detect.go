package reconcile

import (
	"fmt"

	"github.com/s3fc/s3fc/core"
)

// Detect says how a run finds out that a file is unchanged.
type Detect uint8

const (
	// DetectAuto compares the md5, as it is found with the least work: from the
	// listing, by a proof, by a question, or by reading.
	DetectAuto Detect = iota
	// DetectHead also asks for each entry that its listing proves to be the same. So
	// it sees a redirect that another tool put on the very bytes of a file.
	DetectHead
	// DetectSizeTime takes a file of the same size and time as unchanged if its md5
	// is not known without reading or asking, as rsync does. It misses a change
	// that keeps both.
	DetectSizeTime
)

var detectNames = [...]string{DetectAuto: "auto", DetectHead: "head", DetectSizeTime: "size-time"}

// String returns "auto", "head" or "size-time".
func (d Detect) String() string { return detectNames[d] }

// ParseDetect reads "auto", "head" or "size-time".
func ParseDetect(s string) (Detect, error) {
	for i, name := range detectNames {
		if s == name {
			return Detect(i), nil
		}
	}
	return 0, fmt.Errorf("%q: expected auto, head or size-time", s)
}

// asksAnyway reports whether a side is asked although the other proves it.
func (r *rules) asksAnyway(src, dst *core.Entry) bool {
	return r.detect == DetectHead && (src.Partial && r.src.asks || dst.Partial && r.dst.asks)
}

// sameSizeAndTime reports whether two files, of one size, count as unchanged by
// their times. Stores keep times to the second at least.
func (r *rules) sameSizeAndTime(src, dst *core.Entry) bool {
	return r.detect == DetectSizeTime && !src.MaybeLink && !dst.MaybeLink && !(src.MD5.Known() && dst.MD5.Known()) &&
		!src.ModTime.IsZero() && !dst.ModTime.IsZero() && src.ModTime.Unix() == dst.ModTime.Unix()
}
