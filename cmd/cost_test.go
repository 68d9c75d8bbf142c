package cmd

import (
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/s3fc/s3fc/backends/memory"
	"github.com/s3fc/s3fc/core"
)

// metered is a tree that has sent requests.
type metered struct {
	core.Backend
	sent core.Requests
}

func (m *metered) Requests() core.Requests { return m.sent }

// told is one that knows its endpoint.
type told struct {
	metered
	endpoint string
}

func (m *told) Endpoint() string { return m.endpoint }

func TestCostIsKnownOnlyWherePricesAre(t *testing.T) {
	t.Setenv("AWS_ENDPOINT_URL", "")
	t.Setenv("AWS_ENDPOINT_URL_S3", "")
	puts := &metered{memory.New(), core.Requests{core.ClassPut: 1000}}
	none := &metered{Backend: memory.New()}
	plain := memory.New()
	for _, tt := range []struct {
		name     string
		src, dst string
		from, to core.Backend
		known    bool
		dollars  float64
	}{
		{"a push", "file:///a", "s3://b", plain, puts, true, 0.005},
		{"between two buckets", "s3://a", "s3://b", puts, &metered{memory.New(), core.Requests{core.ClassGet: 1000}}, true, 0.0054},
		{"to a store of one's own", "file:///a", "s3://b?endpoint=https://minio.example.com", plain, puts, false, 0},
		{"to this machine", "file:///a", "s3://b?endpoint=http://127.0.0.1:9000", plain, puts, false, 0},
		{"to this machine, from one that is priced", "s3://a", "embedded://b", puts, puts, true, 0.005},
		{"nothing sent", "file:///a", "s3://b", plain, none, false, 0},
		{"a store nobody knows", "file:///a", "gs://b", plain, puts, false, 0},
		{"one that knows better", "file:///a", "s3://b", plain, &told{*puts, "https://x.r2.cloudflarestorage.com"}, true, 0.0045},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := &run{compare: new(compare), src: at(t, tt.src), dst: at(t, tt.dst), from: tt.from, to: tt.to}
			var out outcome
			r.account(&out)
			if out.Cost.known != tt.known || math.Abs(out.Cost.dollars-tt.dollars) > 1e-9 {
				t.Errorf("cost %v %v, want %v %v", out.Cost.known, out.Cost.dollars, tt.known, tt.dollars)
			}
		})
	}
}

func TestOneTreeIsCountedOnce(t *testing.T) {
	both := &metered{memory.New(), core.Requests{core.ClassList: 2}}
	r := &run{compare: new(compare), src: at(t, "s3://a"), dst: at(t, "s3://b"), from: both, to: both}
	var out outcome
	r.account(&out)
	if got := out.Requests[core.ClassList]; got != 2 {
		t.Errorf("%d LIST, want 2", got)
	}
}

func TestPricesOfOnesOwn(t *testing.T) {
	name := filepath.Join(t.TempDir(), "prices.json")
	if err := os.WriteFile(name, []byte(`{"store": "mine", "date": "2026-01-01", "per_1000": {"PUT": 7}}`), 0o644); err != nil {
		t.Fatal(err)
	}
	var l limits
	if err := l.prices.Set(name); err != nil {
		t.Fatal(err)
	}
	got := cost(l.bill(at(t, "s3://b?endpoint=http://127.0.0.1:1"), &metered{memory.New(), core.Requests{core.ClassPut: 1000}}))
	if !got.known || got.dollars != 7 {
		t.Errorf("cost %v, want $7", got)
	}
}

func TestCostInWords(t *testing.T) {
	for dollars, want := range map[float64]string{0: "free", 0.00001: "< $0.0001", 0.00014: "≈ $0.0001", 0.5: "≈ $0.5000", 12.345: "≈ $12.35"} {
		if got := (estimate{dollars: dollars, known: true}).String(); got != want {
			t.Errorf("%v is %q, want %q", dollars, got, want)
		}
	}
}
