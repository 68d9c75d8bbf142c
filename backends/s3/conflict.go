package s3

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"github.com/s3fc/s3fc/backends/s3/internal/ability"
	"github.com/s3fc/s3fc/backends/s3/internal/objects"
	"github.com/s3fc/s3fc/core"
)

// pathConflicts refuses a new key that a store accepts and whose object, or that of
// another key, is then missing from listings: MinIO does so with a/b beside a. It is
// safe for concurrent use.
type pathConflicts struct {
	can     *ability.Set
	objects *objects.Store
	pages   *pages

	mu   sync.Mutex
	dirs map[string]bool // keys in the bucket below which this run has put an object
}

// check returns [core.ErrConflict] if there is an object above key in the bucket, or
// where nothing is seen at key, below it: one HEAD for each directory of the key that
// is not known yet, and one LIST.
func (c *pathConflicts) check(ctx context.Context, key string, old *core.Entry) error {
	if !c.can.Denied(ability.PathConflicts) {
		return nil
	}
	c.can.Has(ability.PathConflicts) // to be noted
	for _, dir := range c.unknownDirs(key) {
		switch _, err := c.objects.Head(ctx, dir); {
		case err == nil:
			return fmt.Errorf("%w: there is an object %s", core.ErrConflict, core.DisplayKey(dir))
		case !refused(err, http.StatusNotFound) || code(err) == "NoSuchBucket":
			return err
		}
	}
	if old != nil {
		return nil
	}
	below, err := c.pages.lister(key + "/").First(ctx)
	if err == nil && len(below) > 0 {
		err = fmt.Errorf("%w: there is an object %s", core.ErrConflict, core.DisplayKey(below[0].Key))
	}
	return err
}

// unknownDirs returns the directories of a key of the tree, in the bucket, of which
// it is not known that they are no objects.
func (c *pathConflicts) unknownDirs(key string) (dirs []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := len(c.pages.prefix); i < len(key); i++ {
		if key[i] == '/' && !c.dirs[key[:i]] {
			dirs = append(dirs, key[:i])
		}
	}
	return dirs
}

// written notes that an object was put.
func (c *pathConflicts) written(key string) {
	if !c.can.Denied(ability.PathConflicts) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dirs == nil {
		c.dirs = make(map[string]bool)
	}
	delete(c.dirs, key)
	for i := len(c.pages.prefix); i < len(key); i++ {
		if key[i] == '/' {
			c.dirs[key[:i]] = true
		}
	}
}

// checkSegments refuses a key with a segment that a store takes for a way up or for
// nothing: MinIO does so with ".." and "." between slashes or backslashes, and with
// white space around them.
func checkSegments(key string) error {
	for segment := range strings.FieldsFuncSeq(key, func(r rune) bool { return r == '/' || r == '\\' }) {
		if s := strings.TrimFunc(segment, func(r rune) bool { return r <= ' ' }); s == "." || s == ".." {
			return fmt.Errorf("%w: this store takes the %q in it for a way up or for nothing", core.ErrUnsupportedKey, s)
		}
	}
	return nil
}
