// Package wire sends the requests of a bucket. There is one request value
// ([Request]), one answer ([Answer]), and one [Sender] that every request of S3
// goes through: it finds the URL, signs, sends, follows redirects and tries
// again.
//
// # Use of the SDK
//
// The SDK's endpoint rules are asked once for the URL of the bucket and for the
// way to sign; its signers sign; its credential providers give credentials. Of
// requests, the SDK sends only those that credentials need: STS, SSO, the
// metadata services of a machine or a container, and CreateSession of directory
// buckets. It sends no other: its client takes several times the CPU of a small
// request, signs headers that proxies rewrite, and adds some that stores refuse.
//
// # Headers
//
// A signature covers the host, the headers x-amz-*, Content-MD5 and
// Content-Type, which S3 insists on, and no other: proxies rewrite, add and drop
// the rest (Accept-Encoding, Cache-Control, Range, conditions, Content-Length,
// Expect). Nothing is sent that the request does not ask for, but the date and
// the hash of the body that signatures need.
//
// # Redirects
//
// 307 and 308 are followed with the same method and body, signed for the new
// host, if they are S3's and do not lead from TLS to plain HTTP. A 301, or a
// refusal that names another region, moves the sender to that region. Any other
// redirect is no answer of S3.
package wire
