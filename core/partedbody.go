package core

import (
	"context"
	"crypto/md5" //nolint:gosec // The field's content hash; see MD5.
	"io"
)

// A PartedBody is a body of [Tree.Open] whose store tells a hash of its parts. Parts can
// be copied and hashed side by side, where the md5 of a whole is the work of one core.
//
// A caller uses either Read or the methods below. Each part is copied once, and Confirm
// is called once, after all of them. Close ends the copying of parts.
type PartedBody interface {
	io.Reader
	// PartSize is the size of the parts in bytes. The last may be shorter.
	PartSize() int64
	// PartsAtOnce returns how many parts are worth copying at once, 1 or more. The
	// answer changes while the body measures its store.
	PartsAtOnce() int
	// CopyPart writes part i, from 0, to w in order: all of its bytes, or an error. It
	// ends with ctx. It may be called for different parts at once.
	CopyPart(ctx context.Context, i int, w io.Writer) error
	// Confirm compares the md5s of all parts with the version that was opened. If they
	// prove it, Confirm returns an unknown md5. Otherwise it calls whole, for the md5
	// of what was copied, and returns that if nothing says that the content is another.
	Confirm(sums []MD5, whole func() (MD5, error)) (MD5, error)
}

// HashParts returns the hash of parts of partSize bytes, whose md5s are sums.
func HashParts(partSize int64, sums []MD5) PartsHash {
	h := md5.New() //nolint:gosec // See the import.
	for _, sum := range sums {
		_, _ = h.Write(sum.sum[:]) // a hash returns no error
	}
	return PartsHash{PartSize: partSize, Count: len(sums), MD5: MD5Of([md5.Size]byte(h.Sum(nil)))}
}
