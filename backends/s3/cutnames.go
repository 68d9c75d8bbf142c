package s3

import (
	"context"
	"slices"
	"strings"
)

const (
	// fewKeys is how many keys a directory has to have on average, so that a page
	// of names tells of many pages of keys.
	fewKeys = 40
	// aheadBytes is about how much memory the pages may take that are fetched
	// before they are wanted.
	aheadBytes = 8 << 20
	// objectBytes is what an object of a page takes beside its key.
	objectBytes = 128
)

// nameCutter cuts a listing of which nothing is known where directories begin.
// A page of names is one request more, and so may be the end of each piece; so
// pieces are to be ten pages long, and cutting ends where it turns out to cost
// more than that.
type nameCutter struct {
	l      *listing
	names  *level
	to     string // the end of what is cut
	stride int    // names from one cut to the next
	pages  int    // ahead
}

// nameCutter returns what cuts what follows the page p, the last of a stint, up
// to the key to, or nil. The directory that the stint lies in is asked for its
// names, and if it has none any more, the one above it.
func (l *listing) nameCutter(ctx context.Context, s *stint, p listPage, to string) cutter {
	last := p.objects[len(p.objects)-1].key
	asked := 0
	for dir := commonDir(s.firsts[0], last); strings.HasPrefix(dir, l.prefix); dir = dirAbove(dir) {
		keys := s.density(dir, p)
		if keys >= fewKeys && asked < 2 && l.alone(ctx, dir) {
			asked++
			c := &nameCutter{l: l, names: newLevel(dir, last), to: to, pages: pagesAhead(p), stride: max(1, splitPages*l.most/keys)}
			if c.fill(ctx) {
				return c
			}
		}
		if dir == l.prefix {
			break
		}
	}
	return nil
}

// alone reports whether it is known of dir, and of all that it lies in, that it
// has no neighbour which two orders put on different sides of it, as level.add
// says. AWS has one order.
func (l *listing) alone(ctx context.Context, dir string) bool {
	if l.aws || dir == l.prefix {
		return true
	}
	alone, known := l.lone[dir]
	if !known && l.affordable() {
		l.sent++
		n := newLevel(strings.TrimSuffix(dir, "/"), "")
		alone = n.ask(ctx, l.Tree) == nil && n.query == nil && slices.Contains(n.ready, dir)
		l.lone[dir] = alone
	}
	return alone && l.alone(ctx, dirAbove(dir))
}

// affordable reports whether splitting may cost a request more, if each piece
// that is under way costs one: it may cost one for each ten pages, and as many
// as there are pieces at once.
func (l *listing) affordable() bool {
	needed := l.keys / l.most
	return l.sent+l.flying-needed < needed/splitPages+spansAhead
}

// fill asks for names, as long as there are more and one piece needs them.
func (c *nameCutter) fill(ctx context.Context) (enough bool) {
	for len(c.names.ready) < c.stride && c.names.query != nil && c.l.affordable() {
		c.l.sent++
		if err := c.names.ask(ctx, c.l.Tree); err != nil {
			return false // what follows is listed in one piece, and says what is wrong
		}
	}
	return len(c.names.ready) >= c.stride
}

func (c *nameCutter) next(ctx context.Context) string {
	if !c.l.affordable() || !c.fill(ctx) {
		return ""
	}
	cut := c.names.ready[c.stride-1]
	c.names.ready = c.names.ready[c.stride:]
	if c.to != "" && cut >= c.to {
		return ""
	}
	return cut
}

func (c *nameCutter) adapt(keys int) {
	want := splitPages * c.l.most
	switch {
	case keys > want:
		c.stride = max(1, c.stride*want/keys)
	case keys < want/2:
		c.stride *= 2
	}
}

func (c *nameCutter) ahead() int { return c.pages }

func (c *nameCutter) stop() {}

// pagesAhead is how many pages like p there is memory for in each piece.
func pagesAhead(p listPage) int {
	size := 1
	for _, o := range p.objects {
		size += len(o.key) + objectBytes
	}
	return min(max(1, aheadBytes/spansAhead/size), splitPages)
}

// density is how many keys a directory in dir has, as far as a stint that
// ended with the page p has seen it.
func (s *stint) density(dir string, p listPage) int {
	names, name := 0, ""
	count := func(key string) {
		if n := nameIn(dir, key); n != name {
			names, name = names+1, n
		}
	}
	for _, o := range p.objects {
		count(o.key)
	}
	if names > 1 {
		return len(p.objects) / names
	}
	names, name = 0, ""
	for _, key := range s.firsts {
		count(key)
	}
	return len(p.objects) * len(s.firsts) / max(1, names)
}

// commonDir returns the directory that both keys lie in, with its slash.
func commonDir(a, b string) string {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return a[:strings.LastIndexByte(a[:n], '/')+1]
}

// dirAbove returns the directory that a directory lies in.
func dirAbove(dir string) string {
	return dir[:strings.LastIndexByte(strings.TrimSuffix(dir, "/"), '/')+1]
}

// nameIn returns the name in dir that key lies below, with its slash, or the key
// if it lies in dir itself.
func nameIn(dir, key string) string {
	if !strings.HasPrefix(key, dir) {
		return key
	}
	if i := strings.IndexByte(key[len(dir):], '/'); i >= 0 {
		return key[:len(dir)+i+1]
	}
	return key
}

// level is a directory in the bucket with those below it where the listing may be
// cut, as a listing with a delimiter shows them.
type level struct {
	dir   string
	last  string // of what was listed
	ready []string
	query *pageQuery // asks for more, or nil
}

func newLevel(dir, after string) *level {
	return &level{dir: dir, last: after, query: &pageQuery{after: after, level: &dir}}
}

// ask gets one page of names.
func (n *level) ask(ctx context.Context, t *Tree) error {
	p, err := t.askPage(ctx, *n.query)
	if err == nil {
		err = p.decode()
	}
	if err != nil {
		n.query = nil
		return err
	}
	p.token = n.query.token
	if n.query, err = p.following(); n.query != nil {
		n.query.level = &n.dir
	}
	n.add(p)
	return err
}

// add takes the names of a page where the listing can be cut whichever of two
// orders the store has: that of the bytes of keys, as S3, or that of a walk
// through directories, as a store that keeps keys as paths. They differ in where
// d-x comes, before d/y or behind it. What is cut where both agree shows the
// order that it has in its pieces; at a name that is not in order, nothing is
// cut any more.
func (n *level) add(p listPage) {
	var keys []string
	for _, o := range p.objects {
		keys = append(keys, o.key)
	}
	if !inOrder(n.dir, p.names) || !inOrder(n.dir, keys) {
		n.query, n.ready = nil, nil
		return
	}
	all := append(append([]string{n.last}, keys...), p.names...)
	slices.Sort(all)
	for _, name := range p.names {
		if name > n.last && n.safe(name, all, p.truncated) {
			n.ready = append(n.ready, name)
		}
	}
	n.last = all[len(all)-1]
}

func inOrder(level string, keys []string) bool {
	for i, k := range keys {
		if !strings.HasPrefix(k, level) || i > 0 && keys[i-1] >= k {
			return false
		}
	}
	return true
}

// safe reports whether a cut before a name is one in both orders, all being what
// there is around it in its directory; more says that there is more behind it.
func (n *level) safe(name string, all []string, more bool) bool {
	at, _ := slices.BinarySearch(all, name)
	bare := strings.TrimSuffix(name, "/")
	if bare == name || at > 0 && strings.HasPrefix(all[at-1], bare) && all[at-1] != bare {
		return false // d-x is before d/
	}
	for i := len(n.dir); i < len(bare); i++ {
		if bare[i] >= '/' {
			continue
		}
		i, there := slices.BinarySearch(all, bare[:i]+"/")
		if there || more && i == len(all) {
			return false // d/ is, or may be, behind d-x/
		}
	}
	return true
}
