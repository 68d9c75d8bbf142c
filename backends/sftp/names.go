package sftp

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/kit"
)

const (
	aheadDirs  = 16      // directories that are read at once before they are asked for
	aheadNames = 100_000 // in directories that were read and not asked for yet
	maxRead    = 4096    // directories of which it is remembered which names they have
)

// names reads directories. While a listing is at one, it reads ahead those that
// come next: each takes several round trips. It also remembers of the directories
// that it read last whether they have an ignore file, and which directories.
type names struct {
	tree *Tree

	mu      sync.Mutex
	ahead   map[string]*reading // by key of the directory
	waiting int                 // names in ahead that were read
	active  int                 // directories that are being read ahead
	read    map[string]map[string]bool
}

// A reading is a directory that is being read.
type reading struct {
	done  chan struct{}
	infos []os.FileInfo
	err   error
}

// clear forgets everything: a new listing begins.
func (n *names) clear() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.ahead, n.read, n.waiting = nil, nil, 0
}

// take returns the names in the directory at key and begins to read the
// directories in it.
func (n *names) take(ctx context.Context, dir string) ([]os.FileInfo, error) {
	r := n.begin(ctx, dir, true)
	select {
	case <-r.done:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	n.mu.Lock()
	if n.ahead[dir] == r {
		delete(n.ahead, dir)
		n.waiting -= len(r.infos)
	}
	n.mu.Unlock()
	if r.err != nil {
		return nil, r.err
	}
	for _, sub := range subdirs(r.infos) {
		if n.begin(ctx, kit.Join(dir, sub), false) == nil {
			break
		}
	}
	return r.infos, nil
}

// subdirs returns the names of the directories among infos, in the order of their
// keys.
func subdirs(infos []os.FileInfo) (all []string) {
	for _, info := range infos {
		if info.IsDir() && kit.CheckName(info.Name(), true) == nil {
			all = append(all, info.Name()+"/")
		}
	}
	slices.Sort(all)
	for i := range all {
		all[i] = strings.TrimSuffix(all[i], "/")
	}
	return all
}

// begin begins to read the directory at key, unless it is being read. Without must
// it is nil if enough is being read.
func (n *names) begin(ctx context.Context, dir string, must bool) *reading {
	n.mu.Lock()
	defer n.mu.Unlock()
	if r := n.ahead[dir]; r != nil {
		return r
	}
	if !must && (n.active >= aheadDirs || n.waiting >= aheadNames) {
		return nil
	}
	r := &reading{done: make(chan struct{})}
	if n.ahead == nil {
		n.ahead = make(map[string]*reading)
	}
	n.ahead[dir] = r
	n.active++
	go func() {
		r.infos, r.err = n.readDir(ctx, dir)
		n.mu.Lock()
		defer n.mu.Unlock()
		n.active--
		if n.ahead[dir] == r {
			n.waiting += len(r.infos)
			n.note(dir, r)
		}
		close(r.done)
	}()
	return r
}

// ignoreFile is the name of the files of which it is remembered where there are
// none.
const ignoreFile = ".s3fcignore"

// note remembers which directories, and whether an ignore file, are in dir.
func (n *names) note(dir string, r *reading) {
	if r.err != nil {
		return
	}
	if n.read == nil || len(n.read) >= maxRead {
		n.read = make(map[string]map[string]bool)
	}
	has := make(map[string]bool)
	for _, info := range r.infos {
		if info.IsDir() || info.Name() == ignoreFile {
			has[info.Name()] = true
		}
	}
	n.read[dir] = has
}

// HasName reports whether a file called name is in the directory dir, as far as
// the running listing has read or reads it; known is false if it does not. It
// spares the reader of ignore files a request for each directory.
func (t *Tree) HasName(ctx context.Context, dir, name string) (has, known bool) {
	if name != ignoreFile {
		return false, false
	}
	n := &t.names
	n.mu.Lock()
	in, read := n.read[dir]
	above, readAbove := n.read[path.Dir(dir)]
	r := n.ahead[dir]
	n.mu.Unlock()
	switch {
	case read:
		return in[name], true
	case dir != "." && readAbove && !above[path.Base(dir)]:
		return false, true // there is no such directory
	case r == nil:
		return false, false
	}
	select {
	case <-r.done:
	case <-ctx.Done():
		return false, false
	}
	return slices.ContainsFunc(r.infos, func(info os.FileInfo) bool { return info.Name() == name }), r.err == nil
}

// readDir returns the names in the directory at key, each once. It is ErrChanged if
// that is a link by now.
func (n *names) readDir(ctx context.Context, dir string) ([]os.FileInfo, error) {
	t := n.tree
	var wg sync.WaitGroup
	var mode fs.FileMode
	var modeErr error
	wg.Go(func() { mode, modeErr = n.dirMode(ctx, dir) }) // as long as one request
	infos, err := ask(ctx, t.session, func(c *client) ([]os.FileInfo, error) { return c.ReadDirContext(ctx, t.path(dir)) })
	wg.Wait()
	switch {
	case modeErr != nil:
		return nil, modeErr
	case !mode.IsDir():
		return nil, fmt.Errorf("%w: it became %s", core.ErrChanged, kit.DescribeType(mode))
	case err != nil:
		return nil, err
	}
	slices.SortFunc(infos, func(a, b os.FileInfo) int { return strings.Compare(a.Name(), b.Name()) })
	return slices.CompactFunc(infos, func(a, b os.FileInfo) bool { return a.Name() == b.Name() }), nil
}

// dirMode returns the mode of the directory at key, behind links only if they are
// followed.
func (n *names) dirMode(ctx context.Context, dir string) (fs.FileMode, error) {
	t := n.tree
	if t.links != kit.FollowLinks {
		return t.lstatPath(ctx, t.path(dir))
	}
	info, err := ask(ctx, t.session, func(c *client) (os.FileInfo, error) { return c.Stat(t.path(dir)) })
	if err != nil {
		return 0, err
	}
	return info.Mode(), nil
}
