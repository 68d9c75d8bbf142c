// Package objects asks for, writes and deletes the objects of a bucket, each on the
// condition that the version is still there that the caller saw. It learns which
// conditions and headers the store takes, and in which form, and does without those
// that are proved not to be had.
package objects
