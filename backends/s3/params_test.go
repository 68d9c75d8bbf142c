package s3

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/s3fc/s3fc/backends/s3/internal/ability"
	"github.com/s3fc/s3fc/core"
)

// A wireTap answers requests as S3 does for a bucket with the object "a b", and records
// them.
type wireTap struct {
	mu   sync.Mutex
	sent []*http.Request
}

// RoundTrip implements [http.RoundTripper].
func (w *wireTap) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sent = append(w.sent, r)
	resp := &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Request: r}
	text := ""
	switch q := r.URL.Query(); {
	case r.Method == http.MethodPut && q.Has("partNumber"), r.Method == http.MethodPut:
		resp.Header.Set("ETag", `"`+core.SumMD5(body).String()+`"`)
	case q.Has("uploads"):
		text = "<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>"
	case q.Get("list-type") == "2":
		text = "<ListBucketResult><IsTruncated>false</IsTruncated><KeyCount>1</KeyCount><EncodingType>url</EncodingType>" +
			"<Contents><Key>a+b</Key><Size>1</Size><LastModified>2026-01-01T00:00:00Z</LastModified></Contents></ListBucketResult>"
	default:
		resp.StatusCode = http.StatusNotFound
	}
	resp.Body, resp.ContentLength = io.NopCloser(strings.NewReader(text)), int64(len(text))
	return resp, nil
}

// find returns the first request of a method whose key ends so.
func (w *wireTap) find(t *testing.T, method, suffix string) *http.Request {
	t.Helper()
	for _, r := range w.sent {
		if r.Method == method && strings.HasSuffix(r.URL.Path, suffix) {
			return r
		}
	}
	t.Fatalf("no %s of %q was sent", method, suffix)
	return nil
}

// paramCases are the parameters of a URL, each with a query and the effect on a
// listing, a file, a link and a file that goes up in parts.
var paramCases = map[string][]struct {
	query string
	check func(t *testing.T, tree *Tree, w *wireTap)
}{
	paramFlat: {{"flat=false", func(t *testing.T, tree *Tree, _ *wireTap) {
		if tree.Features().Flat {
			t.Error("a and a/b are believed to lie beside each other")
		}
	}}},
	paramLinkBody: {{"link_body=empty", func(t *testing.T, _ *Tree, w *wireTap) {
		if r := w.find(t, "PUT", "/link"); r.ContentLength != 0 {
			t.Errorf("a link of %d bytes; want 0", r.ContentLength)
		}
	}}},
	paramBucket: {
		{"bucket=arn:aws:s3:eu-west-1:123456789012:accesspoint/mine", hostIs("mine-123456789012.s3-accesspoint.eu-west-1.amazonaws.com")},
		{"bucket=tenant:data&endpoint=http://store.test", func(t *testing.T, _ *Tree, w *wireTap) {
			if got := w.find(t, "PUT", "/file").URL.EscapedPath(); got != "/tenant:data/file" && got != "/tenant%3Adata/file" {
				t.Errorf("path %s; want that of tenant:data", got)
			}
		}},
	},
	paramACL:          {{"acl=public-read", newObjectsHave("X-Amz-Acl", "public-read", true)}},
	paramStorageClass: {{"storage_class=STANDARD_IA", newObjectsHave("X-Amz-Storage-Class", "STANDARD_IA", false)}},
	"ssetype":         {{"ssetype=aws:kms:dsse", newObjectsHave("X-Amz-Server-Side-Encryption", "aws:kms:dsse", true)}},
	"kmskeyid":        {{"ssetype=aws:kms&kmskeyid=k1", newObjectsHave("X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id", "k1", true)}},
	paramRequesterPays: {{"requester_pays=true", func(t *testing.T, _ *Tree, w *wireTap) {
		for _, r := range w.sent {
			if r.Header.Get("X-Amz-Request-Payer") != "requester" {
				t.Errorf("%s %s does not agree to pay", r.Method, r.URL)
			}
		}
	}}},
	paramHas: {{"has=redirects,conditions", func(t *testing.T, tree *Tree, _ *wireTap) {
		if !tree.can.Insists(ability.Redirects) {
			t.Error("redirects may still be given up")
		}
	}}},
	paramLacks: {{"lacks=conditions,redirects", func(t *testing.T, _ *Tree, w *wireTap) {
		r := w.find(t, "PUT", "/link")
		if r.Header.Get("If-None-Match") != "" || r.Header.Get("X-Amz-Website-Redirect-Location") != "" {
			t.Errorf("sent %v; want neither condition nor redirect", r.Header)
		}
	}}},
	paramKeyEncoding: {{"key_encoding=path", keyIs("a+b")}, {"key_encoding=query", keyIs("a b")}, {"key_encoding=none", keyIs("a+b")}},
	"region":         {{"region=eu-west-3", hostIs("bkt.s3.eu-west-3.amazonaws.com")}},
	"endpoint": {{"endpoint=http://store.test:9000", func(t *testing.T, _ *Tree, w *wireTap) {
		if got := w.find(t, "PUT", "/file").URL.String(); got != "http://store.test:9000/bkt/file" {
			t.Errorf("PUT %s; want it at the endpoint, in path style", got)
		}
	}}},
	"profile": {{"profile=other", func(t *testing.T, _ *Tree, w *wireTap) {
		if got := w.find(t, "PUT", "/file").Header.Get("Authorization"); !strings.Contains(got, "Credential=AKOTHER/") || !strings.Contains(got, "/eu-north-1/") {
			t.Errorf("signed as %s; want the key and region of the profile", got)
		}
	}}},
	"anonymous": {{"anonymous=true", func(t *testing.T, _ *Tree, w *wireTap) {
		if got := w.find(t, "PUT", "/file").Header.Get("Authorization"); got != "" {
			t.Errorf("signed as %s; want no signature", got)
		}
	}}},
	"role": {{"role=arn:aws:iam::123456789012:role/deploy", func(t *testing.T, _ *Tree, w *wireTap) {
		r := w.find(t, "PUT", "/file")
		if got := r.Header.Get("Authorization"); !strings.Contains(got, "Credential=ASROLE/") || r.Header.Get("X-Amz-Security-Token") != "token" {
			t.Errorf("signed as %s; want the role's credentials", got)
		}
	}}},
	"use_path_style":     {{"use_path_style=true", pathIs("/bkt/file")}, {"endpoint=http://store.test&use_path_style=false", hostIs("bkt.store.test")}},
	"s3ForcePathStyle":   {{"s3ForcePathStyle=true", pathIs("/bkt/file")}},
	"hostname_immutable": {{"endpoint=http://store.test&hostname_immutable=true", hostIs("store.test")}},
	"disable_https": {{"disable_https=true", func(t *testing.T, _ *Tree, w *wireTap) {
		if got := w.find(t, "PUT", "/file").URL.Scheme; got != "http" {
			t.Errorf("scheme %s; want http", got)
		}
	}}},
	"accelerate": {{"accelerate=true", hostIs("bkt.s3-accelerate.amazonaws.com")}},
	"dualstack":  {{"dualstack=true", hostIs("bkt.s3.dualstack.us-east-1.amazonaws.com")}},
	"fips":       {{"fips=true", hostIs("bkt.s3-fips.us-east-1.amazonaws.com")}},
	"request_checksum_calculation": {
		{"request_checksum_calculation=when_supported", newObjectsHave("X-Amz-Checksum-Crc32", "", true)},
		{"request_checksum_calculation=when_required", newObjectsLack("X-Amz-Checksum-Crc32")},
	},
	"response_checksum_validation": {{"response_checksum_validation=when_supported", noEffect}},
	"rate_limiter_capacity":        {{"rate_limiter_capacity=0", noEffect}},
	"awssdk":                       {{"awssdk=v2", noEffect}},
}

func keyIs(want string) func(*testing.T, *Tree, *wireTap) {
	return func(t *testing.T, tree *Tree, _ *wireTap) {
		for e, err := range tree.List(t.Context(), "") {
			if err != nil || e.Key != want {
				t.Errorf("listed %q, %v; want %q", e.Key, err, want)
			}
		}
	}
}

func hostIs(want string) func(*testing.T, *Tree, *wireTap) {
	return func(t *testing.T, _ *Tree, w *wireTap) {
		if got := w.find(t, "PUT", "/file").URL.Host; got != want {
			t.Errorf("host %s; want %s", got, want)
		}
	}
}

func pathIs(want string) func(*testing.T, *Tree, *wireTap) {
	return func(t *testing.T, _ *Tree, w *wireTap) {
		if got := w.find(t, "PUT", "/file").URL.Path; got != want {
			t.Errorf("path %s; want %s", got, want)
		}
	}
}

// newObjectsHave checks a header of a file and of an upload in parts, and that links
// have it or not; an empty value is any.
func newObjectsHave(name, value string, links bool) func(*testing.T, *Tree, *wireTap) {
	return func(t *testing.T, _ *Tree, w *wireTap) {
		all := map[string]*http.Request{"a file": w.find(t, "PUT", "/file")}
		if value != "" { // else it is one of bodies, and an upload begins without
			all["a large file"] = w.find(t, "POST", "/large")
		}
		for what, r := range all {
			if got := r.Header.Get(name); got == "" || value != "" && got != value {
				t.Errorf("%s has %s: %q; want %q", what, name, got, value)
			}
		}
		if got := w.find(t, "PUT", "/link").Header.Get(name); (got != "") != links {
			t.Errorf("a link has %s: %q; want one: %v", name, got, links)
		}
	}
}

func newObjectsLack(name string) func(*testing.T, *Tree, *wireTap) {
	return func(t *testing.T, _ *Tree, w *wireTap) {
		if got := w.find(t, "PUT", "/file").Header.Get(name); got != "" {
			t.Errorf("a file has %s: %s", name, got)
		}
	}
}

// noEffect checks a parameter that URLs made for Go CDK may have: everything is sent
// as without it.
func noEffect(t *testing.T, _ *Tree, w *wireTap) {
	r := w.find(t, "PUT", "/file")
	if r.URL.String() != "https://bkt.s3.us-east-1.amazonaws.com/file" || r.Header.Get("X-Amz-Checksum-Crc32") != "" || !strings.Contains(r.Header.Get("Authorization"), "Credential=AK/") {
		t.Errorf("PUT %s with %v", r.URL, r.Header)
	}
}

// TestEachParameterOfAURL checks the effect of each parameter of an s3 URL, and that
// none is left out.
func TestEachParameterOfAURL(t *testing.T) {
	paramEnvironment(t)
	for _, o := range urlOptions {
		if len(paramCases[o.Name]) == 0 {
			t.Errorf("%s has no case", o.Name)
		}
	}
	for name, cases := range paramCases {
		if !slices.ContainsFunc(urlOptions, func(o core.Option) bool { return o.Name == name }) {
			t.Errorf("%s is no parameter", name)
		}
		for _, c := range cases {
			t.Run(c.query, func(t *testing.T) {
				tree, w := openWith(t, c.query)
				works(t, tree, slices.Contains(ofObjects, name))
				c.check(t, tree, w)
			})
		}
	}
}

// paramEnvironment is an environment with credentials, a profile and a service that
// gives those of a role.
func paramEnvironment(t *testing.T) {
	t.Helper()
	sts := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprint(w, `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials><AccessKeyId>ASROLE</AccessKeyId>`+
			`<SecretAccessKey>SK</SecretAccessKey><SessionToken>token</SessionToken><Expiration>2999-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`)
	}))
	t.Cleanup(sts.Close)
	dir := t.TempDir()
	config, creds := filepath.Join(dir, "config"), filepath.Join(dir, "credentials")
	for name, text := range map[string]string{
		config: "[profile other]\nregion = eu-north-1\n", creds: "[other]\naws_access_key_id = AKOTHER\naws_secret_access_key = SK\n",
	} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, value := range map[string]string{
		"AWS_CONFIG_FILE": config, "AWS_SHARED_CREDENTIALS_FILE": creds, "AWS_ENDPOINT_URL": "", "AWS_ENDPOINT_URL_S3": "", "AWS_PROFILE": "",
		"AWS_ENDPOINT_URL_STS": sts.URL, "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "AK", "AWS_SECRET_ACCESS_KEY": "SK", "AWS_SESSION_TOKEN": "",
	} {
		t.Setenv(name, value)
	}
}

// openWith opens the bucket bkt by a URL with this query.
func openWith(t *testing.T, query string) (*Tree, *wireTap) {
	t.Helper()
	if strings.HasPrefix(query, "profile=") { // which the environment's credentials would win over
		for _, name := range []string{"AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} {
			t.Setenv(name, "")
		}
	}
	u, err := url.Parse("s3://bkt?" + query)
	if err != nil {
		t.Fatal(err)
	}
	if err := Scheme.Check(u); err != nil {
		t.Fatal(err)
	}
	o, err := ParseURL(u, core.Env{})
	if err != nil {
		t.Fatal(err)
	}
	w := new(wireTap)
	o.Transport, o.StateDir = w, ""
	tree, err := New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tree.Close() })
	return tree, w
}

// ofObjects are the parameters that are headers of new objects, large ones too.
var ofObjects = []string{paramACL, paramStorageClass, "ssetype", "kmskeyid"}

// works lists the tree, and puts a file, a link and, if asked for, a file that goes up
// in parts, whose upload does not come to its end.
func works(t *testing.T, tree *Tree, parts bool) {
	t.Helper()
	for _, err := range tree.List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
	}
	putFile(t, tree, "file", "content")
	putLink(t, tree, "link", "file")
	if !parts {
		return
	}
	large := bytes.Repeat([]byte("0123456789abcdef"), 17<<16)
	e := core.Entry{Key: "large", Kind: core.File, Size: int64(len(large)), MD5: core.SumMD5(large)}
	if _, err := tree.Put(t.Context(), e, bytes.NewReader(large), nil); err == nil {
		t.Fatal("an upload was completed, and there is no such answer")
	}
}

// TestWrongValuesOfParametersAreRefused checks that the error names the parameter and
// comes before the first request.
func TestWrongValuesOfParametersAreRefused(t *testing.T) {
	paramEnvironment(t)
	for _, query := range []string{
		"flat=x", "link_body=x", "requester_pays=x", "has=x", "lacks=x", "key_encoding=x", "endpoint=x", "use_path_style=x", "s3ForcePathStyle=x",
		"disable_https=x", "accelerate=x", "hostname_immutable=x", "ssetype=x", "awssdk=v1", "dualstack=x", "fips=x", "anonymous=x", "rate_limiter_capacity=x",
		"request_checksum_calculation=x", "response_checksum_validation=x", "bucket=arn:aws:s3:eu-west-1:123456789012:accesspoint",
	} {
		name, _, _ := strings.Cut(query, "=")
		u, err := url.Parse("s3://bkt?" + query)
		if err != nil {
			t.Fatal(err)
		}
		w := new(wireTap)
		o, err := ParseURL(u, core.Env{})
		if err == nil {
			o.Transport, o.StateDir, o.Credentials = w, "", credentials.NewStaticCredentialsProvider("AK", "SK", "")
			var tree *Tree
			if tree, err = New(t.Context(), o); err == nil {
				_ = tree.Close()
			}
		}
		if err == nil || !strings.Contains(err.Error(), name) || len(w.sent) > 0 {
			t.Errorf("%s: %v after %d requests; want an error that names the parameter, after none", query, err, len(w.sent))
		}
	}
}
