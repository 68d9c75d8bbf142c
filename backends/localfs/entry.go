package localfs

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"

	"github.com/s3fc/s3fc/core"
)

// look returns the complete entry called name in d, of which see said info.
func (t *Tree) look(d *dir, name string, info fs.FileInfo) (core.Entry, error) {
	e := core.Entry{Key: join(d.key, name), Token: token(info)}
	mode := info.Mode()
	if err := nameProblem(name, mode.IsDir()); err != nil {
		e.Problem = err
		return e, nil
	}
	switch {
	case mode.IsRegular():
		e.Kind, e.Size, e.ModTime = core.File, info.Size(), info.ModTime()
	case mode&fs.ModeSymlink != 0:
		return t.lookLink(d, name, e, info)
	default:
		e.Problem = fmt.Errorf("it is %s, and only files and links can be carried", describe(mode))
	}
	return e, nil
}

// lookLink completes the entry e of the link called name in d.
func (t *Tree) lookLink(d *dir, name string, e core.Entry, info fs.FileInfo) (core.Entry, error) {
	switch t.links {
	case SkipLinks:
		e.Problem = core.ErrExcluded
		return e, nil
	case FollowLinks:
		e.Problem = errors.New("the link points to nothing, and links are followed")
		return e, nil
	}
	text, err := d.readlink(name)
	if err != nil {
		return core.Entry{}, err
	}
	e.Size, e.Token = info.Size(), e.Token+textMark(text)
	target, err := t.linkTarget(e.Key, text)
	var no refusal
	if errors.As(err, &no) {
		e.Problem = no
		return e, nil
	}
	e.Kind, e.Target = core.Link, target
	return e, err
}

// token is the version of a file as far as the system tells: inode, size,
// modification and change time.
func token(info fs.FileInfo) string {
	ino, ctime := inode(info)
	b := strconv.AppendUint(nil, ino, 36)
	for _, n := range [...]int64{info.Size(), info.ModTime().UnixNano(), ctime} {
		b = strconv.AppendInt(append(b, '.'), n, 36)
	}
	return string(b)
}

// textMark is the part of a link's token that tells its text.
func textMark(text string) string { return ":" + core.SumMD5([]byte(text)).String() }

func ignoreEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}
