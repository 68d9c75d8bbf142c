package localfs

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/s3fc/s3fc/core"
)

// maxHops is how many links a path may lead through, as on Linux.
const maxHops = 40

// A refusal is a reason why a link cannot be carried. Other errors say that
// its target could not be found out.
type refusal string

func (r refusal) Error() string { return string(r) }

// Is reports whether err is [core.ErrUnsupportedLink], which each refusal is.
func (r refusal) Is(err error) bool { return err == core.ErrUnsupportedLink } //nolint:errorlint // It is asked for by errors.Is.

func refuse(format string, args ...any) error { return refusal(fmt.Sprintf(format, args...)) }

var (
	errRing    = refuse("the link leads into a ring of links")
	errTooMany = refuse("the link leads through more than %d links", maxHops)
)

// linkTarget returns the target of the link at key with this text, as the file
// system would resolve it, up to the last link. The error is a refusal if the
// link cannot be carried.
func linkTarget(t *dirs, key, text string) (core.Target, error) {
	if strings.HasPrefix(text, "http://") || strings.HasPrefix(text, "https://") {
		return core.Target{}, refuse("the link's text is the URL %s, which in a directory is only a path", core.DisplayKey(text))
	}
	r := resolver{dirs: t, text: text, root: t.root.segments()}
	target, err := r.resolve(key, text)
	switch {
	case err != nil:
		return core.Target{}, err
	case target == key:
		return core.Target{}, refuse("the link points to itself")
	case core.Below(target, key):
		return core.Target{}, refuse("the link leads through itself")
	case target == "." && !r.lexical:
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

// kind returns whether the target of the link at key is a directory. If it is a
// link, it follows the chain, to refuse one that never ends.
func (r *resolver) kind(key, target string) (core.Dir, error) {
	if r.lexical {
		return core.DirUnknown, nil
	}
	info, err := r.dirs.lstat(target)
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

// chain follows links from the one at key to the end, and refuses a ring. A
// chain that ends outside the tree, or at nothing, is no fault of its first
// link.
func (r *resolver) chain(seen map[string]bool, key string) error {
	for {
		if seen[key] {
			return errRing
		}
		seen[key] = true
		text, err := r.dirs.readlink(key)
		if err != nil {
			return nil //nolint:nilerr // The chain ends here: at something that is no link or cannot be read.
		}
		if r.hops++; r.hops > maxHops {
			return errTooMany
		}
		next, err := r.resolve(key, text)
		if err != nil || r.lexical {
			return endless(err)
		}
		key = next
	}
}

// endless returns err, of a later link in a chain, if it makes the whole chain
// endless or is no refusal.
func endless(err error) error {
	var no refusal
	if errors.As(err, &no) && err != errRing && err != errTooMany { //nolint:errorlint // They are never wrapped.
		return nil
	}
	return err
}

// unknowable reports whether err says that something does not exist or must not
// be seen.
func unknowable(err error) bool {
	return err != nil && (errors.Is(asNotExist(err), fs.ErrNotExist) || errors.Is(err, fs.ErrPermission))
}
