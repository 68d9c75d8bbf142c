package format

import (
	"crypto/md5" //nolint:gosec // S3's own content hash; integrity against accidents.
	"fmt"
	"hash"
	"io"

	"github.com/s3fc/s3fc/core"
)

// NewMD5 returns a new hash; [SumMD5] reads it.
func NewMD5() hash.Hash { return md5.New() } //nolint:gosec // See the import.

// SumMD5 returns the md5 of the bytes that h, of [NewMD5], was given.
func SumMD5(h hash.Hash) core.MD5 { return core.MD5Of([md5.Size]byte(h.Sum(nil))) }

// RestMD5 returns the md5 of the bytes from where content stands to its end, and
// leaves content there.
func RestMD5(content io.ReadSeeker) (core.MD5, error) {
	at, err := content.Seek(0, io.SeekCurrent)
	if err != nil {
		return core.MD5{}, err
	}
	h := NewMD5()
	if _, err := io.Copy(h, core.Unpaced(content)); err != nil {
		return core.MD5{}, err
	}
	_, err = content.Seek(at, io.SeekStart)
	return SumMD5(h), err
}

// IsEnd reports whether io.ReadFull came to the end of a body in good order. An error
// of the body that merely wraps one of these, as of a connection that broke off, is
// no end.
func IsEnd(err error) bool {
	return err == io.EOF || err == io.ErrUnexpectedEOF //nolint:errorlint // See above.
}

// AtEnd reports whether r has nothing more, after size bytes.
func AtEnd(r io.Reader, size int64) error {
	var one [1]byte
	switch n, err := io.ReadFull(r, one[:]); {
	case n > 0:
		return fmt.Errorf("%w: %d bytes were promised, and there are more", core.ErrCorrupt, size)
	case !IsEnd(err):
		return err
	}
	return nil
}
