package cmd

import (
	"testing"

	"github.com/s3fc/s3fc"
)

func TestCostInWords(t *testing.T) {
	for dollars, want := range map[float64]string{0: "free", 0.00001: "< $0.0001", 0.00014: "≈ $0.0001", 0.5: "≈ $0.5000", 12.345: "≈ $12.35"} {
		if got := costText(s3fc.Estimate{Dollars: dollars, Known: true}); got != want {
			t.Errorf("%v is %q, want %q", dollars, got, want)
		}
	}
}
