package cmd

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"

	"github.com/s3fc/s3fc/core"
)

// absent is the tree that a destination will be once it is made: empty, and
// not to be written to, because only a plan is wanted of it.
type absent struct{ features core.Features }

var errAbsent = errors.New("the tree was opened to look only")

func (t *absent) List(context.Context, string) iter.Seq2[core.Entry, error] {
	return func(func(core.Entry, error) bool) {}
}

func (t *absent) Stat(_ context.Context, key string) (core.Entry, error) {
	return core.Entry{}, &core.Error{Op: "stat", Key: key, Err: fs.ErrNotExist}
}

func (t *absent) Open(_ context.Context, key string) (io.ReadCloser, core.Entry, error) {
	return nil, core.Entry{}, &core.Error{Op: "open", Key: key, Err: fs.ErrNotExist}
}

func (t *absent) Features() core.Features { return t.features }

func (t *absent) Put(_ context.Context, e core.Entry, _ io.Reader, _ *core.Entry) (core.Entry, error) {
	return core.Entry{}, &core.Error{Op: "put", Key: e.Key, Err: errAbsent}
}

func (t *absent) Delete(context.Context, core.Entry) error { return nil }
