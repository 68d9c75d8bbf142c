package localfs

import (
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/s3fc/s3fc/core"
)

// look returns the complete entry called name in d, of which see said info.
func (t *Tree) look(d *dir, name string, info *meta) (core.Entry, error) {
	return t.entry(d, name, join(d.key, name), info)
}

// entry is look for one who knows the key already.
func (t *Tree) entry(d *dir, name, key string, info *meta) (core.Entry, error) {
	e := core.Entry{Key: key, Token: info.token()}
	mode := info.mode
	if err := nameProblem(name, mode.IsDir()); err != nil {
		e.Problem = err
		return e, nil
	}
	switch {
	case mode.IsRegular():
		e.Kind, e.Size, e.ModTime = core.File, info.size, info.mtime
	case mode&fs.ModeSymlink != 0:
		return t.lookLink(d, name, e, info)
	default:
		e.Problem = fmt.Errorf("it is %s, and only files and links can be carried", describe(mode))
	}
	return e, nil
}

// lookLink completes the entry e of the link called name in d.
func (t *Tree) lookLink(d *dir, name string, e core.Entry, info *meta) (core.Entry, error) {
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
	e.Size, e.Token = info.size, e.Token+textMark(text)
	target, err := t.linkTarget(e.Key, text)
	var no refusal
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

// settled reports whether whatever changes a file after now changes its token
// too: git's rule for racily clean files. Where no change time is known, a
// program can hide a change by setting the modification time back.
func (t *Tree) settled(info *meta, now time.Time) bool {
	latest := now.Add(-t.settle)
	return info.ctime != 0 && time.Unix(0, info.ctime).Before(latest) && info.mtime.Before(latest)
}

// settledAsWritten is settled for a file that this program just wrote and gave
// the old modification time that it has: whoever writes to it makes that time
// new. Only setting it back as well, within the same tick of the clock, would
// go unseen, so the clock has to be a fine one.
func (t *Tree) settledAsWritten(info *meta, given, now time.Time) bool {
	return info.ctime%int64(fineTick) != 0 && info.mtime.Equal(given) && given.Before(now.Add(-t.settle))
}

// textMark is the part of a link's token that tells its text.
func textMark(text string) string { return ":" + core.SumMD5([]byte(text)).String() }
