package format

import (
	"strconv"
	"strings"
	"time"
)

// WholeSeconds returns a time as all answers tell it: listings of some stores
// have fractions of a second, and no header has. Nil is the zero time.
func WholeSeconds(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Second)
}

// formatTime returns t as decimal seconds since 1970, exact to the nanosecond.
func formatTime(t time.Time) string {
	sec, ns := t.Unix(), int64(t.Nanosecond())
	sign := ""
	if sec < 0 {
		sign = "-"
		sec, ns = -sec, -ns
		if ns < 0 {
			sec, ns = sec-1, ns+1e9
		}
	}
	s := sign + strconv.FormatInt(sec, 10)
	if ns == 0 {
		return s
	}
	frac := strconv.FormatInt(1e9+ns, 10)[1:]
	return s + "." + strings.TrimRight(frac, "0")
}

// parseTime reads decimal seconds since 1970 without the rounding of a float.
func parseTime(s string) (time.Time, bool) {
	whole, frac, _ := strings.Cut(s, ".")
	digits, negative := strings.CutPrefix(whole, "-")
	if !allDigits(digits) || len(digits) > 11 || (frac != "" && !allDigits(frac)) {
		return time.Time{}, false
	}
	sec, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return time.Time{}, false
	}
	ns, err := strconv.ParseInt((frac + "000000000")[:9], 10, 64)
	if err != nil {
		return time.Time{}, false
	}
	if negative {
		sec, ns = -sec, -ns
	}
	return time.Unix(sec, ns), true
}

func allDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}
