package sftp

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/kit"
)

// tries is how often a look at a key begins anew because something else took its
// place meanwhile.
const tries = 5

// Stat implements [core.Tree]. The md5 of a file is never known: only reading
// tells it.
func (t *Tree) Stat(ctx context.Context, key string) (core.Entry, error) {
	e, err := t.stat(ctx, key)
	return e, fail("stat", key, err)
}

// stat returns the complete entry at key. Directories and temporary files are no
// entries, so they are fs.ErrNotExist; a directory whose name cannot be a key is
// one.
func (t *Tree) stat(ctx context.Context, key string) (e core.Entry, err error) {
	for range tries {
		info, lerr := t.lstat(ctx, key)
		if lerr != nil {
			return core.Entry{}, lerr
		}
		name := path.Base(key)
		if info.IsDir() && kit.CheckName(name, true) == nil || !info.IsDir() && kit.IsTemp(name) {
			return core.Entry{}, fs.ErrNotExist
		}
		if e, err = t.entry(ctx, key, info); err == nil || !failed(err) && !errors.Is(err, fs.ErrNotExist) {
			return e, err
		}
	}
	return core.Entry{}, err
}

// lstat returns the attributes of the thing at key itself.
func (t *Tree) lstat(ctx context.Context, key string) (os.FileInfo, error) {
	if !plainPath(key) {
		return nil, fs.ErrNotExist
	}
	info, err := t.attributes(ctx, key)
	if badArgument(err) { // no name is as long
		err = fs.ErrNotExist
	}
	return info, kit.AsNotExist(err)
}

// plainPath reports whether key can be looked up: the key of an Other may have
// bytes that no valid key has.
func plainPath(key string) bool {
	for seg := range strings.SplitSeq(key, "/") {
		if seg == "" || seg == "." || seg == ".." || strings.IndexByte(seg, 0) >= 0 {
			return false
		}
	}
	return true
}

// token is the version of a file: its size and modification time.
func token(info os.FileInfo) string {
	return strconv.FormatInt(info.Size(), 36) + "." + strconv.FormatInt(info.ModTime().Unix(), 36)
}

// entry returns the complete entry at key, whose lstat is info.
func (t *Tree) entry(ctx context.Context, key string, info os.FileInfo) (core.Entry, error) {
	e := core.Entry{Key: key, Token: token(info)}
	mode := info.Mode()
	if err := kit.CheckName(path.Base(key), mode.IsDir()); err != nil {
		e.Problem = err
		return e, nil
	}
	switch {
	case mode.IsRegular():
		e.Kind, e.Size, e.ModTime = core.File, info.Size(), info.ModTime()
		e.Settled = t.clock.settled(info.ModTime())
	case mode&fs.ModeSymlink != 0 && t.links == kit.SkipLinks:
		e.Problem = core.ErrExcluded
	case mode&fs.ModeSymlink != 0 && t.links == kit.FollowLinks:
		e.Problem = kit.ErrLeadsNowhere
	case mode&fs.ModeSymlink != 0:
		text, err := linkReader{t, ctx}.Readlink(key)
		if err != nil {
			return e, err
		}
		return t.link(ctx, e, text)
	default:
		e.Problem = fmt.Errorf("it is %s, and only files and links can be copied", kit.DescribeType(mode))
	}
	return e, nil
}

// link completes the entry e of a link with this text, which is its version.
func (t *Tree) link(ctx context.Context, e core.Entry, text string) (core.Entry, error) {
	e.Token = linkToken(text)
	target, err := kit.Resolver{Tree: linkReader{t, ctx}, Root: t.root, World: surroundings{t, ctx}}.Target(e.Key, text)
	var no kit.Refusal
	if errors.As(err, &no) {
		e.Problem = no
		return e, nil
	}
	e.Kind, e.Target = core.Link, target
	return e, err
}

func linkToken(text string) string { return "link:" + core.SumMD5([]byte(text)).String() }

// linkReader is a [kit.LinkReader]. The resolver has looked at the directories on
// the way.
type linkReader struct {
	tree *Tree
	ctx  context.Context //nolint:containedctx // It lives as long as one call.
}

// Lstat implements [kit.LinkReader].
func (r linkReader) Lstat(key string) (mode fs.FileMode, err error) {
	mode, err = r.tree.lstatPath(r.ctx, r.tree.path(key))
	return mode, kit.AsNotExist(err)
}

// Readlink implements [kit.LinkReader].
func (r linkReader) Readlink(key string) (string, error) {
	return r.tree.readlinkPath(r.ctx, r.tree.path(key))
}

// surroundings are [kit.Surroundings]. SFTP does not tell the identity of a
// directory, so the root is known by its path, which has no links.
type surroundings linkReader

// Lstat implements [kit.Surroundings].
func (s surroundings) Lstat(path string) (fs.FileMode, bool, error) {
	mode, err := s.tree.lstatPath(s.ctx, path)
	return mode, path == s.tree.root, err
}

// Readlink implements [kit.Surroundings].
func (s surroundings) Readlink(path string) (string, error) {
	return s.tree.readlinkPath(s.ctx, path)
}

func (t *Tree) lstatPath(ctx context.Context, p string) (fs.FileMode, error) {
	info, err := ask(ctx, t.session, func(c *client) (os.FileInfo, error) { return c.Lstat(p) })
	if err != nil {
		return 0, err
	}
	return info.Mode(), nil
}

func (t *Tree) readlinkPath(ctx context.Context, p string) (string, error) {
	return ask(ctx, t.session, func(c *client) (string, error) { return c.ReadLink(p) })
}

// PartSizes implements [core.Prover]: no file is stored in parts.
func (t *Tree) PartSizes(core.Entry) []int64 { return nil }

// Proves implements [core.Prover] for links: a link whose text is the one that Put
// writes for the target is the wanted one, even if a directory link on the way leads
// it elsewhere.
func (t *Tree) Proves(have core.Entry, e core.Evidence) bool {
	if have.Kind == core.File || e.Kind != core.Link || e.Target.URL != "" || e.Target.Key == "" {
		return false
	}
	return have.Token == linkToken(core.Rel(have.Key, e.Target.Key))
}
