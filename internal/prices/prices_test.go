package prices

import (
	"math"
	"strings"
	"testing"

	"github.com/s3fc/s3fc/core"
)

func TestForKnowsAStoreByItsHost(t *testing.T) {
	for _, tt := range []struct{ host, bucket, want string }{
		{"", "b", "AWS S3 Standard"},
		{"", "b--use1-az4--x-s3", "Express"},
		{"s3.eu-west-1.amazonaws.com", "b", "AWS S3 Standard"},
		{"S3.AMAZONAWS.COM:443", "b", "AWS S3 Standard"},
		{"abc.r2.cloudflarestorage.com", "b--x-s3", "R2"},
		{"storage.googleapis.com", "b", "Google"},
		{"s3.us-west-004.backblazeb2.com", "b", "B2"},
		{"s3.wasabisys.com", "b", "Wasabi"},
		{"notamazonaws.com", "b", ""},
		{"minio.example.com:9000", "b", ""},
		{"127.0.0.1:9000", "b", ""},
	} {
		got := For(tt.host, tt.bucket)
		switch {
		case got == nil && tt.want != "", got != nil && tt.want == "":
			t.Errorf("For(%q, %q) = %v, want %q", tt.host, tt.bucket, got, tt.want)
		case got != nil && (!strings.Contains(got.Store, tt.want) || got.Date == ""):
			t.Errorf("For(%q, %q) = %q of %q, want %q", tt.host, tt.bucket, got.Store, got.Date, tt.want)
		}
	}
}

func TestCost(t *testing.T) {
	r := core.Requests{core.ClassList: 1000, core.ClassPut: 2000, core.ClassGet: 1000, core.ClassHead: 1000, core.ClassCopy: 1000, core.ClassDelete: 1e6}
	for _, tt := range []struct {
		host string
		want float64
	}{
		{"", 0.005 + 0.010 + 0.0004 + 0.0004 + 0.005},
		{"x.r2.cloudflarestorage.com", 4*0.0045 + 2*0.00036},
		{"s3.backblazeb2.com", 2*0.004 + 2*0.0004},
		{"s3.wasabisys.com", 0},
	} {
		if got := For(tt.host, "b").Cost(r); math.Abs(got-tt.want) > 1e-12 {
			t.Errorf("Cost at %q = %v, want %v", tt.host, got, tt.want)
		}
	}
}

func TestLocal(t *testing.T) {
	for host, want := range map[string]bool{
		"127.0.0.1:9000": true, "127.0.0.1": true, "localhost:80": true, "[::1]:80": true, "[::1]": true, "web.localhost": true,
		"": false, "10.0.0.1": false, "example.com:80": false, "notlocalhost": false,
	} {
		if got := Local(host); got != want {
			t.Errorf("Local(%q) = %v, want %v", host, got, want)
		}
	}
}

func TestParse(t *testing.T) {
	table, err := Parse([]byte(`{"store": "mine", "date": "2026-01-01", "per_1000": {"PUT": 2}}`))
	if err != nil {
		t.Fatal(err)
	}
	if got := table.Cost(core.Requests{core.ClassPut: 500, core.ClassGet: 5}); got != 1 {
		t.Errorf("Cost = %v, want 1", got)
	}
	for text, want := range map[string]string{
		`nonsense`:                     "expected JSON",
		`{}`:                           "per_1000",
		`{"per_1000": {"put": 1}}`:     `"put"`,
		`{"per_1000": {"PUT": -1}}`:    "negative",
		`{"per_1000": {"PUT": "0.1"}}`: "expected JSON",
	} {
		if _, err := Parse([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Parse(%s) = %v, want an error with %q", text, err, want)
		}
	}
}
