package localfs

import (
	"sync"

	"github.com/s3fc/s3fc/internal/openfiles"
)

// A dirCache keeps directories open between operations. Users lstat a cached
// directory's name before they use it, because another may stand there by then.
type dirCache struct {
	mu    sync.Mutex
	byKey map[string]*dir
	idle  []*dir // with no user, least recently used first
}

// get returns the cached directory at key, or nil. The caller releases it.
func (c *dirCache) get(key string) *dir {
	c.mu.Lock()
	defer c.mu.Unlock()
	d := c.byKey[key]
	if d != nil {
		c.addRef(d)
	}
	return d
}

// discard releases d and removes it from the cache.
func (c *dirCache) discard(d *dir) {
	c.mu.Lock()
	if d.cached {
		c.remove(d)
	}
	c.mu.Unlock()
	c.release(d)
}

// add caches d, which is in use, and returns it. If the cache has another
// directory of that key, d is closed when it is released.
func (c *dirCache) add(d *dir) *dir {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.byKey == nil {
		c.byKey = make(map[string]*dir)
	}
	if c.byKey[d.key] == nil {
		c.byKey[d.key] = d
		d.cached = true
	}
	return d
}

// release ends one use of d.
func (c *dirCache) release(d *dir) {
	c.mu.Lock()
	defer c.mu.Unlock()
	d.refs--
	if d.refs > 0 {
		return
	}
	if !d.cached {
		_ = d.handle.Close()
		return
	}
	c.idle = append(c.idle, d)
	if len(c.idle) > openfiles.IdleDirs() {
		c.remove(c.idle[0])
	}
}

// drop removes the directory at key from the cache.
func (c *dirCache) drop(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if d := c.byKey[key]; d != nil {
		c.remove(d)
	}
}

// dropIdle closes the unused directories, and reports whether there were any.
func (c *dirCache) dropIdle() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	any := len(c.idle) > 0
	for len(c.idle) > 0 {
		c.remove(c.idle[0])
	}
	return any
}

// clear empties the cache.
func (c *dirCache) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, d := range c.byKey {
		c.remove(d)
	}
}

func (c *dirCache) addRef(d *dir) {
	if d.refs == 0 {
		c.removeIdle(d)
	}
	d.refs++
}

func (c *dirCache) removeIdle(d *dir) {
	for i, x := range c.idle {
		if x == d {
			c.idle = append(c.idle[:i], c.idle[i+1:]...)
			return
		}
	}
}

// remove takes d out of the cache. It is closed now, or when its last user
// releases it.
func (c *dirCache) remove(d *dir) {
	delete(c.byKey, d.key)
	d.cached = false
	if d.refs == 0 {
		c.removeIdle(d)
		_ = d.handle.Close()
	}
}
