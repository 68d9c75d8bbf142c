// Package embedded is an S3 store inside the process, to try everything out
// without an account: a real S3 server on a loopback port, spoken to by the
// same backend as any other (package s3).
//
// # URL
//
// embedded://bucket or embedded://bucket/prefix, with link_body=page|empty as
// for s3. A bucket is made when it is first opened to be written to.
//
// # Data
//
// It is kept in the directory that $S3FC_EMBEDDED_DIR names, or else in the user's
// data directory: $XDG_DATA_HOME/s3fc/embedded or ~/.local/share/s3fc/embedded, on
// macOS below ~/Library/Application Support, on Windows below %LocalAppData%.
// Contents are files, and an object may be of any size; see internal/filestore for
// its guarantees after a power failure. One process at a time can use a directory.
// All its buckets can be open in that process together.
//
// # Links and metadata
//
// They are those of package s3. New buckets have website hosting on, with
// index.html as the index document.
//
// # Limits
//
// Those of S3. Only this process can use the server: it wants a key that is
// made anew each time.
package embedded
