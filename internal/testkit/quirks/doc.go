// Package quirks tests that s3fc works with stores that differ from AWS: its
// tests send the commands of a user to the project's own S3 server with each of
// its quirks, with pairs of them and with random sets.
package quirks
