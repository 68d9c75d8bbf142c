package localfs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/s3fc/s3fc/core"
)

// schemeName is the scheme of a directory's URL, and the name of the tree in
// errors.
const schemeName = "file"

const (
	maxPath    = 4095 // bytes, as Linux has it without the final NUL
	maxSegment = 255  // bytes
)

// Options are what New needs to know beside the directory.
type Options struct {
	// Links says what becomes of symbolic links; the zero value keeps them.
	Links LinkPolicy
	// Create makes a missing directory on the first write; until then it lists
	// as empty.
	Create bool
	// Hidden is [core.Env].Hidden: directories that are not walked.
	Hidden func(key string) bool
	// SettleTime is how old a file's times have to be before its entry is
	// [core.Entry].Settled: longer than the file system's clock ticks. 0 is 3 s, which is
	// longer than the coarsest does.
	SettleTime time.Duration
}

// LinkPolicy says what a listing makes of a symbolic link.
type LinkPolicy uint8

// The policies.
const (
	KeepLinks   LinkPolicy = iota // a link is a link
	FollowLinks                   // a link is what it points to
	SkipLinks                     // a link is left out, and its key is protected
)

var policyNames = []string{KeepLinks: "keep", FollowLinks: "follow", SkipLinks: "skip"}

// String returns keep, follow or skip.
func (p LinkPolicy) String() string { return policyNames[p] }

// ParseLinkPolicy reads keep, follow or skip; an empty string is keep.
func ParseLinkPolicy(s string) (LinkPolicy, error) {
	if s == "" {
		return KeepLinks, nil
	}
	if i := slices.Index(policyNames, s); i >= 0 {
		return LinkPolicy(i), nil
	}
	return 0, fmt.Errorf("links=%s: expected one of %s", s, strings.Join(policyNames, ", "))
}

// A Tree is a directory as a [core.Backend]. It is safe for concurrent use.
// Close releases the directories that it keeps open.
type Tree struct {
	given  string // the directory as it was named, absolute and clean
	links  LinkPolicy
	create bool
	hidden func(key string) bool
	settle time.Duration // see Options

	mu   sync.Mutex
	root *dir     // nil until the directory exists
	real []string // the segments of the root's path, with no link on the way

	noReadBelow, noRenameNew atomic.Bool // the system, or its file system, cannot

	dirs  dirCache
	trait atomic.Pointer[traits]
	hooks hooks
}

// hooks are for tests: a stand-in for what this machine's file system does not
// do, and for somebody who is quick enough.
type hooks struct {
	window  func(before, key string) // called between a look and what relies on it
	fold    func(name string) string // names that fold to the same are one
	noLinks bool                     // the file system has no hard links, and renames over what is there
	plain   bool                     // the system has only what all have
	later   time.Duration            // by how much Finish takes it to be later than it is
}

// window is where others could act between a look at key and the step that
// relies on it.
func (t *Tree) window(before, key string) {
	if t.hooks.window != nil {
		t.hooks.window(before, key)
	}
}

// Open opens the directory that u names. A directory that is missing is an error that is [fs.ErrNotExist],
// unless env.Create is set.
func Open(_ context.Context, u *url.URL, env core.Env) (core.Backend, error) {
	dir, err := urlPath(u, runtime.GOOS)
	if err != nil {
		return nil, err
	}
	if err := core.CheckOptions(u, urlOptions); err != nil {
		return nil, err
	}
	policy, err := ParseLinkPolicy(env.Option(u, "links"))
	if err != nil {
		return nil, err
	}
	t, err := New(dir, Options{Links: policy, Create: env.Create, Hidden: env.Hidden})
	if err != nil {
		return nil, err
	}
	return t, nil
}

// urlPath returns the path that a file URL names on the system goos.
func urlPath(u *url.URL, goos string) (string, error) {
	p := u.Path
	if goos == "windows" && len(p) > 2 && p[0] == '/' && p[2] == ':' {
		p = p[1:]
	}
	switch {
	case u.Host != "" && u.Host != "localhost":
		return "", fmt.Errorf("%s: a file URL names no host; write file:///%s%s", u.Redacted(), u.Host, u.Path)
	case u.Opaque != "" || p == "" || goos != "windows" && p[0] != '/':
		return "", fmt.Errorf("%s: a file URL needs an absolute path, as file:///srv/site; for a relative one, leave file: away", u.Redacted())
	case strings.ContainsRune(p, 0):
		return "", fmt.Errorf("%s: a path cannot hold a NUL", u.Redacted())
	}
	return filepath.FromSlash(p), nil
}

// New returns the tree in the directory dir. It is an error that is
// [fs.ErrNotExist] if there is none, unless o.Create is set.
func New(dir string, o Options) (*Tree, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	t := &Tree{given: abs, links: o.Links, create: o.Create, hidden: o.Hidden, settle: cmp.Or(o.SettleTime, settleTime)}
	if err := t.openRoot(); err != nil && !(o.Create && errors.Is(err, fs.ErrNotExist)) {
		return nil, err
	}
	return t, nil
}

// Close releases the directories that t keeps open. t is not to be used after.
func (t *Tree) Close() error {
	t.dirs.clear()
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.root == nil {
		return nil
	}
	return t.root.folder.Close()
}

// Identity implements [core.Identifier]: by the path that the directory has
// without links on the way, once it exists.
func (t *Tree) Identity() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.root == nil {
		return schemeName + " " + t.given
	}
	return schemeName + " " + t.root.path
}

// String returns the directory's path.
func (t *Tree) String() string { return t.given }

// openRoot opens the directory, following a link to it, unless it is open.
func (t *Tree) openRoot() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.root != nil {
		return nil
	}
	info, err := statPath(t.given)
	if err != nil {
		return rootError(t.given, err)
	}
	if !info.mode.IsDir() {
		return fmt.Errorf("%s names one file; give the directory %s that it is in", t.given, filepath.Dir(t.given))
	}
	real, err := filepath.EvalSymlinks(t.given)
	if err != nil {
		return rootError(t.given, err)
	}
	f, err := openFolder(real)
	if err != nil {
		return rootError(t.given, err)
	}
	if t.root, err = t.newDir(f, real, "."); err != nil {
		return rootError(t.given, err)
	}
	t.real = segments(filepath.ToSlash(real))
	return nil
}

func rootError(dir string, err error) error {
	return fmt.Errorf("the directory %s cannot be opened: %w", dir, cause(err))
}

// top returns the root directory, which is never released. With make, a
// missing one is made if the tree may be.
func (t *Tree) top(make bool) (*dir, error) {
	err := t.openRoot()
	if make && t.create && errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(t.given, 0o777); err != nil {
			return nil, rootError(t.given, err)
		}
		err = t.openRoot()
	}
	if err != nil {
		return nil, err
	}
	return t.root, nil
}

// Features implements [core.Tree].
func (t *Tree) Features() core.Features {
	return core.Features{
		Links:      t.links == KeepLinks,
		ModTimes:   true,
		Create:     core.GuardAtomic,
		Replace:    core.GuardCheck,
		Resolution: t.settle,
		MaxKey:     maxPath - len(t.given) - 1,
		MaxSegment: maxSegment,
		MaxTarget:  maxPath,
	}
}

// Stat implements [core.Tree]. The md5 of a file is never known: it is found
// by reading it.
func (t *Tree) Stat(ctx context.Context, key string) (core.Entry, error) {
	if err := ctx.Err(); err != nil {
		return core.Entry{}, fail("stat", key, err)
	}
	now := time.Now()
	d, name, info, err := t.find(key)
	if err != nil {
		return core.Entry{}, fail("stat", key, err)
	}
	defer t.release(d)
	e, err := t.look(d, name, &info)
	e.Settled = t.settled(&info, now)
	return e, fail("stat", key, err)
}

// find returns the directory that holds key, opened, and what is there. A
// directory is nothing, unless its name makes it an Other.
func (t *Tree) find(key string) (*dir, string, meta, error) {
	if !plainPath(key) {
		return nil, "", meta{}, fs.ErrNotExist
	}
	parent, name := split(key)
	d, err := t.openDir(parent, t.reading())
	if err != nil {
		return nil, "", meta{}, absent(err)
	}
	info, err := d.see(name)
	if isDir := info.mode.IsDir(); err == nil && (isDir && nameProblem(name, true) == nil || !isDir && isTemp(name)) {
		err = fs.ErrNotExist
	}
	if err != nil {
		t.release(d)
		return nil, "", meta{}, absent(err)
	}
	return d, name, info, nil
}

// reading is how the directories on the way to a key are passed to read it.
func (t *Tree) reading() passage {
	if t.links == FollowLinks {
		return following
	}
	return straight
}
