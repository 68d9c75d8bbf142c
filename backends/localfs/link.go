package localfs

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/s3fc/s3fc/core"
)

// maxHops is how many links a way may lead through, as on Linux.
const maxHops = 40

// A refusal is a reason why a link cannot be carried, in contrast to a failure
// to find out.
type refusal string

func (r refusal) Error() string { return string(r) }

// Is reports whether err is [core.ErrUnsupportedLink], which each refusal is.
func (r refusal) Is(err error) bool { return err == core.ErrUnsupportedLink } //nolint:errorlint // It is asked for by errors.Is.

func refuse(format string, args ...any) error { return refusal(fmt.Sprintf(format, args...)) }

var (
	errRing    = refuse("the link leads into a ring of links")
	errTooMany = refuse("the link leads through more than %d links", maxHops)
)

// readlink returns the text of the link called name in d.
func (d *dir) readlink(name string) (string, error) {
	text, err := d.folder.readlink(d.actual(name))
	return filepath.ToSlash(text), err
}

// linkTarget returns where the link at key with this text points: what the
// file system would find, up to the last hop. A refusal says why it cannot be
// carried.
func (t *Tree) linkTarget(key, text string) (core.Target, error) {
	if strings.HasPrefix(text, "http://") || strings.HasPrefix(text, "https://") {
		return core.Target{}, refuse("the link's text is the URL %s, which in a directory is only a path", core.DisplayKey(text))
	}
	r := resolver{t: t, text: text}
	target, err := r.resolve(key, text)
	switch {
	case err != nil:
		return core.Target{}, err
	case target == key:
		return core.Target{}, refuse("the link points to itself")
	case core.Below(target, key):
		return core.Target{}, refuse("the link leads through itself")
	case target == "." && !r.lost:
		return core.Target{Key: target, Dir: core.IsDir}, nil
	case target == ".":
		return core.Target{Key: target}, nil
	}
	if err := core.CheckKey(target); err != nil {
		return core.Target{}, refuse("the link's target %s cannot be a key: %v", core.DisplayKey(target), err)
	}
	is, err := r.kind(key, target)
	return core.Target{Key: target, Dir: is}, err
}

// kind says whether the target of the link at key is a directory, following
// the chain that begins there to see whether it ends.
func (r *resolver) kind(key, target string) (core.Dir, error) {
	if r.lost {
		return core.DirUnknown, nil
	}
	info, err := r.t.lstatKey(target)
	switch {
	case unknowable(err):
		return core.DirUnknown, nil
	case err != nil:
		return core.DirUnknown, err
	case info.mode.IsDir():
		return core.IsDir, nil
	case info.mode&fs.ModeSymlink == 0:
		return core.NotDir, nil
	}
	return core.NotDir, r.chain(map[string]bool{key: true}, target)
}

// chain follows links from the one at key on until they end, and refuses a
// ring. That a chain ends outside, or at nothing, is no matter of its first
// link.
func (r *resolver) chain(seen map[string]bool, key string) error {
	for {
		if seen[key] {
			return errRing
		}
		seen[key] = true
		text, err := r.t.readlinkKey(key)
		if err != nil {
			return nil //nolint:nilerr // The chain ends here: what it names is no link, or not to be seen.
		}
		if r.hops++; r.hops > maxHops {
			return errTooMany
		}
		next, err := r.resolve(key, text)
		if err != nil || r.lost {
			return ringOnly(err)
		}
		key = next
	}
}

// ringOnly keeps of the errors that a link further on in a chain may have those
// that make the whole chain endless.
func ringOnly(err error) error {
	var no refusal
	if errors.As(err, &no) && err != errRing && err != errTooMany { //nolint:errorlint // They are never wrapped.
		return nil
	}
	return err
}

// unknowable reports whether err says that something is not there, or is not
// for us to see.
func unknowable(err error) bool {
	return err != nil && (errors.Is(absent(err), fs.ErrNotExist) || errors.Is(err, fs.ErrPermission))
}

// lstatKey says what is at key.
func (t *Tree) lstatKey(key string) (meta, error) {
	parent, name := split(key)
	d, err := t.openDir(parent, straight)
	if err != nil {
		return meta{}, err
	}
	defer t.release(d)
	return d.lstat(name)
}

func (t *Tree) readlinkKey(key string) (string, error) {
	parent, name := split(key)
	d, err := t.openDir(parent, straight)
	if err != nil {
		return "", err
	}
	defer t.release(d)
	return d.readlink(name)
}
