// Package servers runs real S3 servers for tests, by the scripts of
// tools/servers, which install each of them. Its own tests do the main job of
// s3fc against each, and write docs/stores.md.
//
// Only versitygw runs unless $S3FC_TEST_SERVERS names others, with commas
// between them, or is "all".
package servers
