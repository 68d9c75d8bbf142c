package s3fc

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/reconcile"
)

// The reasons why [SetLink] writes no link. A [GuardError] wraps them.
var (
	// ErrDangling: the link would lead to nothing.
	ErrDangling = errors.New("the link would dangle")
	// ErrOccupied: something else than a link is at the link's key.
	ErrOccupied = errors.New("something else is there")
	// ErrRing: the link would lead back to itself.
	ErrRing = errors.New("the link would lead back to itself")
)

// LinkOptions are the options of [SetLink].
type LinkOptions struct {
	// Dangling allows a target that does not exist.
	Dangling bool
	// Replace allows the link to replace a file, and to be at the name of a directory
	// where the store can hold both.
	Replace bool
	// DryRun writes nothing.
	DryRun bool
}

// SetLink makes the link key of t lead to target, which is a key of t, "." for its
// root, or an http or https URL. It writes at most once, on the condition that the
// entry at key is still the one that it saw; otherwise the error is
// [core.ErrChanged]. Whether target is a directory is found out from the tree, so that
// a redirect to a directory ends with a slash. The action says what was done, or would
// be: reconcile.OpKeep if the link leads there already. An [OptionError] is about an
// argument; a [GuardError] wraps ErrDangling, ErrOccupied or ErrRing.
func SetLink(ctx context.Context, t core.Backend, key, target string, o LinkOptions) (Action, error) {
	l := &linking{tree: t, key: key, o: o}
	if err := l.parse(target); err != nil {
		return Action{}, err
	}
	if err := l.follow(ctx); err != nil {
		return Action{}, err
	}
	act, err := l.plan(ctx)
	if err != nil || act.Op == reconcile.OpKeep || o.DryRun {
		return act, err
	}
	stored, err := t.Put(ctx, *act.Src, nil, act.Dst)
	if err == nil {
		act.Src = &stored
	}
	return act, err
}

// linking is one link that is to be set.
type linking struct {
	tree   core.Backend
	key    string
	target core.Target
	dir    bool // the target was written with a slash at its end
	o      LinkOptions
}

// parse reads the arguments.
func (l *linking) parse(target string) error {
	wrong := func(option string, err error) error { return &OptionError{Option: option, Err: err} }
	if err := core.CheckKey(l.key); err != nil {
		return wrong("key", fmt.Errorf("%s: %w", core.DisplayKey(l.key), err))
	}
	key, slash := strings.CutSuffix(target, "/")
	switch {
	case strings.Contains(target, "://"):
		l.target = core.Target{URL: target}
	case target == "." || target == "./":
		l.target = core.Target{Key: ".", Dir: core.IsDir}
	case strings.HasPrefix(target, "/"):
		return wrong("target", fmt.Errorf("%s: a target is a key of the tree, written without a slash before it, or a URL", core.DisplayKey(target)))
	default:
		l.target, l.dir = core.Target{Key: key}, slash
	}
	if err := l.target.Check(); err != nil {
		return wrong("target", fmt.Errorf("%s: %w; expected a key of the tree, as releases/1, or an http or https URL", core.DisplayKey(target), err))
	}
	return nil
}

// maxChain is how many links a link may lead through, as in Linux.
const maxChain = 40

// follow goes where the link will lead, to its end, and finds out whether the target
// itself is a directory.
func (l *linking) follow(ctx context.Context) error {
	at := l.target
	for hop := 0; ; hop++ {
		switch {
		case at.URL != "" || at.Key == ".":
			return nil
		case at.Key == l.key || hop > maxChain:
			return &GuardError{Err: fmt.Errorf("%w: %s → %s", ErrRing, core.DisplayKey(l.key), l.target)}
		}
		e, dir, err := l.look(ctx, at.Key, hop == 0 && l.dir)
		if err != nil {
			return err
		}
		if hop == 0 {
			if err := l.noteTarget(e, dir); err != nil {
				return err
			}
		}
		switch {
		case dir:
			return nil
		case e == nil && l.o.Dangling:
			return nil
		case e == nil:
			return &GuardError{Err: l.dangling(ctx, at.Key)}
		case e.Kind != core.Link:
			return nil
		}
		at = e.Target
	}
}

// noteTarget notes the facts of the target: e is the entry there, dir says that it is a
// directory.
func (l *linking) noteTarget(e *core.Entry, dir bool) error {
	switch {
	case dir, e == nil && l.dir:
		l.target.Dir = core.IsDir
	case e == nil:
	case l.dir && e.Kind == core.File:
		return &OptionError{Option: "target", Err: fmt.Errorf("%s is a file, and no directory", core.DisplayKey(e.Key))}
	default:
		l.target.Dir = core.NotDir
	}
	return nil
}

// look returns the entry at key, nil for none, and whether key is a directory. Where a
// store has both, it is one if asDir.
func (l *linking) look(ctx context.Context, key string, asDir bool) (e *core.Entry, dir bool, err error) {
	found, err := l.tree.Stat(ctx, key)
	switch {
	case err == nil:
		e = &found
	case !errors.Is(err, fs.ErrNotExist):
		return nil, false, err
	}
	if e == nil || asDir {
		dir, err = IsDirectory(ctx, l.tree, key)
	}
	return e, dir, err
}

// IsDirectory reports whether t has a directory at key: anything below it, or where the
// store knows directories, an empty one. It lists as little as it can.
func IsDirectory(ctx context.Context, t core.Tree, key string) (bool, error) {
	list := t.List(ctx, key+"/")
	if _, ok := core.As[core.DirRemover](t); ok {
		list = core.ListDirs(ctx, t, key+".") // the last name before key+"/"
	}
	for e, err := range list {
		at := e.Key
		if err != nil {
			one := false
			if at, one = core.ErrorKey(err); !one {
				return false, err
			}
		}
		if at == key || at >= key+"/" { // an error at key is of a directory that cannot be read
			return at == key || strings.HasPrefix(at, key+"/"), nil
		}
	}
	return false, nil
}

// dangling says why nothing is at key: a link on the way is no directory to a visitor.
func (l *linking) dangling(ctx context.Context, key string) error {
	for up := strings.LastIndexByte(key, '/'); up > 0; up = strings.LastIndexByte(key[:up], '/') {
		if e, err := l.tree.Stat(ctx, key[:up]); err == nil && e.Kind == core.Link {
			return fmt.Errorf("%w: %s lies below %s, which is itself a link, to %s: a redirect is for one address, and not for those below it; link to where it leads",
				ErrDangling, core.DisplayKey(key), core.DisplayKey(e.Key), e.Target)
		}
	}
	return fmt.Errorf("%w: nothing is at %s", ErrDangling, core.DisplayKey(key))
}

// plan decides about the link by the entry at its key.
func (l *linking) plan(ctx context.Context) (Action, error) {
	want := core.Entry{Key: l.key, Kind: core.Link, Target: l.target}
	act := Action{Op: reconcile.OpPut, Key: l.key, Reason: reconcile.ReasonNew, Src: &want}
	if err := core.CheckPut(l.tree, want); err != nil {
		return act, &core.Error{Op: "link", Key: l.key, Err: err}
	}
	old, dir, err := l.look(ctx, l.key, false)
	if err != nil {
		return act, err
	}
	act.Dst = old
	switch {
	case dir && !(l.o.Replace && l.tree.Features().Flat):
		return act, l.occupied("a directory")
	case old == nil:
	case old.Kind == core.Link && old.Target.Same(l.target) && l.known(old.Target):
		act.Op, act.Reason = reconcile.OpKeep, reconcile.ReasonSame
	case old.Kind == core.Link:
		act.Reason = reconcile.ReasonTarget
	case old.Kind == core.Other:
		return act, core.CheckOld(old)
	case !l.o.Replace:
		return act, l.occupied("a file")
	default:
		act.Reason = reconcile.ReasonKind
	}
	return act, nil
}

// known reports whether a link that is there says of its target's kind as much as the
// store could keep.
func (l *linking) known(have core.Target) bool {
	return !l.tree.Features().DirTargets || l.target.Dir == core.DirUnknown || l.target.Dir == have.Dir
}

func (l *linking) occupied(by string) error {
	return &GuardError{Err: fmt.Errorf("%w: %s is %s", ErrOccupied, core.DisplayKey(l.key), by)}
}
