package reconcile

import (
	"bytes"
	"testing"
	"time"
)

// BenchmarkHash hashes 64 MiB by turns as a whole, as a whole and in parts, and in
// parts side by side. It reports how many times as long as the first the others take.
func BenchmarkHash(b *testing.B) {
	content := make([]byte, 64<<20)
	size := int64(len(content))
	timed := func(hash func() error) time.Duration {
		begin := time.Now()
		if err := hash(); err != nil {
			b.Fatal(err)
		}
		return time.Since(begin)
	}
	body := func(sizes ...int64) func() error {
		return func() error {
			_, err := hashBody(b.Context(), bytes.NewReader(content), size, sizes)
			return err
		}
	}
	var whole, both, parts time.Duration
	for b.Loop() {
		whole += timed(body())
		both += timed(body(sideBySidePart))
		parts += timed(func() error {
			_, err := hashSideBySide(b.Context(), bytes.NewReader(content), size, sideBySidePart, func(int) {})
			return err
		})
	}
	b.ReportMetric(float64(both)/float64(whole), "both/whole")
	b.ReportMetric(float64(parts)/float64(whole), "side-by-side/whole")
}
