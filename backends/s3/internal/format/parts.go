package format

import "slices"

// MiB is 2^20 bytes.
const MiB = int64(1) << 20

const (
	// SingleMax is the size in bytes up to which a file is sent in one request.
	SingleMax = 16 * MiB
	// minPart and maxParts are the rule of PartSize.
	minPart  = 8 * MiB
	maxParts = 10_000
)

// PartSize returns the size in bytes of the parts in which a file of size bytes
// is sent. It must never change: the ETag of a stored object depends on it.
func PartSize(size int64) int64 {
	p := minPart
	for CountParts(size, p) > maxParts {
		p *= 2
	}
	return p
}

// CountParts returns the number of parts of part bytes, the last one shorter, in
// size bytes.
func CountParts(size, part int64) int64 { return (size + part - 1) / part }

// commonParts are the part sizes of other tools in MiB, likely ones first.
var commonParts = []int64{8, 5, 16, 15, 10, 20, 25, 32, 50, 64, 100, 128, 256, 512, 1024}

// PartSizes returns the part sizes in bytes under which an object of size bytes
// has count parts: ours first, then those of other tools.
func PartSizes(size int64, count int) []int64 {
	var sizes []int64
	add := func(p int64) {
		if CountParts(size, p) == int64(count) && !slices.Contains(sizes, p) {
			sizes = append(sizes, p)
		}
	}
	add(PartSize(size))
	for _, m := range commonParts {
		add(m * MiB)
	}
	return sizes
}
