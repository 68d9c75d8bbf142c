package s3server_test

import (
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

const emptySHA = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// scope is an Authorization header with this access key and region, and no
// signature that holds.
func scope(accessKey, region string) string {
	return fmt.Sprintf("AWS4-HMAC-SHA256 Credential=%s/20260101/%s/s3/aws4_request, SignedHeaders=host;x-amz-date, Signature=00", accessKey, region)
}

// refusesHeader checks that writes which have a header are answered 400, and
// others are not.
func refusesHeader(name, value string) func(*fixture) {
	return func(f *fixture) {
		_, body := f.want("with it", "PUT", k, "x", 400, name, value)
		if strings.Contains(strings.ToLower(body), strings.ToLower(name)) {
			f.Errorf("the answer names the header: %s", body)
		}
		f.want("without it", "PUT", k, "x", 200)
		f.want("a read", "GET", k, "", 200)
	}
}

// spells checks that of ten requests in a row the last three are refused.
func spells(status int, code string) func(*fixture) {
	return func(f *fixture) {
		for i := range 20 {
			if i%10 < 7 {
				f.want(fmt.Sprint(i), "PUT", k, "x", 200)
				continue
			}
			f.wantError(fmt.Sprint(i), status, code, "PUT", k, "x")
		}
	}
}

var requestQuirks = map[string]func(*fixture){
	"Accept-Encoding rewritten": func(f *fixture) {
		f.want("not signed", "PUT", k, "x", 403)
		c := signingClient(f.URL, "AKTEST", "SKTEST")
		_, err := c.PutObject(f.Context(), &s3.PutObjectInput{Bucket: &f.Bucket, Key: aws.String("k"), Body: strings.NewReader("x")})
		wantCode(f.T, "the SDK, which signs Accept-Encoding", err, "SignatureDoesNotMatch")
	},
	"checksums refused": func(f *fixture) {
		for _, name := range []string{"X-Amz-Checksum-Crc32", "X-Amz-Sdk-Checksum-Algorithm", "Amz-Sdk-Request", "X-Amz-Trailer"} {
			f.wantError(name, 400, "InvalidArgument", "PUT", k, "x", name, "x")
		}
		f.wantError("trailer", 400, "InvalidArgument", "PUT", k, "x", "X-Amz-Content-Sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER")
		f.want("Content-MD5", "PUT", k, "", 200, "Content-MD5", "1B2M2Y8AsgTpgAmY7PhCfg==", "X-Amz-Content-Sha256", emptySHA)
	},
	"unknown headers refused": func(f *fixture) {
		for _, name := range []string{redirectHeader, "X-Amz-Checksum-Crc32", "X-Amz-Request-Payer", "X-Amz-Security-Token"} {
			f.wantError(name, 501, "NotImplemented", "PUT", k, "x", name, "/x")
		}
		f.want("those that are known", "PUT", k, "x", 200, "X-Amz-Meta-Md5", "x", "X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD", "Cache-Control", "no-cache", "If-None-Match", "*")
	},
	"417 for Expect": func(f *fixture) {
		f.want("with it", "PUT", k, "x", 417, "Expect", "100-continue")
		f.want("without it", "PUT", k, "x", 200)
	},
	"writes denied": func(f *fixture) {
		f.wantError("PUT", 403, "AccessDenied", "PUT", k, "x")
		f.wantError("DELETE", 403, "AccessDenied", "DELETE", k, "")
		f.want("list", "GET", "/test?list-type=2", "", 200)
	},
	"requester pays": func(f *fixture) {
		f.wantError("without", 403, "AccessDenied", "GET", "/test?list-type=2", "")
		f.want("with", "GET", "/test?list-type=2", "", 200, "X-Amz-Request-Payer", "requester")
	},
	"If-None-Match refused":     refusesHeader("If-None-Match", "*"),
	"If-Match refused":          refusesHeader("If-Match", etagOf("x")),
	redirectHeader + " refused": refusesHeader(redirectHeader, "/x"),
	"Cache-Control refused":     refusesHeader("Cache-Control", "no-cache"),
	"Expect refused":            refusesHeader("Expect", "100-continue"),
	"SlowDown":                  spells(503, "SlowDown"),
	"429":                       spells(429, "TooManyRequests"),
	"slow": func(f *fixture) {
		start := time.Now()
		f.want("PUT", "PUT", k, "x", 200)
		if took := time.Since(start); took < 5*time.Millisecond {
			f.Errorf("it took %v", took)
		}
	},
	"token expires": func(f *fixture) {
		for range 19 {
			f.want("before", "PUT", k, "x", 200, "Authorization", scope("AK1", "us-east-1"))
		}
		for range 2 {
			f.wantError("from then on", 400, "ExpiredToken", "PUT", k, "x", "Authorization", scope("AK1", "us-east-1"))
		}
		f.want("with another key", "PUT", k, "x", 200, "Authorization", scope("AK2", "us-east-1"))
		f.wantError("with the old one", 400, "ExpiredToken", "PUT", k, "x", "Authorization", scope("AK1", "us-east-1"))
	},
	"another region": func(f *fixture) {
		resp, body := f.want("wrong", "GET", "/test?list-type=2", "", 400, "Authorization", scope("AK", "us-east-1"))
		wantEqual(f.T, "code", xmlCode(f.T, body), "AuthorizationHeaderMalformed")
		wantEqual(f.T, "region", resp.Header.Get("X-Amz-Bucket-Region"), "eu-west-1")
		if !strings.Contains(body, "<Region>eu-west-1</Region>") {
			f.Errorf("got %s, want the region", body)
		}
		f.want("right", "GET", "/test?list-type=2", "", 200, "Authorization", scope("AK", "eu-west-1"))
	},
}
