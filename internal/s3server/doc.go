// Package s3server is an S3 server that answers as AWS does, for tests and for
// the embedded store. It wraps gofakes3, which serves buckets and reads. Writes,
// listings, conditions and website hosting are implemented here, because gofakes3
// lacks them or gets them wrong; the headers of its reads are corrected.
//
// # Corrections
//
// Each is in the file named here, and has a test of AWS's behaviour:
//
//   - headers.go: an overwrite replaces all metadata; Cache-Control,
//     Content-Language and Expires are kept; aws-chunked is not; redirects are
//     validated; only real metadata counts towards its limit
//   - body.go, chunked.go, checksum.go: aws-chunked bodies and their trailers
//     are decoded; lengths and every kind of checksum are verified
//   - condition.go: If-Match and If-None-Match on writes, reads and deletes
//   - copy.go: a redirect is never copied; COPY keeps the metadata and REPLACE
//     replaces it
//   - delete.go: an ETag for each key, 1000 keys at most, Quiet
//   - list.go: encoding-type, whole seconds, no page too many, prefixes once
//   - multipart.go: ETags of the form md5-N; EntityTooSmall
//   - read.go: lower-case metadata names, ETags of multipart objects
//   - subresource.go: an unknown subresource is 501, never a listing
//   - website.go, rule.go: the website configuration, and the website endpoint
//
// A store that differs from AWS as a real one does is made with [Quirk]s.
package s3server
