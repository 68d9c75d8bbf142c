package s3

import (
	"crypto/md5" //nolint:gosec // S3's own content hash; integrity against accidents.
	"hash"
	"io"

	"github.com/s3fc/s3fc/core"
)

func newHash() hash.Hash { return md5.New() } //nolint:gosec // See the import.

func hashSum(h hash.Hash) core.MD5 { return core.MD5Of([md5.Size]byte(h.Sum(nil))) }

// sumOf returns the md5 of what follows in content, which stays where it is.
func sumOf(content io.ReadSeeker) (core.MD5, error) {
	at, err := content.Seek(0, io.SeekCurrent)
	if err != nil {
		return core.MD5{}, err
	}
	h := newHash()
	if _, err := io.Copy(h, content); err != nil {
		return core.MD5{}, err
	}
	_, err = content.Seek(at, io.SeekStart)
	return hashSum(h), err
}
