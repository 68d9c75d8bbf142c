package localfs

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"syscall"
	"time"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/kit"
)

// entries makes entries of the things in a tree's directories.
type entries struct {
	dirs   *dirs
	settle time.Duration // see Options
}

// stat returns the complete entry at key, or an error that is fs.ErrNotExist.
func (t *entries) stat(ctx context.Context, key string) (core.Entry, error) {
	if err := ctx.Err(); err != nil {
		return core.Entry{}, err
	}
	now := time.Now()
	d, name, info, err := t.locate(key)
	if err != nil {
		return core.Entry{}, err
	}
	defer t.dirs.release(d)
	e, err := t.at(d, name, &info)
	e.Settled = t.settled(&info, now)
	return e, err
}

// locate returns the open directory that key is in, which the caller releases,
// key's last segment, and the state of the thing there. Directories and
// temporary files are no entries, so they are fs.ErrNotExist; a directory whose
// name cannot be a key is one.
func (t *entries) locate(key string) (*dir, string, fileInfo, error) {
	if !plainPath(key) {
		return nil, "", fileInfo{}, fs.ErrNotExist
	}
	parent, name := split(key)
	d, err := t.dirs.open(parent, t.dirs.forReading())
	if err != nil {
		return nil, "", fileInfo{}, kit.AsNotExist(err)
	}
	info, err := d.stat(name)
	if isDir := info.mode.IsDir(); err == nil && (isDir && kit.CheckName(name, true) == nil || !isDir && kit.IsTemp(name)) {
		err = fs.ErrNotExist
	}
	if err != nil {
		t.dirs.release(d)
		return nil, "", fileInfo{}, kit.AsNotExist(err)
	}
	return d, name, info, nil
}

// at returns the complete entry called name in d, whose stat is info.
func (t *entries) at(d *dir, name string, info *fileInfo) (core.Entry, error) {
	return t.withKey(d, name, join(d.key, name), info)
}

// withKey is at for a caller that has the key already.
func (t *entries) withKey(d *dir, name, key string, info *fileInfo) (core.Entry, error) {
	e := core.Entry{Key: key, Token: info.token()}
	mode := info.mode
	if err := kit.CheckName(name, mode.IsDir()); err != nil {
		e.Problem = err
		return e, nil
	}
	switch {
	case mode.IsRegular():
		e.Kind, e.Size, e.ModTime = core.File, info.size, info.mtime
	case mode&fs.ModeSymlink != 0:
		e, err := t.withTarget(d, name, e, info)
		if errors.Is(err, syscall.EINVAL) { // it is no link any more
			return t.replaced(d, name, key, info)
		}
		return e, err
	default:
		e.Problem = fmt.Errorf("it is %s, and only files and links can be copied", kit.DescribeType(mode))
	}
	return e, nil
}

// replaced is withKey for an entry that was a link when info was made, and was
// replaced since. A directory in its place is an error: an entry that is left out
// of a listing would stand for an empty one.
func (t *entries) replaced(d *dir, name, key string, info *fileInfo) (core.Entry, error) {
	now, err := d.stat(name)
	switch {
	case err != nil:
		return core.Entry{}, err
	case now.mode.IsDir():
		return core.Entry{}, fmt.Errorf("%w: a link became a directory", core.ErrChanged)
	}
	*info = now
	return t.withKey(d, name, key, info)
}

// withTarget completes the entry e of the link called name in d.
func (t *entries) withTarget(d *dir, name string, e core.Entry, info *fileInfo) (core.Entry, error) {
	switch t.dirs.links {
	case SkipLinks:
		e.Problem = core.ErrExcluded
		return e, nil
	case FollowLinks:
		e.Problem = kit.ErrLeadsNowhere
		return e, nil
	}
	text, err := d.readlink(name)
	if err != nil {
		return core.Entry{}, err
	}
	e.Size, e.Token = info.size, e.Token+textMark(text)
	target, err := linkTarget(t.dirs, e.Key, text)
	var no kit.Refusal
	if errors.As(err, &no) {
		e.Problem = no
		return e, nil
	}
	e.Kind, e.Target = core.Link, target
	return e, err
}

const (
	// settleTime is the default of Options.SettleTime: longer than the coarsest
	// clock of a file system ticks (2 s), so that a later change gets another time.
	settleTime = 3 * time.Second
	// fineTick is longer than a fine clock ticks.
	fineTick = 10 * time.Millisecond
)

// settled reports whether every change of a file after now also changes its
// token: git's rule for racily clean files. It is false without a change time,
// because a program could hide a change by setting the modification time back.
func (t *entries) settled(info *fileInfo, now time.Time) bool {
	latest := now.Add(-t.settle)
	return info.ctime != 0 && time.Unix(0, info.ctime).Before(latest) && info.mtime.Before(latest)
}

// settledAsWritten is settled for a file that this process just wrote and gave
// an old modification time: every later write changes that time. Only setting it
// back within the same tick of the clock would hide a change, so the clock has
// to be a fine one.
func (t *entries) settledAsWritten(info *fileInfo, given, now time.Time) bool {
	return info.ctime%int64(fineTick) != 0 && info.mtime.Equal(given) && given.Before(now.Add(-t.settle))
}

// textMark is the part of a link's token that depends on its text.
func textMark(text string) string { return ":" + core.SumMD5([]byte(text)).String() }
