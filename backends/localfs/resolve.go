package localfs

import (
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/s3fc/s3fc/core"
)

// A resolver walks the way that a link's text describes, as the file system
// does, without ever looking at anything outside the tree.
type resolver struct {
	t    *Tree
	text string // of the link that is asked about
	hops int    // links passed so far

	rest []string // what is still to be walked
	at   []string // where the walk is, in real directories, below the root
	lost bool     // something was not there: from here on only the text counts
	// out is where the walk is when it has left the tree. As long as it keeps
	// to the path of the root, which has no links, it may come back.
	out     []string
	outside bool
}

// resolve returns the key of what the link at key with this text names, "."
// for the root; the last hop is not taken.
func (r *resolver) resolve(key, text string) (string, error) {
	r.at, r.rest, r.outside, r.lost = nil, nil, false, false
	if dir := path.Dir(key); dir != "." {
		r.at = strings.Split(dir, "/")
	}
	if text == "" {
		return "", refuse("the link has no text")
	}
	r.jump(text)
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

// jump puts the text of a link before what is still to be walked.
func (r *resolver) jump(text string) {
	if filepath.IsAbs(filepath.FromSlash(text)) {
		text = r.fromRoot(text)
	}
	parts := slices.DeleteFunc(strings.Split(text, "/"), func(s string) bool { return s == "" || s == "." })
	r.rest = slices.Concat(parts, r.rest)
}

// fromRoot begins the walk of an absolute text: at the tree's root if it is
// named as the user named it, else at the root of the file system. It returns
// what remains to be walked.
func (r *resolver) fromRoot(text string) string {
	r.at = nil
	given := filepath.ToSlash(r.t.given)
	if rest, ok := strings.CutPrefix(text, given); ok && (rest == "" || rest[0] == '/') {
		r.outside = false
		return rest
	}
	r.out, r.outside = nil, len(r.t.real) > 0
	return text
}

func (r *resolver) step(seg string) error {
	switch {
	case seg == "..":
		r.up()
	case r.outside:
		return r.down(seg)
	case r.lost || len(r.rest) == 0:
		r.at = append(r.at, seg)
	default:
		return r.pass(seg)
	}
	return nil
}

// up takes one step towards the root, and out of the tree.
func (r *resolver) up() {
	switch {
	case !r.outside && len(r.at) > 0:
		r.at = r.at[:len(r.at)-1]
	case !r.outside && len(r.t.real) > 0:
		r.outside = true
		r.out = slices.Clone(r.t.real[:len(r.t.real)-1])
	case len(r.out) > 0:
		r.out = r.out[:len(r.out)-1]
	}
}

// down takes a step outside the tree, which must be one back to its root.
func (r *resolver) down(seg string) error {
	if seg != r.t.real[len(r.out)] {
		return r.leaves()
	}
	r.out = append(r.out, seg)
	if len(r.out) == len(r.t.real) {
		r.outside, r.at = false, nil
	}
	return nil
}

func (r *resolver) leaves() error {
	return refuse("the link points outside the tree, to %s", core.DisplayKey(r.text))
}

// pass takes a step through something on the way: a directory is entered, a
// link is followed, and anything else ends what the file system can tell.
func (r *resolver) pass(seg string) error {
	key := strings.Join(append(slices.Clip(r.at), seg), "/")
	info, err := r.t.lstatKey(key)
	switch {
	case unknowable(err) || err == nil && !info.mode.IsDir() && info.mode&fs.ModeSymlink == 0:
		r.lost = true
	case err != nil:
		return err
	case info.mode&fs.ModeSymlink != 0:
		return r.hop(key)
	}
	r.at = append(r.at, seg)
	return nil
}

// hop follows the link at key, which is on the way.
func (r *resolver) hop(key string) error {
	if r.hops++; r.hops > maxHops {
		return errTooMany
	}
	text, err := r.t.readlinkKey(key)
	if err == nil {
		r.jump(text)
	}
	return err
}
