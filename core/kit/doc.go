// Package kit has what a backend for a store with directories needs beside the
// store's own calls, so that each such backend does it in the same, tested way.
//
// A [Resolver] finds the targets of symbolic links as a file system does.
package kit
