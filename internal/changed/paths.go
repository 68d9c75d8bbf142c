// Package changed collects the URL paths of a site that a run has changed, for the
// invalidation of caches in front of it.
package changed

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/s3fc/s3fc/core/kit"
)

// maxPaths is how many paths are in memory until they are folded.
const maxPaths = 100_000

// Paths are changed URL paths. They are not safe for concurrent use.
type Paths struct {
	prefix string // "/", or with a slash at both ends
	limit  int
	bound  int
	set    map[string]struct{}
	folded map[string]struct{} // directories, with a slash at the end, that are one wildcard
}

// New returns no paths, of a tree whose keys lie below prefix, "" for the root. More
// than limit paths are folded: a wildcard such as "/docs/*" stands for all paths of a
// directory.
func New(prefix string, limit int) *Paths {
	prefix = "/" + strings.Trim(prefix, "/") + "/"
	if prefix == "//" {
		prefix = "/"
	}
	return &Paths{
		prefix: kit.EscapePath(prefix), limit: max(limit, 1), bound: max(maxPaths, 2*limit),
		set: make(map[string]struct{}), folded: make(map[string]struct{}),
	}
}

// index is the name of the file that a website shows for its directory.
const index = "index.html"

// Add adds the entry at key. The index page of a directory is also the directory's.
func (p *Paths) Add(key string) {
	path := p.prefix + kit.EscapePath(key)
	p.add(path)
	if dir, ok := strings.CutSuffix(path, "/"+index); ok {
		p.add(dir + "/")
	}
	if len(p.set) > p.bound {
		p.fold(p.limit)
	}
}

func (p *Paths) add(path string) {
	for i := range len(path) {
		if path[i] == '/' && len(p.folded) > 0 {
			if _, ok := p.folded[path[:i+1]]; ok {
				return
			}
		}
	}
	p.set[path] = struct{}{}
}

// Len returns how many paths there are before they are folded.
func (p *Paths) Len() int { return len(p.set) + len(p.folded) }

// List returns the paths in order, folded so that they are no more than the limit.
func (p *Paths) List() []string {
	p.fold(p.limit)
	list := slices.Collect(maps.Keys(p.set))
	for dir := range p.folded {
		list = append(list, dir+"*")
	}
	slices.Sort(list)
	return list
}

// fold makes wildcards of directories until there are at most n paths: the deepest
// directories first, and of one depth those with the most paths.
func (p *Paths) fold(n int) {
	for depth := p.depth(); p.Len() > n && depth >= 1; depth-- {
		left, chosen := p.Len(), make(map[string]struct{})
		for _, d := range p.directories(depth) {
			if left > n && d.paths > 1 {
				chosen[d.dir] = struct{}{}
				left -= d.paths - 1
			}
		}
		p.foldDirs(depth, chosen)
	}
}

// depth is the greatest number of slashes in a path.
func (p *Paths) depth() (most int) {
	for _, set := range []map[string]struct{}{p.set, p.folded} {
		for path := range set {
			most = max(most, strings.Count(path, "/"))
		}
	}
	return most
}

type directory struct {
	dir   string // with a slash at the end
	paths int
}

// directories returns the directories with this number of slashes, those with the most
// paths first.
func (p *Paths) directories(depth int) (dirs []directory) {
	count := make(map[string]int)
	for _, set := range []map[string]struct{}{p.set, p.folded} {
		for path := range set {
			if dir, ok := above(path, depth); ok {
				count[dir]++
			}
		}
	}
	for dir, n := range count {
		dirs = append(dirs, directory{dir, n})
	}
	slices.SortFunc(dirs, func(a, b directory) int {
		return cmp.Or(cmp.Compare(b.paths, a.paths), strings.Compare(a.dir, b.dir))
	})
	return dirs
}

// above returns the beginning of a path up to its nth slash.
func above(path string, n int) (string, bool) {
	for i := range len(path) {
		if path[i] == '/' {
			if n--; n == 0 {
				return path[:i+1], true
			}
		}
	}
	return "", false
}

// foldDirs makes a wildcard of each of dirs, which have this number of slashes.
func (p *Paths) foldDirs(depth int, dirs map[string]struct{}) {
	for _, set := range []map[string]struct{}{p.set, p.folded} {
		for path := range set {
			if dir, ok := above(path, depth); ok {
				if _, ok := dirs[dir]; ok {
					delete(set, path)
				}
			}
		}
	}
	maps.Copy(p.folded, dirs)
}
