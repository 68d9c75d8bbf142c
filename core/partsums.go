package core

import (
	"io"
)

// A Partitioner stores large files in parts, and wants the md5 of each before
// it is sent. Where a body has to be read for the md5 of the whole anyway, it is
// told them: see [PartSums].
type Partitioner interface {
	// PartSize is the size in bytes of the parts in which Put sends a file of
	// size bytes, but for the last; 0 if it is sent whole. It does no I/O.
	PartSize(size int64) int64
}

// PartSums is an optional interface of a body for the Put of a [Partitioner]: the
// content was read before, and the md5s of its parts are known.
type PartSums interface {
	io.ReaderAt
	// PartSums returns the md5 of each part of partSize bytes. Nobody changes
	// them.
	PartSums() (partSize int64, sums []MD5)
}
