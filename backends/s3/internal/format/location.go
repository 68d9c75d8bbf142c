// Package format is how files and links are written in a bucket, and how they are
// recognised: redirects and link pages, user metadata, ETags, and the sizes of
// parts. It sends nothing and knows no SDK. The bytes of link pages and the rule
// for part sizes are frozen: stored objects are recognised by them.
package format

import (
	"errors"
	"fmt"
	"strings"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/kit"
)

// MaxLocation is the longest redirect, in encoded bytes, that is written. S3
// counts all system metadata of an object into 2 KB.
const MaxLocation = 1900

// Location returns the redirect to t in a bucket where the tree has this prefix,
// which is empty or ends with a slash. It is the inverse of [ParseLocation].
func Location(prefix string, t core.Target) string { return kit.Location(prefix, t) }

// EscapePath encodes each byte outside A-Za-z0-9-._~/ as %XX.
func EscapePath(s string) string { return kit.EscapePath(s) }

// ParseLocation returns the target of a redirect in a tree with this prefix. The
// error tells a person why the redirect cannot be copied as a link.
func ParseLocation(prefix, location string) (core.Target, error) {
	switch {
	case location == "":
		return core.Target{}, errors.New("its redirect is empty")
	case strings.HasPrefix(location, "//"):
		return core.Target{}, fmt.Errorf("its redirect %q names a host without a scheme", location)
	case location[0] == '/':
		return parsePath(prefix, location)
	case hasScheme(location, "http://") || hasScheme(location, "https://"):
		if err := core.CheckURL(location); err != nil {
			return core.Target{}, fmt.Errorf("its redirect %q: %w", location, err)
		}
		return core.Target{URL: location}, nil
	}
	return core.Target{}, fmt.Errorf("its redirect %q is neither a path nor an http or https URL", location)
}

func hasScheme(s, scheme string) bool {
	return len(s) >= len(scheme) && strings.EqualFold(s[:len(scheme)], scheme)
}

func parsePath(prefix, location string) (core.Target, error) {
	if strings.ContainsAny(location, "?#") {
		return core.Target{}, fmt.Errorf("its redirect %q has a query or a fragment, which no link to a file can have", location)
	}
	path := unescapePath(location[1:])
	dir := core.NotDir
	if p, ok := strings.CutSuffix(path, "/"); ok {
		path, dir = p, core.IsDir
	}
	if path == strings.TrimSuffix(prefix, "/") {
		if path == "" {
			dir = core.IsDir
		}
		return core.Target{Key: ".", Dir: dir}, nil
	}
	key, ok := strings.CutPrefix(path, prefix)
	if !ok {
		return core.Target{}, fmt.Errorf("its redirect %q leads out of the tree, which is /%s", location, prefix)
	}
	if err := core.CheckKey(key); err != nil {
		return core.Target{}, fmt.Errorf("its redirect %q: %w", location, err)
	}
	return core.Target{Key: key, Dir: dir}, nil
}

// unescapePath decodes %XX once. Invalid encoding stays as it is: some tools
// write percent signs, spaces and UTF-8 without encoding them.
func unescapePath(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]) {
			b = append(b, unhex(s[i+1])<<4|unhex(s[i+2]))
			i += 2
		} else {
			b = append(b, s[i])
		}
	}
	return string(b)
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func unhex(c byte) byte {
	switch {
	case c <= '9':
		return c - '0'
	case c <= 'F':
		return c - 'A' + 10
	}
	return c - 'a' + 10
}
