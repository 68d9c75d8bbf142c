package kit

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/s3fc/s3fc/core"
)

// maxHops is how many links a path may lead through, as on Linux.
const maxHops = 40

// A LinkReader is asked for the things of a tree, by key. Its errors are
// [fs.ErrNotExist] and [fs.ErrPermission] where they fit; a key below a file is
// not there.
type LinkReader interface {
	// Lstat returns the mode of the thing at key, not of the thing that a link
	// there leads to.
	Lstat(key string) (fs.FileMode, error)
	// Readlink returns the text of the link at key.
	Readlink(key string) (string, error)
}

// Surroundings is asked for the things outside a tree, by absolute path.
type Surroundings interface {
	// Lstat returns the mode of the thing at path, not of the thing that a link
	// there leads to, and whether it is the directory that the tree is in.
	Lstat(path string) (mode fs.FileMode, isRoot bool, err error)
	// Readlink returns the text of the link at path.
	Readlink(path string) (string, error)
}

// A Resolver finds the target of a symbolic link as a file system does: a link
// to a directory on the way is followed, ".." after it is the parent of its
// target, and below something that is not there only the text counts. The last
// link is not followed, so a chain of links stays a chain.
//
// It is a value without state; a Resolver may be copied and used concurrently.
type Resolver struct {
	Tree LinkReader
	// Root is the absolute path of the directory that the tree is in, with
	// slashes and without links on the way. If it is empty, every absolute text
	// and every ".." above the root leaves the tree.
	Root string
	// World resolves paths that leave the tree, which may lead back to it through
	// other links. If it is nil, only a path by the segments of Root does.
	World Surroundings
}

// A Refusal is the reason why a link cannot be copied. Other errors of a
// [Resolver] say that its target could not be found out. It is
// [core.ErrUnsupportedLink].
type Refusal string

// Error returns the reason.
func (r Refusal) Error() string { return string(r) }

// Is reports whether err is [core.ErrUnsupportedLink].
func (r Refusal) Is(err error) bool { return err == core.ErrUnsupportedLink } //nolint:errorlint // errors.Is asks for it.

func refuse(format string, args ...any) error { return Refusal(fmt.Sprintf(format, args...)) }

var (
	errRing    = refuse("the link ends in a ring of links")
	errTooMany = refuse("the link passes through more than %d links", maxHops)
)

// Target returns the target of the link at key with this text. The error is a
// [Refusal] if the link cannot be copied.
func (r Resolver) Target(key, text string) (core.Target, error) {
	if strings.HasPrefix(text, "http://") || strings.HasPrefix(text, "https://") {
		return core.Target{}, refuse("the link's text is the URL %s, which in a directory is only a path", core.DisplayKey(text))
	}
	w := walk{Resolver: r, text: text, root: segments(r.Root)}
	target, err := w.resolve(key, text)
	switch {
	case err != nil:
		return core.Target{}, err
	case target == key:
		return core.Target{}, refuse("the link points to itself")
	case core.Below(target, key):
		return core.Target{}, refuse("the link passes through itself")
	case target == "." && !w.lexical:
		return core.Target{Key: target, Dir: core.IsDir}, nil
	case target == ".":
		return core.Target{Key: target}, nil
	}
	if err := core.CheckKey(target); err != nil {
		return core.Target{}, refuse("the link's target %s cannot be a key: %v", core.DisplayKey(target), err)
	}
	is, err := w.kind(key, target)
	return core.Target{Key: target, Dir: is}, err
}

// A walk resolves one link.
type walk struct {
	Resolver
	text string   // of the link that is asked about
	root []string // the segments of Root
	hops int      // links followed so far

	rest    []string // segments still to be resolved
	at      []string // resolved segments: below the root, or of an absolute path if outside
	outside bool
	lexical bool // a segment does not exist: the rest is resolved by its text
}

// resolve returns the key that the link at key with this text names, "." for the
// root. It does not follow a link of the tree in the last segment.
func (w *walk) resolve(key, text string) (string, error) {
	w.at, w.rest, w.outside, w.lexical = nil, nil, false, false
	if dir := path.Dir(key); dir != "." {
		w.at = strings.Split(dir, "/")
	}
	if text == "" {
		return "", refuse("the link has no text")
	}
	w.prepend(text)
	for len(w.rest) > 0 {
		seg := w.rest[0]
		w.rest = w.rest[1:]
		if err := w.step(seg); err != nil {
			return "", err
		}
	}
	if w.outside {
		return "", w.leaves()
	}
	if len(w.at) == 0 {
		return ".", nil
	}
	return strings.Join(w.at, "/"), nil
}

// prepend puts the segments of a link's text before those still to be resolved.
// An absolute text begins at the root of the file system.
func (w *walk) prepend(text string) {
	if path.IsAbs(text) {
		w.at, w.outside = nil, w.Root != "/"
	}
	parts := slices.DeleteFunc(segments(text), func(s string) bool { return s == "." })
	w.rest = slices.Concat(parts, w.rest)
}

// step resolves one segment.
func (w *walk) step(seg string) error {
	switch {
	case seg == "..":
		return w.up()
	case w.outside:
		return w.stepOutside(seg)
	case w.lexical || len(w.rest) == 0:
		w.at = append(w.at, seg)
		return nil
	}
	return w.stepInside(seg)
}

// up moves to the parent directory, which may be outside the tree.
func (w *walk) up() error {
	switch {
	case len(w.at) > 0:
		w.at = w.at[:len(w.at)-1]
	case !w.outside && len(w.root) > 0:
		w.outside = true
		w.at = slices.Clone(w.root[:len(w.root)-1])
	case !w.outside && w.Root == "":
		return w.leaves()
	}
	return nil
}

func (w *walk) leaves() error {
	return refuse("the link points outside the tree, to %s", core.DisplayKey(w.text))
}

// stepInside resolves a segment that others follow: it enters a directory and
// follows a link. Below anything else, only the text counts.
func (w *walk) stepInside(seg string) error {
	key := strings.Join(append(slices.Clip(w.at), seg), "/")
	mode, err := w.Tree.Lstat(key)
	switch {
	case unknowable(err) || err == nil && !mode.IsDir() && mode&fs.ModeSymlink == 0:
		w.lexical = true
	case err != nil:
		return err
	case mode&fs.ModeSymlink != 0:
		return w.hop(w.Tree.Readlink(key))
	}
	w.at = append(w.at, seg)
	return nil
}

// stepOutside resolves a segment outside the tree: it enters a directory, which
// may be the tree's, and follows a link, also if that is the last segment.
func (w *walk) stepOutside(seg string) error {
	at := append(slices.Clip(w.at), seg)
	if w.World == nil || w.lexical {
		return w.stepTowardsRoot(at)
	}
	p := "/" + strings.Join(at, "/")
	mode, isRoot, err := w.World.Lstat(p)
	if err == nil && mode&fs.ModeSymlink != 0 {
		var text string
		if text, err = w.World.Readlink(p); err == nil {
			return w.hop(text, nil)
		}
	}
	switch {
	case err != nil || !mode.IsDir():
		w.lexical = true
		return w.stepTowardsRoot(at)
	case isRoot:
		w.outside, w.at = false, nil
	default:
		w.at = at
	}
	return nil
}

// stepTowardsRoot is stepOutside where only the text counts: at must be on the
// way to the tree's root.
func (w *walk) stepTowardsRoot(at []string) error {
	if len(at) > len(w.root) || !slices.Equal(at, w.root[:len(at)]) {
		return w.leaves()
	}
	w.at = at
	if len(at) == len(w.root) {
		w.outside, w.at = false, nil
	}
	return nil
}

// hop follows a link with this text, which could be read if err is nil.
func (w *walk) hop(text string, err error) error {
	if err != nil {
		return err
	}
	if w.hops++; w.hops > maxHops {
		return errTooMany
	}
	w.prepend(text)
	return nil
}

// kind returns whether the target of the link at key is a directory. If it is a
// link, it follows the chain, to refuse one that never ends.
func (w *walk) kind(key, target string) (core.Dir, error) {
	if w.lexical {
		return core.DirUnknown, nil
	}
	mode, err := w.Tree.Lstat(target)
	switch {
	case unknowable(err):
		return core.DirUnknown, nil
	case err != nil:
		return core.DirUnknown, err
	case mode.IsDir():
		return core.IsDir, nil
	case mode&fs.ModeSymlink == 0:
		return core.NotDir, nil
	}
	return core.NotDir, w.chain(map[string]bool{key: true}, target)
}

// chain follows links from the one at key to the end, and refuses a ring. A
// chain that ends outside the tree, or at nothing, is no fault of its first
// link.
func (w *walk) chain(seen map[string]bool, key string) error {
	for {
		if seen[key] {
			return errRing
		}
		seen[key] = true
		text, err := w.Tree.Readlink(key)
		if err != nil {
			return nil //nolint:nilerr // The chain ends here: at something that is no link or cannot be read.
		}
		if w.hops++; w.hops > maxHops {
			return errTooMany
		}
		next, err := w.resolve(key, text)
		if err != nil || w.lexical {
			return endless(err)
		}
		key = next
	}
}

// endless returns err, of a later link in a chain, if it makes the whole chain
// endless or is no refusal.
func endless(err error) error {
	var no Refusal
	if errors.As(err, &no) && err != errRing && err != errTooMany { //nolint:errorlint // They are never wrapped.
		return nil
	}
	return err
}

// unknowable reports whether err says that something does not exist or must not
// be seen.
func unknowable(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission)
}

// segments returns the segments of a slash-separated path that are not empty.
func segments(p string) []string {
	return slices.DeleteFunc(strings.Split(p, "/"), func(s string) bool { return s == "" })
}
