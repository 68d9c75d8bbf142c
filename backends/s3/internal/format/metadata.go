package format

import (
	"encoding/base64"
	"maps"
	"strings"
	"time"

	"github.com/s3fc/s3fc/core"
)

// The names of user metadata, without x-amz-meta-. Names compare without
// regard to case; the SDK hands them out in lower case.
const (
	MetaMD5     = "md5"         // of each file, in hex
	MetaModTime = "mtime"       // decimal seconds, as rclone writes them
	MetaTarget  = "link-target" // the redirect of a link once more
	MetaRclone  = "md5chksum"   // base64 (rclone) or hex (hugo)
	MetaS3cmd   = "s3cmd-attrs" // k:v joined by slashes
)

// MaxMetaTarget is the longest redirect in bytes that metadata repeats. An
// object can have 2 KB of metadata.
const MaxMetaTarget = 1024

// FileMetadata returns the metadata with which a file is stored.
func FileMetadata(e core.Entry) map[string]string {
	m := make(map[string]string, 2)
	if e.MD5.Known() {
		m[MetaMD5] = e.MD5.String()
	}
	if !e.ModTime.IsZero() {
		m[MetaModTime] = formatTime(e.ModTime)
	}
	return m
}

// MetadataMD5 returns the md5 in the metadata of an object, ours first; not known
// if there is none.
func MetadataMD5(meta map[string]string) core.MD5 {
	if sum, ok := core.ParseMD5(meta[MetaMD5]); ok {
		return sum
	}
	if sum := parseSum(meta[MetaRclone]); sum.Known() {
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

// MetadataTime returns the modification time in metadata, or the zero time.
func MetadataTime(meta map[string]string) time.Time {
	if t, ok := parseTime(meta[MetaModTime]); ok {
		return t
	}
	t, _ := parseTime(s3cmdAttr(meta, "mtime"))
	return t
}

func s3cmdAttr(meta map[string]string, name string) string {
	for attr := range strings.SplitSeq(meta[MetaS3cmd], "/") {
		if v, ok := strings.CutPrefix(attr, name+":"); ok {
			return v
		}
	}
	return ""
}

// A Claim is an md5 in the metadata of an object.
type Claim struct {
	Name, Text string   // of the metadata
	MD5        core.MD5 // not known if Text is no md5
}

// Claims returns each md5 in metadata, whichever tool wrote it.
func Claims(meta map[string]string) []Claim {
	var all []Claim
	for _, name := range []string{MetaMD5, MetaRclone} {
		if text := meta[name]; text != "" {
			all = append(all, Claim{name, text, parseSum(text)})
		}
	}
	if text := s3cmdAttr(meta, "md5"); text != "" {
		all = append(all, Claim{MetaS3cmd, text, parseSum(text)})
	}
	return all
}

// RepairedMetadata returns metadata in which each md5 is that of e, and the
// modification time is that of e if it is known. All else is copied.
func RepairedMetadata(meta map[string]string, e core.Entry) map[string]string {
	m := maps.Clone(meta)
	if e.Kind != core.File {
		return m
	}
	if m == nil {
		m = make(map[string]string, 2)
	}
	maps.Copy(m, FileMetadata(e))
	if m[MetaRclone] != "" {
		m[MetaRclone] = e.MD5.Base64()
	}
	if old := s3cmdAttr(m, "md5"); old != "" {
		m[MetaS3cmd] = replaceAttr(m[MetaS3cmd], "md5", e.MD5.String())
	}
	return m
}

// replaceAttr changes one of s3cmd's attributes.
func replaceAttr(attrs, name, value string) string {
	parts := strings.Split(attrs, "/")
	for i, p := range parts {
		if strings.HasPrefix(p, name+":") {
			parts[i] = name + ":" + value
		}
	}
	return strings.Join(parts, "/")
}
