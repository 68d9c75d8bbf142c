// Package versitygw runs the S3 gateway versitygw for tests: a second,
// independent S3 server, whose website port answers links with real 301s.
//
// The module in tools/ pins its version. A test without the program is skipped,
// loudly; with $CI set to true, or versitygw in $S3FC_MUST_RUN, it fails.
package versitygw
