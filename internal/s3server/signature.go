package s3server

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	algorithm   = "AWS4-HMAC-SHA256"
	amzTime     = "20060102T150405Z"
	maxSkew     = 15 * time.Minute
	serviceName = "s3"
)

// An authorization is a parsed Authorization header.
type authorization struct {
	accessKey, date, region, service string
	signed                           []string // names of headers, in order
	signature                        string
}

// parseAuthorization reads the header of version 4 of AWS's signatures.
func parseAuthorization(r *http.Request) (a authorization, ok bool) {
	rest, ok := strings.CutPrefix(r.Header.Get("Authorization"), algorithm+" ")
	if !ok {
		return a, false
	}
	fields := make(map[string]string)
	for f := range strings.SplitSeq(rest, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(f), "=")
		fields[name] = value
	}
	scope := strings.Split(fields["Credential"], "/")
	if len(scope) != 5 || scope[4] != "aws4_request" || fields["SignedHeaders"] == "" {
		return a, false
	}
	return authorization{
		accessKey: scope[0], date: scope[1], region: scope[2], service: scope[3],
		signed: strings.Split(fields["SignedHeaders"], ";"), signature: fields["Signature"],
	}, true
}

func accessKeyOf(r *http.Request) string {
	a, _ := parseAuthorization(r)
	return a.accessKey
}

func regionOf(r *http.Request) string {
	a, _ := parseAuthorization(r)
	return a.region
}

// verified passes requests that are signed with one of these keys to next. It knows
// no signatures in queries, and does not check those of single chunks.
func verified(secrets map[string]string, next http.Handler) http.Handler {
	return refusing(func(r *http.Request) *refusal { return verify(r, secrets) })(nil, next)
}

// verify returns AWS's refusal of a request that is not signed with one of these
// secrets, by access key; nil if it is.
func verify(r *http.Request, secrets map[string]string) *refusal {
	forbidden := func(code, format string, args ...any) *refusal {
		return &refusal{status: http.StatusForbidden, code: code, message: fmt.Sprintf(format, args...)}
	}
	a, ok := parseAuthorization(r)
	if !ok {
		return accessDenied()
	}
	secret, ok := secrets[a.accessKey]
	if !ok {
		return forbidden("InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.")
	}
	if name := a.unsigned(r); name != "" {
		return forbidden("AccessDenied", "There were headers present in the request which were not signed").say("HeadersNotSigned", name)
	}
	sent := r.Header.Get("X-Amz-Date")
	at, err := time.Parse(amzTime, sent)
	switch {
	case err != nil || !strings.HasPrefix(sent, a.date) || a.service != serviceName:
		return forbidden("AccessDenied", "AWS authentication requires a valid Date or x-amz-date header")
	case time.Since(at).Abs() > maxSkew:
		return forbidden("RequestTimeTooSkewed", "The difference between the request time and the current time is too large.")
	}
	canonical := a.canonicalRequest(r)
	if !hmac.Equal([]byte(a.sign(secret, sent, canonical)), []byte(a.signature)) {
		return forbidden("SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided. Check your key and signing method.").say("CanonicalRequest", canonical)
	}
	return nil
}

// unsigned returns the name of a header that must be signed and is not, or "".
func (a authorization) unsigned(r *http.Request) string {
	if !slices.Contains(a.signed, "host") {
		return "host"
	}
	for name := range r.Header {
		if name = strings.ToLower(name); strings.HasPrefix(name, "x-amz-") && !slices.Contains(a.signed, name) {
			return name
		}
	}
	return ""
}

// canonicalRequest returns the text that is hashed for the signature, of the request
// as it arrived.
func (a authorization) canonicalRequest(r *http.Request) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s\n%s\n", r.Method, canonicalEscape(r.URL.Path, true), canonicalQuery(r.URL.RawQuery))
	for _, name := range a.signed {
		fmt.Fprintf(&b, "%s:%s\n", name, canonicalHeader(r, name))
	}
	fmt.Fprintf(&b, "\n%s\n%s", strings.Join(a.signed, ";"), r.Header.Get("X-Amz-Content-Sha256"))
	return b.String()
}

func canonicalHeader(r *http.Request, name string) string {
	switch name {
	case "host":
		return r.Host
	case "content-length": // Go takes these two out of the header
		return strconv.FormatInt(r.ContentLength, 10)
	case "transfer-encoding":
		return strings.Join(r.TransferEncoding, ",")
	}
	values := slices.Clone(r.Header.Values(name))
	for i, v := range values {
		values[i] = strings.Join(strings.Fields(v), " ")
	}
	return strings.Join(values, ",")
}

func canonicalQuery(raw string) string {
	var pairs []string
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		pairs = append(pairs, reescape(name)+"="+reescape(value))
	}
	slices.Sort(pairs)
	return strings.Join(pairs, "&")
}

// reescape returns the canonical encoding of an encoded part of a query.
func reescape(s string) string {
	plain, err := url.PathUnescape(s) // a plus sign is one
	if err != nil {
		plain = s
	}
	return canonicalEscape(plain, false)
}

// canonicalEscape encodes all bytes but the unreserved ones; slashes says whether
// slashes stay, too.
func canonicalEscape(s string, slashes bool) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		switch {
		case 'A' <= c && c <= 'Z', 'a' <= c && c <= 'z', '0' <= c && c <= '9', strings.IndexByte("-._~", c) >= 0, c == '/' && slashes:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// sign returns the signature of a canonical request.
func (a authorization) sign(secret, at, canonical string) string {
	sum := sha256.Sum256([]byte(canonical))
	text := strings.Join([]string{algorithm, at, strings.Join([]string{a.date, a.region, a.service, "aws4_request"}, "/"), hex.EncodeToString(sum[:])}, "\n")
	key := []byte("AWS4" + secret)
	for _, part := range []string{a.date, a.region, a.service, "aws4_request", text} {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(part))
		key = mac.Sum(nil)
	}
	return hex.EncodeToString(key)
}
