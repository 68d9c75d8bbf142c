package core

import (
	"errors"
	"fmt"
	"net/url"
	"path"
	"strings"
)

// Dir says whether a target is known to be a directory.
type Dir uint8

const (
	// DirUnknown: nothing is known, as for a dangling link.
	DirUnknown Dir = iota
	// IsDir: the target is a real directory, not a link to one.
	IsDir
	// NotDir: the target is something else.
	NotDir
)

var dirNames = [...]string{DirUnknown: "", IsDir: "dir", NotDir: "nodir"}

// String returns "", "dir" or "nodir".
func (d Dir) String() string {
	if int(d) < len(dirNames) {
		return dirNames[d]
	}
	return fmt.Sprintf("dir(%d)", uint8(d))
}

// MarshalText implements [encoding.TextMarshaler].
func (d Dir) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (d *Dir) UnmarshalText(text []byte) error {
	for i, name := range dirNames {
		if name == string(text) {
			*d = Dir(i)
			return nil
		}
	}
	return fmt.Errorf("unknown kind of target %q", text)
}

// A Target is where a link points: a key of the same tree, or a URL.
type Target struct {
	// Key is a key of the link's own tree, "." for its root, or empty if the
	// link points to a URL.
	Key string `json:"key,omitempty"`
	// Dir says whether Key is known to be a real directory.
	Dir Dir `json:"dir,omitzero"`
	// URL is an absolute http or https URL, or empty.
	URL string `json:"url,omitempty"`
}

// Same reports whether two targets name the same thing; Dir does not matter.
func (t Target) Same(u Target) bool { return t.Key == u.Key && t.URL == u.URL }

// String returns the URL, or the key, with a final slash if it is known to be
// a directory.
func (t Target) String() string {
	switch {
	case t.URL != "":
		return t.URL
	case t.Dir == IsDir && t.Key != ".":
		return t.Key + "/"
	}
	return t.Key
}

// Check returns an error if t is no valid target: exactly one of a key, which is
// valid or ".", and an absolute http or https URL with a host.
func (t Target) Check() error {
	switch {
	case t.Key != "" && t.URL != "":
		return errors.New("the target is both a key and a URL")
	case t.URL != "":
		return CheckURL(t.URL)
	case t.Key == ".":
		return nil
	case t.Key == "":
		return errors.New("the link has no target")
	}
	if err := CheckKey(t.Key); err != nil {
		return fmt.Errorf("target: %w", err)
	}
	return nil
}

// CheckURL returns an error if s cannot be the target of a link: it must be an
// absolute http or https URL with a host, in printable ASCII.
func CheckURL(s string) error {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return fmt.Errorf("the URL has a byte %#x that must be percent-encoded", s[i])
		}
	}
	u, err := url.Parse(s)
	if err != nil {
		return err
	}
	if (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return errors.New("the URL is not an absolute http or https URL")
	}
	return nil
}

// Rel returns the shortest relative link text that, in a link at key, names
// target, which is a valid key or "." for the root.
func Rel(key, target string) string {
	var from, to []string
	if dir := path.Dir(key); dir != "." {
		from = strings.Split(dir, "/")
	}
	if target != "." {
		to = strings.Split(target, "/")
	}
	n := 0
	for n < len(from) && n < len(to) && from[n] == to[n] {
		n++
	}
	out := make([]string, 0, len(from)-n+len(to)-n)
	for range from[n:] {
		out = append(out, "..")
	}
	out = append(out, to[n:]...)
	if len(out) == 0 {
		return "."
	}
	return strings.Join(out, "/")
}
