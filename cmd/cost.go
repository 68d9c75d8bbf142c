package cmd

import (
	"fmt"
	"strings"

	"github.com/s3fc/s3fc"
)

// costText returns "≈ $0.0123", or "" if the cost is not known.
func costText(e s3fc.Estimate) string {
	switch {
	case !e.Known:
		return ""
	case e.Dollars == 0:
		return "free"
	case e.Dollars < 0.0001:
		return "< $0.0001"
	case e.Dollars < 1:
		return fmt.Sprintf("≈ $%.4f", e.Dollars)
	}
	return fmt.Sprintf("≈ $%.2f", e.Dollars)
}

// costSource names the price lists.
func costSource(e s3fc.Estimate) string {
	var names []string
	for _, p := range e.Prices {
		names = append(names, fmt.Sprintf("%s, %s", p.Store, p.Date))
	}
	return strings.Join(names, "; ")
}
