package s3server

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Quirks that refuse requests by their headers.
var (
	// RewritesAcceptEncoding rewrites Accept-Encoding in front of a store that
	// checks signatures.
	RewritesAcceptEncoding = Quirk{
		Name: "Accept-Encoding rewritten", Case: "A4", Stores: "Google Cloud Storage, aws/aws-sdk-go-v2#1816, rclone/rclone#6670; Cloudflare's tunnels, hashicorp/terraform#36412",
		setup: func(c *config) { c.verify = true },
		layer: proxyLayer,
		wrap: around(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			r.Header.Set("Accept-Encoding", "gzip,gzip(gfe)")
			next.ServeHTTP(w, r)
		}),
	}
	// RefusesChecksums refuses x-amz-checksum-*, x-amz-sdk-*, amz-sdk-* and
	// trailers.
	RefusesChecksums = Quirk{
		Name: "checksums refused", Case: "A6", Stores: "Backblaze B2; s3proxy before 2.6",
		wrap: refusing(func(r *http.Request) *refusal {
			for name, values := range r.Header {
				name, value := strings.ToLower(name), values[0]
				if strings.HasPrefix(name, "x-amz-checksum-") || strings.HasPrefix(name, "x-amz-sdk-") || strings.HasPrefix(name, "amz-sdk-") ||
					name == "x-amz-trailer" || name == "x-amz-content-sha256" && strings.HasSuffix(value, "-TRAILER") {
					return &refusal{status: http.StatusBadRequest, code: "InvalidArgument", message: fmt.Sprintf("Unsupported header '%s' received for this API call.", name)}
				}
			}
			return nil
		}),
	}
	// RefusesUnknownHeaders answers 501 to every x-amz-* header that is not among
	// the few that s3proxy knows.
	RefusesUnknownHeaders = Quirk{
		Name: "unknown headers refused", Case: "A6", Stores: "s3proxy without its option ignore-unknown-headers",
		wrap: refusing(func(r *http.Request) *refusal {
			for name := range r.Header {
				name = strings.ToLower(name)
				if strings.HasPrefix(name, "x-amz-") && !strings.HasPrefix(name, "x-amz-meta-") && !slices.Contains(s3proxyHeaders, name) {
					return notImplemented("A header you provided implies functionality that is not implemented.").say("Header", name)
				}
			}
			return nil
		}),
	}
	// RefusesExpect answers Expect: 100-continue with 417.
	RefusesExpect = Quirk{
		Name: "417 for Expect", Case: "A9", Stores: "proxies, as lighttpd with server.reject-expect-100-with-417",
		layer: proxyLayer,
		wrap: around(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			if r.Header.Get("Expect") != "" {
				w.WriteHeader(http.StatusExpectationFailed)
				return
			}
			next.ServeHTTP(w, r)
		}),
	}
	// DeniesWrites answers every write with 403, deletes too.
	DeniesWrites = Quirk{
		Name: "writes denied", Case: "A22", Stores: "AWS, for who may only read",
		wrap: refusing(func(r *http.Request) *refusal {
			if r.Method == http.MethodGet || r.Method == http.MethodHead {
				return nil
			}
			return accessDenied()
		}),
	}
	// RequesterPays refuses all requests without x-amz-request-payer.
	RequesterPays = Quirk{
		Name: "requester pays", Case: "A23", Stores: "AWS, for buckets so configured",
		wrap: refusing(func(r *http.Request) *refusal {
			if r.Header.Get("X-Amz-Request-Payer") == "requester" {
				return nil
			}
			return accessDenied()
		}),
	}
)

// s3proxyHeaders are the x-amz-* headers that s3proxy has known from its
// beginning.
var s3proxyHeaders = []string{
	"x-amz-acl", "x-amz-content-sha256", "x-amz-copy-source", "x-amz-copy-source-if-match", "x-amz-copy-source-if-modified-since",
	"x-amz-copy-source-if-none-match", "x-amz-copy-source-if-unmodified-since", "x-amz-copy-source-range", "x-amz-date",
	"x-amz-decoded-content-length", "x-amz-metadata-directive", "x-amz-storage-class", "x-amz-user-agent",
}

// RefusesHeader answers a request that has this header with 400, in words that
// name no cause.
func RefusesHeader(name string) Quirk {
	return Quirk{
		Name: name + " refused", Case: "A11", Stores: "Ceph RGW 0.94 for Expect, cloudfoundry/bosh-s3cli#16; every gateway with words of its own",
		wrap: refusing(func(r *http.Request) *refusal {
			if (r.Method != http.MethodPut && r.Method != http.MethodPost && r.Method != http.MethodDelete) || r.Header.Get(name) == "" {
				return nil
			}
			return &refusal{status: http.StatusBadRequest, code: "BadRequest", message: "Your request could not be handled."}
		}),
	}
}

// SlowsDown answers k requests in a row with 503 after every n that it lets
// through.
func SlowsDown(n, k int64) Quirk {
	no := &refusal{status: http.StatusServiceUnavailable, code: "SlowDown", message: "Please reduce your request rate."}
	return Quirk{Name: "SlowDown", Stores: "AWS, and every store under load", wrap: inSpells(n, k, no)}
}

// TooManyRequests answers k requests in a row with 429 after every n that it
// lets through.
func TooManyRequests(n, k int64) Quirk {
	no := &refusal{status: http.StatusTooManyRequests, code: "TooManyRequests", message: "Rate limit exceeded."}
	return Quirk{Name: "429", Stores: "Cloudflare R2, Google Cloud Storage, Wasabi", wrap: inSpells(n, k, no)}
}

func inSpells(n, k int64, no *refusal) func(*Server, http.Handler) http.Handler {
	return func(s *Server, next http.Handler) http.Handler {
		var seen atomic.Int64
		return refusing(func(*http.Request) *refusal {
			if (seen.Add(1)-1)%(n+k) < n {
				return nil
			}
			return no
		})(s, next)
	}
}

// Slow answers each request only after d.
func Slow(d time.Duration) Quirk {
	return Quirk{
		Name: "slow", Stores: "every store that is far away", layer: proxyLayer,
		wrap: around(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			time.Sleep(d)
			next.ServeHTTP(w, r)
		}),
	}
}

// ExpiresToken answers 400 ExpiredToken from the nth request on to requests with
// the access key of that request, and accepts all others.
func ExpiresToken(n int64) Quirk {
	no := &refusal{status: http.StatusBadRequest, code: "ExpiredToken", message: "The provided token has expired."}
	return Quirk{
		Name: "token expires", Case: "A14", Stores: "AWS, for temporary credentials",
		wrap: func(s *Server, next http.Handler) http.Handler {
			var mu sync.Mutex
			var seen int64
			var expired string
			return refusing(func(r *http.Request) *refusal {
				mu.Lock()
				defer mu.Unlock()
				key := accessKeyOf(r)
				if seen++; seen == n {
					expired = key
				}
				if seen < n || key != expired {
					return nil
				}
				return no
			})(s, next)
		},
	}
}

// OtherRegion is a bucket in this region: requests signed for another are
// refused with its name.
func OtherRegion(region string) Quirk {
	return Quirk{
		Name: "another region", Stores: "AWS",
		wrap: refusing(func(r *http.Request) *refusal {
			signed := regionOf(r)
			if signed == "" || signed == region {
				return nil
			}
			message := fmt.Sprintf("The authorization header is malformed; the region '%s' is wrong; expecting '%s'", signed, region)
			no := &refusal{status: http.StatusBadRequest, code: "AuthorizationHeaderMalformed", message: message, header: http.Header{"X-Amz-Bucket-Region": {region}}}
			return no.say("Region", region)
		}),
	}
}
