package sftp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	pkgsftp "github.com/pkg/sftp"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/kit"
)

// Open implements [core.Tree]. The md5 of the entry is not known. The reader is a
// [kit.Content].
func (t *Tree) Open(ctx context.Context, key string) (io.ReadCloser, core.Entry, error) {
	var err error
	for range tries {
		e, statErr := t.stat(ctx, key)
		if statErr != nil || e.Kind != core.File {
			return nil, e, fail("open", key, statErr)
		}
		var c *kit.Content
		if c, err = t.content(ctx, e); err == nil {
			return c, e, nil
		}
		if core.IsTransient(err) || ctx.Err() != nil {
			break
		}
	}
	return nil, core.Entry{}, fail("open", key, err)
}

// content opens the file e, and checks that the open file is e.
func (t *Tree) content(ctx context.Context, e core.Entry) (*kit.Content, error) {
	f, err := ask(ctx, t.session, func(c *client) (*file, error) {
		f, err := c.Open(t.path(e.Key))
		if err != nil {
			return nil, err
		}
		return &file{ctx, t.session, c, f}, nil
	})
	if err != nil {
		return nil, err
	}
	unchanged := func() (bool, error) {
		info, err := f.stat()
		return err == nil && info.Mode().IsRegular() && token(info) == e.Token, err
	}
	if same, err := unchanged(); err != nil || !same {
		_ = f.Close() // nothing was written
		if err == nil {
			err = fmt.Errorf("%w: another file was put in its place", core.ErrChanged)
		}
		return nil, err
	}
	return &kit.Content{File: f, Tree: schemeName, Key: e.Key, Size: e.Size, Unchanged: unchanged}, nil
}

// A file is an open file of one connection.
type file struct {
	ctx     context.Context //nolint:containedctx // It lives as long as one Open.
	session *session
	client  *client
	f       *pkgsftp.File
}

// Read implements [io.Reader].
func (f *file) Read(p []byte) (int, error) {
	return f.reading(func() (int, error) { return f.f.Read(p) })
}

// ReadAt implements [io.ReaderAt].
func (f *file) ReadAt(p []byte, off int64) (int, error) {
	return f.reading(func() (int, error) { return f.f.ReadAt(p, off) })
}

func (f *file) reading(read func() (int, error)) (int, error) {
	if err := f.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := read()
	if errors.Is(err, io.EOF) {
		return n, io.EOF
	}
	return n, f.session.answer(f.client, err)
}

func (f *file) stat() (os.FileInfo, error) {
	info, err := f.f.Stat()
	return info, f.session.answer(f.client, err)
}

// Close implements [io.Closer]. A connection that was lost has closed it.
func (f *file) Close() error {
	err := f.session.answer(f.client, f.f.Close())
	if core.IsTransient(err) {
		return nil
	}
	return err
}
