package localfs

import (
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/s3fc/s3fc/core"
)

// A resolver finds the key that the text of a link names, as the file system
// does, without a system call on anything outside the tree.
type resolver struct {
	dirs *dirs
	text string   // of the link that is asked about
	root []string // the segments of the root's path, without links
	hops int      // links followed so far

	rest    []string // segments still to be resolved
	at      []string // resolved segments, below the root
	lexical bool     // a segment does not exist: the rest is resolved by its text
	// outside says that the path has left the tree; out is where it is then. It
	// may come back as long as it stays on the way to the root.
	outside bool
	out     []string
}

// resolve returns the key that the link at key with this text names, "." for the
// root. It does not follow a link in the last segment.
func (r *resolver) resolve(key, text string) (string, error) {
	r.at, r.rest, r.outside, r.lexical = nil, nil, false, false
	if dir := path.Dir(key); dir != "." {
		r.at = strings.Split(dir, "/")
	}
	if text == "" {
		return "", refuse("the link has no text")
	}
	r.prepend(text)
	for len(r.rest) > 0 {
		seg := r.rest[0]
		r.rest = r.rest[1:]
		if err := r.step(seg); err != nil {
			return "", err
		}
	}
	if r.outside {
		return "", r.leaves()
	}
	if len(r.at) == 0 {
		return ".", nil
	}
	return strings.Join(r.at, "/"), nil
}

// prepend puts the segments of a link's text before those still to be resolved.
func (r *resolver) prepend(text string) {
	if filepath.IsAbs(filepath.FromSlash(text)) {
		text = r.fromRoot(text)
	}
	parts := slices.DeleteFunc(segments(text), func(s string) bool { return s == "." })
	r.rest = slices.Concat(parts, r.rest)
}

// fromRoot moves to where an absolute text begins: the tree's root if the text
// begins with its path as the user spelled it, else the root of the file system.
// It returns the text that remains.
func (r *resolver) fromRoot(text string) string {
	r.at = nil
	given := filepath.ToSlash(r.dirs.root.given)
	if rest, ok := strings.CutPrefix(text, given); ok && (rest == "" || rest[0] == '/') {
		r.outside = false
		return rest
	}
	r.out, r.outside = nil, len(r.root) > 0
	return text
}

// step resolves one segment.
func (r *resolver) step(seg string) error {
	switch {
	case seg == "..":
		r.up()
	case r.outside:
		return r.down(seg)
	case r.lexical || len(r.rest) == 0:
		r.at = append(r.at, seg)
	default:
		return r.enter(seg)
	}
	return nil
}

// up moves to the parent directory, which may be outside the tree.
func (r *resolver) up() {
	switch {
	case !r.outside && len(r.at) > 0:
		r.at = r.at[:len(r.at)-1]
	case !r.outside && len(r.root) > 0:
		r.outside = true
		r.out = slices.Clone(r.root[:len(r.root)-1])
	case len(r.out) > 0:
		r.out = r.out[:len(r.out)-1]
	}
}

// down resolves a segment outside the tree, which must lead towards its root.
func (r *resolver) down(seg string) error {
	if seg != r.root[len(r.out)] {
		return r.leaves()
	}
	r.out = append(r.out, seg)
	if len(r.out) == len(r.root) {
		r.outside, r.at = false, nil
	}
	return nil
}

func (r *resolver) leaves() error {
	return refuse("the link points outside the tree, to %s", core.DisplayKey(r.text))
}

// enter resolves a segment that others follow: it enters a directory and follows
// a link. Below anything else, only the text counts.
func (r *resolver) enter(seg string) error {
	key := strings.Join(append(slices.Clip(r.at), seg), "/")
	info, err := r.dirs.lstat(key)
	switch {
	case unknowable(err) || err == nil && !info.mode.IsDir() && info.mode&fs.ModeSymlink == 0:
		r.lexical = true
	case err != nil:
		return err
	case info.mode&fs.ModeSymlink != 0:
		return r.hop(key)
	}
	r.at = append(r.at, seg)
	return nil
}

// hop follows the link at key.
func (r *resolver) hop(key string) error {
	if r.hops++; r.hops > maxHops {
		return errTooMany
	}
	text, err := r.dirs.readlink(key)
	if err == nil {
		r.prepend(text)
	}
	return err
}
