package s3

import (
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"github.com/s3fc/s3fc/core"
)

// The names of user metadata, without x-amz-meta-. Names compare without
// regard to case; the SDK hands them out in lower case.
const (
	metaMD5    = "md5"         // hex, on each file
	metaMTime  = "mtime"       // decimal seconds, as rclone has it
	metaTarget = "link-target" // the redirect once more, as it was sent
	metaRclone = "md5chksum"   // base64 (rclone) or hex (hugo)
	metaS3cmd  = "s3cmd-attrs" // k:v joined by slashes
)

// maxTargetMeta is the longest redirect in bytes that is repeated in metadata,
// of which an object can have 2 KB.
const maxTargetMeta = 1024

// fileMeta is the metadata that a file is stored with.
func fileMeta(e core.Entry) map[string]string {
	m := make(map[string]string, 2)
	if e.MD5.Known() {
		m[metaMD5] = e.MD5.String()
	}
	if !e.ModTime.IsZero() {
		m[metaMTime] = formatTime(e.ModTime)
	}
	return m
}

// metaSum returns the md5 that metadata claims.
func metaSum(meta map[string]string) core.MD5 {
	if sum, ok := core.ParseMD5(meta[metaMD5]); ok {
		return sum
	}
	if sum := parseSum(meta[metaRclone]); sum.Known() {
		return sum
	}
	sum, _ := core.ParseMD5(s3cmdAttr(meta, "md5"))
	return sum
}

// parseSum reads an md5 in hex or in base64.
func parseSum(s string) core.MD5 {
	if sum, ok := core.ParseMD5(s); ok {
		return sum
	}
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil || len(b) != 16 {
		return core.MD5{}
	}
	return core.MD5Of([16]byte(b))
}

// metaTime returns the modification time that metadata has, or the zero time.
func metaTime(meta map[string]string) time.Time {
	if t, ok := parseTime(meta[metaMTime]); ok {
		return t
	}
	t, _ := parseTime(s3cmdAttr(meta, "mtime"))
	return t
}

func s3cmdAttr(meta map[string]string, name string) string {
	for attr := range strings.SplitSeq(meta[metaS3cmd], "/") {
		if v, ok := strings.CutPrefix(attr, name+":"); ok {
			return v
		}
	}
	return ""
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
