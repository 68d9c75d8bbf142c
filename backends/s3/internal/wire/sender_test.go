package wire

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
)

// everyKind sends one request of every kind that a tree sends.
func everyKind(t testing.TB, s *Sender) map[string]func(context.Context) error {
	header := func(pairs ...string) http.Header {
		r := NewRequest("", "")
		for i := 0; i+1 < len(pairs); i += 2 {
			r.Set(pairs[i], pairs[i+1])
		}
		return r.Header
	}
	put := func(key, body string, pairs ...string) func(context.Context) error {
		return func(ctx context.Context) error {
			r := withBody(t, NewRequest(http.MethodPut, key), body)
			r.Header = header(pairs...)
			r.SetMetadata(map[string]string{"mtime": "1.5", "note": "käse"})
			_, err := s.Send(ctx, r)
			return err
		}
	}
	send := func(method, key string, query url.Values, pairs ...string) func(context.Context) error {
		return func(ctx context.Context) error {
			r := NewRequest(method, key)
			r.Query, r.Header = query, header(pairs...)
			_, err := s.Send(ctx, r)
			return err
		}
	}
	return map[string]func(context.Context) error{
		"put":          put("a b+c/é~(1)!%2F.html", "content", ContentMD5, "x", ContentType, "text/html; charset=utf-8", IfNoneMatch, "*", CacheControl, "no-cache"),
		"put empty":    put("e", "", ContentMD5, "x", IfMatch, `"0123"`),
		"put large":    put("l", strings.Repeat("x", expectAbove), ContentMD5, "x"),
		"put link":     put("l", "page", Redirect, "/a%20b", Encryption, "aws:kms", EncryptionKey, "k", "Expires", "never", "Content-Encoding", "gzip"),
		"get":          send(http.MethodGet, "a b/ü", nil),
		"get range":    send(http.MethodGet, "a", nil, Range, "bytes=5-9", IfMatch, `"0123"`),
		"head":         send(http.MethodHead, "a", nil),
		"delete":       send(http.MethodDelete, "a", nil, IfMatch, `"0123"`),
		"list":         send(http.MethodGet, "", url.Values{"list-type": {"2"}, "start-after": {"ä b+"}, "encoding-type": {"url"}, "continuation-token": {"a+/=&"}}),
		"delete batch": func(ctx context.Context) error { _, err := s.DeleteBatch(ctx, []Deletion{{Key: "a&b"}}); return err },
		"create": func(ctx context.Context) error {
			_, _, err := s.CreateUpload(ctx, "k", header(ContentType, "x"))
			return err
		},
		"part": func(ctx context.Context) error {
			_, err := s.UploadPart(ctx, "k", "i+/d", 2, strings.NewReader("part"), 4, "md5")
			return err
		},
		"complete": func(ctx context.Context) error {
			_, _, err := s.CompleteUpload(ctx, "k", "id", []Part{{Number: 1, ETag: `"e"`}}, header(IfMatch, `"o"`))
			return err
		},
		"abort":      func(ctx context.Context) error { _, err := s.AbortUpload(ctx, "k", "id"); return err },
		"list parts": func(ctx context.Context) error { _, err := s.ListParts(ctx, "k", "id"); return err },
		"copy": func(ctx context.Context) error {
			r := NewRequest(http.MethodPut, "k")
			r.Set(CopySource, "b/a%20b")
			_, _, err := s.Copy(ctx, r)
			return err
		},
		"copy part": func(ctx context.Context) error {
			_, err := s.CopyPart(ctx, "k", "id", 1, header(CopySource, "b/a", CopySourceRange, "bytes=0-9"))
			return err
		},
		"website": func(ctx context.Context) error { _, err := s.GetWebsite(ctx); return err },
		"put website": func(ctx context.Context) error {
			return s.PutWebsite(ctx, &Website{IndexDocument: &Verbatim{"<Suffix>i</Suffix>"}})
		},
		"versioning": func(ctx context.Context) error { _, err := s.GetVersioning(ctx); return err },
	}
}

// fitting answers each kind of request with a document of the right kind.
func fitting(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	document := ""
	switch {
	case q.Has("uploads"):
		document = "<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>"
	case r.Method == http.MethodPost && q.Has("uploadId"):
		document = `<CompleteMultipartUploadResult><ETag>"e-1"</ETag></CompleteMultipartUploadResult>`
	case r.Method == http.MethodPost && q.Has("delete"):
		document = "<DeleteResult><Deleted><Key>a&amp;b</Key></Deleted></DeleteResult>"
	case r.Method == http.MethodGet && q.Has("uploadId"):
		document = "<ListPartsResult/>"
	case r.Header.Get(CopySource) != "" && q.Has("uploadId"):
		document = `<CopyPartResult><ETag>"e"</ETag></CopyPartResult>`
	case r.Header.Get(CopySource) != "":
		document = `<CopyObjectResult><ETag>"e"</ETag></CopyObjectResult>`
	case r.Method == http.MethodGet && q.Has("website"):
		document = "<WebsiteConfiguration/>"
	case q.Has("versioning"):
		document = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
	}
	answers(document)(w, r)
}

// TestEveryRequestIsSignedAndSaysNothingOfItself sends every kind of request to a
// server that checks signatures, and looks for headers that some stores refuse.
func TestEveryRequestIsSignedAndSaysNothingOfItself(t *testing.T) {
	for name, creds := range map[string]aws.CredentialsProvider{
		"keys": credentials.NewStaticCredentialsProvider("AK", "SK", ""), "session": credentials.NewStaticCredentialsProvider("AK", "SK", "token"),
	} {
		srv := record(t, nil)
		host := strings.TrimPrefix(srv.URL, "http://")
		srv.answer = func(w http.ResponseWriter, r *http.Request) {
			if wrong := checkSignature(r, host); wrong != "" {
				t.Errorf("%s: %s %s: %s", name, r.Method, r.URL, wrong)
			}
			fitting(w, r)
		}
		s := newSender(t, srv.URL, func(_ *Options, o *awss3.Options) { o.Credentials = creds })
		for kind, send := range everyKind(t, s) {
			if err := send(t.Context()); err != nil {
				t.Errorf("%s, %s: %v", name, kind, err)
			}
			for h := range srv.only(t).Header {
				for _, refusable := range []string{"X-Amz-Checksum-", "X-Amz-Sdk-", "Amz-Sdk-", "X-Amz-Trailer", "Accept-Encoding", "Te", "Transfer-Encoding"} {
					if strings.HasPrefix(h, refusable) {
						t.Errorf("%s: sends %s, which nobody asked for", kind, h)
					}
				}
			}
		}
	}
}

// TestAProxyMayRewriteUnsignedHeaders sends every kind of request through a proxy
// that rewrites, adds and drops headers, to a server that checks signatures.
func TestAProxyMayRewriteUnsignedHeaders(t *testing.T) {
	srv := record(t, nil)
	host := strings.TrimPrefix(srv.URL, "http://")
	srv.answer = func(w http.ResponseWriter, r *http.Request) {
		rewrite(r)
		if wrong := checkSignature(r, host); wrong != "" {
			t.Errorf("%s %s: %s", r.Method, r.URL, wrong)
		}
		fitting(w, r)
	}
	s := newSender(t, srv.URL)
	for kind, send := range everyKind(t, s) {
		if err := send(t.Context()); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

// rewrite changes a request as proxies do, in all that S3 does not insist on.
func rewrite(r *http.Request) {
	for name := range r.Header {
		if strings.HasPrefix(name, "X-Amz-") || name == "Authorization" || name == ContentMD5 || name == ContentType {
			continue
		}
		r.Header.Set(name, r.Header.Get(name)+", rewritten")
	}
	for _, name := range []string{Range, IfMatch, IfNoneMatch, "Expect", "Content-Length", "Connection"} {
		r.Header.Del(name)
	}
	for name, value := range map[string]string{
		"Accept-Encoding": "gzip,gzip(gfe)", "Via": "1.1 proxy", "X-Forwarded-For": "192.0.2.1", CacheControl: "max-age=0", "Content-Length": "17",
		"X-Cloud-Trace-Context": "1", "User-Agent": "proxy", "Te": "trailers", "Transfer-Encoding": "chunked",
	} {
		r.Header.Set(name, value)
	}
	r.ContentLength = -1
}

// TestAnonymousRequestsAreNotSigned checks that nothing but the request is sent.
func TestAnonymousRequestsAreNotSigned(t *testing.T) {
	srv := record(t, fitting)
	s := newSender(t, srv.URL, func(_ *Options, o *awss3.Options) { o.Credentials = aws.AnonymousCredentials{} })
	for kind, send := range everyKind(t, s) {
		if err := send(t.Context()); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
		for _, h := range []string{"Authorization", contentSHA256, "X-Amz-Date"} {
			if got := srv.take(); len(got) > 0 && got[0].Header.Get(h) != "" {
				t.Errorf("%s: sends %s", kind, h)
			}
		}
	}
}

// TestRequestsOfEveryKindAreExact checks the method, path, query and body of those
// requests that are documents or have parameters.
func TestRequestsOfEveryKindAreExact(t *testing.T) {
	srv := record(t, fitting)
	s := newSender(t, srv.URL+"/base")
	kinds := everyKind(t, s)
	for kind, want := range map[string]received{
		"put":          {Method: "PUT", Path: "/base/b/a%20b%2Bc/%C3%A9~%281%29%21%252F.html", Body: "content"},
		"list":         {Method: "GET", Path: "/base/b", Query: "continuation-token=a%2B%2F%3D%26&encoding-type=url&list-type=2&start-after=%C3%A4%20b%2B"},
		"delete batch": {Method: "POST", Path: "/base/b", Query: "delete=", Body: `<Delete xmlns="` + namespace + `"><Object><Key>a&amp;b</Key></Object><Quiet>false</Quiet></Delete>`},
		"create":       {Method: "POST", Path: "/base/b/k", Query: "uploads="},
		"part":         {Method: "PUT", Path: "/base/b/k", Query: "partNumber=2&uploadId=i%2B%2Fd", Body: "part"},
		"complete": {Method: "POST", Path: "/base/b/k", Query: "uploadId=id",
			Body: `<CompleteMultipartUpload xmlns="` + namespace + `"><Part><PartNumber>1</PartNumber><ETag>&#34;e&#34;</ETag></Part></CompleteMultipartUpload>`},
		"abort":       {Method: "DELETE", Path: "/base/b/k", Query: "uploadId=id"},
		"put website": {Method: "PUT", Path: "/base/b", Query: "website=", Body: `<WebsiteConfiguration xmlns="` + namespace + `"><IndexDocument><Suffix>i</Suffix></IndexDocument></WebsiteConfiguration>`},
	} {
		if err := kinds[kind](t.Context()); err != nil {
			t.Fatal(err)
		}
		got := srv.only(t)
		if got.Method != want.Method || got.Path != want.Path || got.Query != want.Query || got.Body != want.Body {
			t.Errorf("%s: got %s %s?%s %s\nwant %s %s?%s %s", kind, got.Method, got.Path, got.Query, got.Body, want.Method, want.Path, want.Query, want.Body)
		}
	}
}

// TestEndpoints checks where a bucket is asked, and how requests to it are signed.
func TestEndpoints(t *testing.T) {
	for _, c := range []struct {
		name, bucket string
		change       func(*awss3.Options)
		url          string
		scheme       scheme
		service      string
	}{
		{"plain", "bucket", func(*awss3.Options) {}, "https://bucket.s3.eu-west-1.amazonaws.com", sigV4, "s3"},
		{"dotted", "buck.et", func(*awss3.Options) {}, "https://s3.eu-west-1.amazonaws.com/buck.et", sigV4, "s3"},
		{"dual stack", "bucket", func(o *awss3.Options) { o.EndpointOptions.UseDualStackEndpoint = aws.DualStackEndpointStateEnabled },
			"https://bucket.s3.dualstack.eu-west-1.amazonaws.com", sigV4, "s3"},
		{"accelerated", "bucket", func(o *awss3.Options) { o.UseAccelerate = true }, "https://bucket.s3-accelerate.amazonaws.com", sigV4, "s3"},
		{"FIPS", "bucket", func(o *awss3.Options) { o.EndpointOptions.UseFIPSEndpoint = aws.FIPSEndpointStateEnabled },
			"https://bucket.s3-fips.eu-west-1.amazonaws.com", sigV4, "s3"},
		{"below a path", "bucket", func(o *awss3.Options) {
			o.BaseEndpoint, o.UsePathStyle = aws.String("http://127.0.0.1:9000/base"), true
		},
			"http://127.0.0.1:9000/base/bucket", sigV4, "s3"},
		{"IPv6", "bucket", func(o *awss3.Options) { o.BaseEndpoint, o.UsePathStyle = aws.String("http://[::1]:9000"), true },
			"http://[::1]:9000/bucket", sigV4, "s3"},
		{"without TLS", "bucket", func(o *awss3.Options) { o.EndpointOptions.DisableHTTPS = true }, "http://bucket.s3.eu-west-1.amazonaws.com", sigV4, "s3"},
		{"access point", "arn:aws:s3:eu-west-1:123456789012:accesspoint/mine", func(*awss3.Options) {},
			"https://mine-123456789012.s3-accesspoint.eu-west-1.amazonaws.com", sigV4, "s3"},
		{"multi-region access point", "arn:aws:s3::123456789012:accesspoint/mfzwi23gnjvgw.mrap", func(*awss3.Options) {},
			"https://mfzwi23gnjvgw.mrap.accesspoint.s3-global.amazonaws.com", sigV4A, "s3"},
		{"directory bucket", "bucket--use1-az4--x-s3", func(o *awss3.Options) { o.Region = "us-east-1" },
			"https://bucket--use1-az4--x-s3.s3express-use1-az4.us-east-1.amazonaws.com", express, "s3express"},
	} {
		o := awss3.Options{Region: "eu-west-1", Credentials: credentials.NewStaticCredentialsProvider("AK", "SK", "")}
		c.change(&o)
		s, err := New(t.Context(), Options{SDK: awss3.New(o).Options(), Bucket: c.bucket})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if e := s.endpoint(); e.url.String() != c.url || e.scheme != c.scheme || e.service != c.service || e.scheme != sigV4A && e.region != o.Region {
			t.Errorf("%s: %s, %s for %s in %s; want %s, %s for %s", c.name, e.url.String(), e.scheme, e.service, e.region, c.url, c.scheme, c.service)
		}
	}
}

// sessions gives the credentials of a directory bucket's session.
type sessions struct{ bucket string }

func (s *sessions) Retrieve(_ context.Context, bucket string) (aws.Credentials, error) {
	s.bucket = bucket
	return aws.Credentials{AccessKeyID: "AK", SecretAccessKey: "SK", SessionToken: "session"}, nil
}

// TestSpecialSignatures checks that directory buckets are signed by their session,
// and access points of more than one region for all of them.
func TestSpecialSignatures(t *testing.T) {
	srv := record(t, fitting)
	to := func(bucket string, e scheme, service string) *Sender {
		s := newSender(t, srv.URL, func(o *Options, sdk *awss3.Options) {
			o.Bucket, o.Checksums, o.NoMD5 = bucket, e == express, e == express
			sdk.ExpressCredentials = new(sessions)
		})
		at := *s.at
		at.scheme, at.service = e, service
		if e == sigV4A {
			real, err := resolve(t.Context(), awss3.New(awss3.Options{Region: "eu-west-1"}).Options(), "arn:aws:s3::123456789012:accesspoint/m.mrap", "eu-west-1")
			if err != nil {
				t.Fatal(err)
			}
			at.props = real.props
		}
		s.at = &at
		return s
	}
	dir := to("d--use1-az4--x-s3", express, "s3express")
	if _, err := dir.UploadPart(t.Context(), "k", "id", 1, strings.NewReader("hello"), 5, "md5"); err != nil {
		t.Fatal(err)
	}
	h := srv.only(t).Header
	if h.Get(sessionToken) != "session" || h.Get("X-Amz-Security-Token") != "" || !strings.Contains(h.Get("Authorization"), "/s3express/") {
		t.Errorf("directory bucket: %v; want the session's signature", h)
	}
	if h.Get(ContentMD5) != "" || h.Get(crc32Header) != "NhCmhg==" || h.Get(contentSHA256) == unsignedHash {
		t.Errorf("directory bucket: %v; want a CRC32 in the place of Content-MD5", h)
	}
	many := to("m", sigV4A, "s3")
	if _, err := many.Send(t.Context(), NewRequest(http.MethodHead, "k")); err != nil {
		t.Fatal(err)
	}
	if h := srv.only(t).Header; !strings.HasPrefix(h.Get("Authorization"), "AWS4-ECDSA-P256-SHA256 ") || h.Get("X-Amz-Region-Set") != "*" {
		t.Errorf("multi-region access point: %v", h)
	}
}

// TestAnEarlyAnswerLeavesTheBodyAlone checks that nothing reads a body once its
// request was answered, although the server did not take all of it.
func TestAnEarlyAnswerLeavesTheBodyAlone(t *testing.T) {
	srv := record(t, nil)
	srv.Config.Handler = refuses(http.StatusForbidden, "AccessDenied")
	s := newSender(t, srv.URL)
	for range 20 {
		content := bytes.Repeat([]byte("x"), 1<<20)
		r, err := NewRequest(http.MethodPut, "a").WithBody(bytes.NewReader(content), 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Send(t.Context(), r); err == nil {
			t.Fatal("a refusal was taken for success")
		}
		clear(content) // the race detector sees who still reads it
	}
}

// TestABodyIsTakenBackWhenItsRequestIsOver checks that nothing is read from it
// any more.
func TestABodyIsTakenBackWhenItsRequestIsOver(t *testing.T) {
	b := &lentBody{r: strings.NewReader("secret of the next request")}
	p := make([]byte, 6)
	if n, err := b.Read(p); n != 6 || err != nil {
		t.Fatal(n, err)
	}
	b.takeBack()
	if n, err := b.Read(p); n != 0 || !errors.Is(err, errTakenBack) {
		t.Errorf("read %d bytes, %v, of a body that was taken back", n, err)
	}
}

// TestABodyIsSentAgainFromWhereItWas checks that each try sends the whole body, and
// nothing before or behind it.
func TestABodyIsSentAgainFromWhereItWas(t *testing.T) {
	var tries atomic.Int64
	srv := record(t, nil)
	srv.answer = func(w http.ResponseWriter, r *http.Request) {
		if tries.Add(1) < 4 {
			refuses(http.StatusServiceUnavailable, "SlowDown")(w, r)
			return
		}
		fitting(w, r)
	}
	s := newSender(t, srv.URL)
	body := strings.NewReader("before content behind")
	_, _ = body.Seek(7, io.SeekStart)
	r, err := NewRequest(http.MethodPut, "a").WithBody(body, 7)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Send(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	got := srv.take()
	for i, r := range got {
		if r.Body != "content" {
			t.Errorf("try %d sent %q", i+1, r.Body)
		}
	}
	if len(got) != 4 {
		t.Errorf("%d tries; want 4", len(got))
	}
}

// TestTheClockOfTheStoreIsTakenOver checks that a request which is refused for its
// time is signed for the store's time, and so are all that follow.
func TestTheClockOfTheStoreIsTakenOver(t *testing.T) {
	const ahead = 3 * time.Hour
	srv := record(t, func(w http.ResponseWriter, r *http.Request) {
		there := time.Now().Add(ahead)
		w.Header().Set("Date", there.UTC().Format(http.TimeFormat))
		at, _ := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
		if d := there.Sub(at); d > 15*time.Minute || d < -15*time.Minute {
			refuses(http.StatusForbidden, "RequestTimeTooSkewed")(w, r)
			return
		}
		fitting(w, r)
	})
	s := newSender(t, srv.URL)
	for i, want := range []int{2, 1, 1} {
		if _, err := s.Send(t.Context(), NewRequest(http.MethodHead, "a")); err != nil {
			t.Fatal(err)
		}
		if got := len(srv.take()); got != want {
			t.Errorf("request %d: sent %d times; want %d", i, got, want)
		}
	}
	srv.answer = refuses(http.StatusForbidden, "RequestTimeTooSkewed", "Date", "Mon, 02 Jan 2006 15:04:05 GMT")
	if _, err := s.Send(t.Context(), NewRequest(http.MethodHead, "a")); !HasStatus(err, http.StatusForbidden) {
		t.Errorf("a clock that cannot be met: %v; want the refusal", err)
	}
	if got := len(srv.take()); got > 1+maxCorrections {
		t.Errorf("sent %d times", got)
	}
}

// TestTheRegionThatTheStoreNamesIsUsed checks that a bucket elsewhere costs one
// request more, once.
func TestTheRegionThatTheStoreNamesIsUsed(t *testing.T) {
	for name, refusal := range map[string]http.HandlerFunc{
		"301": refuses(http.StatusMovedPermanently, "PermanentRedirect", "X-Amz-Bucket-Region", "eu-west-1"),
		"malformed": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, "<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-west-1</Region></Error>")
		},
	} {
		srv := record(t, func(w http.ResponseWriter, r *http.Request) {
			if !strings.Contains(r.Header.Get("Authorization"), "/eu-west-1/") {
				refusal(w, r)
				return
			}
			fitting(w, r)
		})
		s := newSender(t, srv.URL)
		for i, want := range []int{2, 1} {
			if _, err := s.Send(t.Context(), NewRequest(http.MethodGet, "a")); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if got := len(srv.take()); got != want {
				t.Errorf("%s: request %d: sent %d times; want %d", name, i, got, want)
			}
		}
		if s.Moved() != "eu-west-1" {
			t.Errorf("%s: moved to %q", name, s.Moved())
		}
	}
	srv := record(t, refuses(http.StatusMovedPermanently, "PermanentRedirect", "X-Amz-Bucket-Region", "eu-west-1"))
	if _, err := newSender(t, srv.URL).Send(t.Context(), NewRequest(http.MethodGet, "a")); CodeOf(err) != "PermanentRedirect" || len(srv.take()) != 2 {
		t.Errorf("a bucket that is nowhere: %v; want the refusal at the second try", err)
	}
}
