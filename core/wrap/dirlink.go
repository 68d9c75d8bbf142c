package wrap

import (
	"context"
	"errors"
	"io/fs"
	"strings"

	"github.com/s3fc/s3fc/core"
)

// maxHops is how many links a chain may have, as on Linux.
const maxHops = 40

// dirOf returns the directory of t that a link to target leads to, through a
// chain of links too. It is empty if there is none: at the end is a file, a
// URL, an Other or a ring. A target at which nothing is known to be counts as a
// directory that may be empty, with is core.DirUnknown.
func dirOf(ctx context.Context, t core.Tree, target core.Target) (dir string, is core.Dir, err error) {
	for range maxHops {
		switch {
		case target.URL != "":
			return "", core.NotDir, nil
		case target.Key == "." || target.Dir == core.IsDir:
			return target.Key, core.IsDir, nil
		}
		e, err := t.Stat(ctx, target.Key)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return target.Key, core.DirUnknown, nil
		case err != nil:
			return "", core.DirUnknown, err
		case e.Kind != core.Link:
			return "", core.NotDir, nil
		}
		target = e.Target
	}
	return "", core.NotDir, nil
}

// below returns the rest of key after dir and a slash; all of it if dir is the
// root.
func below(key, dir string) (rest string, ok bool) {
	if dir == "." {
		return key, true
	}
	return strings.CutPrefix(key, dir+"/")
}

// join is the inverse of below.
func join(dir, rest string) string {
	if dir == "." {
		return rest
	}
	return dir + "/" + rest
}

// keyed is err as one about key.
func keyed(err error, key string) error {
	e := core.Error{Op: "stat", Key: key, Err: err}
	var inner *core.Error
	if errors.As(err, &inner) {
		e.Op, e.Tree, e.Err = inner.Op, inner.Tree, inner.Err
	}
	if core.IsTransient(err) {
		return core.Transient(&e)
	}
	return &e
}
