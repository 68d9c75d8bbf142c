package s3

import (
	"net/url"
	"strings"
	"testing"

	"github.com/s3fc/s3fc/core"
)

func TestBucketsOfDifferentEndpointsAreDifferentTrees(t *testing.T) {
	t.Setenv("AWS_ENDPOINT_URL", "")
	t.Setenv("AWS_ENDPOINT_URL_S3", "")
	mux := core.NewMux(Scheme)
	within := func(out, in string) string {
		a, err := url.Parse(out)
		if err != nil {
			t.Fatal(err)
		}
		b, err := url.Parse(in)
		if err != nil {
			t.Fatal(err)
		}
		key, _ := mux.Within(a, b)
		return key
	}
	for _, tt := range []struct{ out, in, key string }{
		{"s3://b", "s3://b/x?region=eu-west-1", "x"},
		{"s3://b", "s3://b?endpoint=http://localhost:9000", ""},
		{"s3://b?endpoint=http://localhost:9000/", "s3://b?endpoint=http://LOCALHOST:9000", "."},
	} {
		if got := within(tt.out, tt.in); got != tt.key {
			t.Errorf("%s inside %s: %q, want %q", tt.in, tt.out, got, tt.key)
		}
	}
	t.Setenv("AWS_ENDPOINT_URL", "http://localhost:9000")
	if got := within("s3://b", "s3://b?endpoint=http://localhost:9000"); got != "." {
		t.Errorf("with the endpoint in the environment: %q, want the same tree", got)
	}
}

func TestURLsThatCannotNameABucketAreRefusedBeforeARequest(t *testing.T) {
	mux := core.NewMux(Scheme)
	for raw, want := range map[string]string{
		"s3://":                     "no bucket is named",
		"s3://b/a//b":               "prefix",
		"s3://u:p@b":                "credentials come from the environment",
		"s3://b:80":                 "the host from endpoint=",
		"s3://b?zone=1":             `unknown parameter "zone"`,
		"s3://b?link_body=picture":  "expected page or empty",
		"s3://b?flat=perhaps":       "expected true or false",
		"s3://b?region=a&flat=true": "",
	} {
		u, err := url.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		if err := mux.Check(u); want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("Check(%s) = %v, want %q", raw, err, want)
		}
	}
}

func TestOtherSpellingsOfABucketGetASuggestion(t *testing.T) {
	for arg, want := range map[string]string{
		"arn:aws:s3:::bucket/docs":                         "s3://bucket/docs",
		"s3a://bucket/x":                                   "s3://bucket/x",
		"S3N://bucket":                                     "s3://bucket",
		"https://bucket.s3.amazonaws.com/docs":             "s3://bucket/docs",
		"https://bucket.s3.eu-west-1.amazonaws.com":        "s3://bucket",
		"http://bucket.s3-website-us-east-1.amazonaws.com": "s3://bucket",
		"https://s3.amazonaws.com/bucket/docs/":            "s3://bucket/docs",
		"https://s3.eu-west-1.amazonaws.com/bucket":        "s3://bucket",
		"https://example.com/bucket":                       "",
		"https://s3.amazonaws.com/":                        "",
		"arn:aws:iam::1:role/x":                            "",
	} {
		if got, ok := suggest(arg); got != want || ok != (want != "") {
			t.Errorf("suggest(%q) = %q, %v; want %q", arg, got, ok, want)
		}
	}
}

func TestAnEndpointThatIsNoURLIsRefused(t *testing.T) {
	t.Setenv("AWS_ENDPOINT_URL", "")
	t.Setenv("AWS_ENDPOINT_URL_S3", "")
	mux := core.NewMux(Scheme)
	check := func(raw string) error {
		u, err := url.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		return mux.Check(u)
	}
	for _, ok := range []string{"s3://b", "s3://b?endpoint=http://localhost:9000", "s3://b?endpoint=https://s3.example.net/"} {
		if err := check(ok); err != nil {
			t.Errorf("%s: %v", ok, err)
		}
	}
	for _, bad := range []string{"localhost:9000", "s3.example.net", "ftp://x", "http://", "/x"} {
		if err := check("s3://b?endpoint=" + url.QueryEscape(bad)); err == nil || !strings.Contains(err.Error(), "endpoint="+bad) {
			t.Errorf("endpoint=%s: %v, want an error that shows it", bad, err)
		}
		t.Setenv("AWS_ENDPOINT_URL", bad)
		if err := check("s3://b"); err == nil || !strings.Contains(err.Error(), "AWS_ENDPOINT_URL="+bad) {
			t.Errorf("AWS_ENDPOINT_URL=%s: %v, want an error that names the variable", bad, err)
		}
		if err := check("s3://b?endpoint=http://h"); err != nil {
			t.Errorf("an endpoint of the URL comes first: %v", err)
		}
		t.Setenv("AWS_ENDPOINT_URL", "")
	}
}

func TestPricesFollowTheEndpoint(t *testing.T) {
	t.Setenv("AWS_ENDPOINT_URL", "")
	t.Setenv("AWS_ENDPOINT_URL_S3", "")
	t.Setenv("AWS_CONFIG_FILE", "/nonexistent")
	for endpoint, want := range map[string]struct {
		store string
		known bool
	}{
		"":                                   {"AWS S3 Standard", true},
		"https://x.r2.cloudflarestorage.com": {"Cloudflare R2", true},
		"https://minio.example.com":          {"", false},
		"http://127.0.0.1:9000":              {"", true},
		"http://localhost:9000":              {"", true},
	} {
		params := url.Values{"region": {"us-east-1"}, "anonymous": {"true"}}
		if endpoint != "" {
			params.Set("endpoint", endpoint)
		}
		tree, err := New(t.Context(), Options{Bucket: "b", Params: params})
		if err != nil {
			t.Fatal(err)
		}
		p, known := tree.Prices()
		if known != want.known || (p != nil) != (want.store != "") || p != nil && !strings.HasPrefix(p.Store, want.store) {
			t.Errorf("at %q: %v, %v; want %+v", endpoint, p, known, want)
		}
		if err := tree.Close(); err != nil {
			t.Error(err)
		}
	}
}
