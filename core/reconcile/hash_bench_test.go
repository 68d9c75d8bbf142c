package reconcile

import (
	"bytes"
	"testing"
)

// BenchmarkHash hashes 64 MiB as a whole, and side by side in parts.
func BenchmarkHash(b *testing.B) {
	content := make([]byte, 64<<20)
	for name, sizes := range map[string][]int64{"whole": nil, "parts": {8 << 20}} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(content)))
			for b.Loop() {
				if _, err := hashBody(b.Context(), bytes.NewReader(content), int64(len(content)), sizes); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
