package localfs

import (
	"time"

	"github.com/s3fc/s3fc/core/kit"
)

// content reads a file and reports when it changes.
type content struct {
	kit.Content
	f      *osFile
	opened time.Time
	info   fileInfo // when it was opened
}

// newContent returns the content of the open file f at key, or closes f.
func newContent(f *osFile, key string, opened time.Time) (*content, error) {
	info, err := f.stat()
	if err != nil {
		_ = f.Close() // nothing was written
		return nil, err
	}
	c := &content{f: f, opened: opened, info: info}
	c.Content = kit.Content{File: f, Tree: schemeName, Key: key, Size: info.size, Unchanged: c.unchanged}
	return c, nil
}

func (c *content) unchanged() (bool, error) {
	now, err := c.f.stat()
	return err == nil && now.unchanged(&c.info), kit.Cause(err)
}
