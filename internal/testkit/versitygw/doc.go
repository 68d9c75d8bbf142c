// Package versitygw runs the S3 gateway versitygw for tests: a second,
// independent S3 server, whose website port answers links with real 301s.
//
// Where the program cannot be had a test is skipped, loudly; where it must run
// ($CI is true, or $S3FC_MUST_RUN names versitygw) the test fails.
package versitygw
