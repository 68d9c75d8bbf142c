package localfs

import "sync"

// maxIdle is how many directories stay open that nobody is using.
const maxIdle = 64

// A dirCache keeps directories open between operations. What it holds is only
// ever used after Lstat has said that the same directory is still there.
type dirCache struct {
	mu    sync.Mutex
	byKey map[string]*dir
	idle  []*dir // released, least recently used first
}

// take returns the directory at key that is kept open, for the caller to hold
// against what is there now; nil if there is none.
func (c *dirCache) take(key string) *dir {
	c.mu.Lock()
	defer c.mu.Unlock()
	d := c.byKey[key]
	if d != nil {
		c.use(d)
	}
	return d
}

// discard releases d for the last time that it was of use.
func (c *dirCache) discard(d *dir) {
	c.mu.Lock()
	if d.cached {
		c.forget(d)
	}
	c.mu.Unlock()
	c.release(d)
}

// add keeps d, which is in use, and returns it. One that is there already
// stays, and d lives until it is released.
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

func (c *dirCache) release(d *dir) {
	c.mu.Lock()
	defer c.mu.Unlock()
	d.refs--
	if d.refs > 0 {
		return
	}
	if !d.cached {
		_ = d.folder.Close()
		return
	}
	c.idle = append(c.idle, d)
	if len(c.idle) > maxIdle {
		c.forget(c.idle[0])
	}
}

// drop forgets the directory at key, so that it can be removed.
func (c *dirCache) drop(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if d := c.byKey[key]; d != nil {
		c.forget(d)
	}
}

func (c *dirCache) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, d := range c.byKey {
		c.forget(d)
	}
}

func (c *dirCache) use(d *dir) {
	if d.refs == 0 {
		c.unidle(d)
	}
	d.refs++
}

func (c *dirCache) unidle(d *dir) {
	for i, x := range c.idle {
		if x == d {
			c.idle = append(c.idle[:i], c.idle[i+1:]...)
			return
		}
	}
}

// forget takes d out; it is closed now or when its last user releases it.
func (c *dirCache) forget(d *dir) {
	delete(c.byKey, d.key)
	d.cached = false
	if d.refs == 0 {
		c.unidle(d)
		_ = d.folder.Close()
	}
}
