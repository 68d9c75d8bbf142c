//go:build !unix

package localfs

// nonblock is nothing where opening never waits.
const nonblock = 0
