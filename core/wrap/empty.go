package wrap

import (
	"context"
	"io"
	"io/fs"
	"iter"

	"github.com/s3fc/s3fc/core"
)

// Empty is a tree of these features that has no entries and refuses every change
// with [fs.ErrPermission]. It stands in for a tree that does not exist.
func Empty(f core.Features) core.Backend { return empty{f} }

type empty struct{ features core.Features }

func (t empty) Features() core.Features { return t.features }

func (empty) List(ctx context.Context, _ string) iter.Seq2[core.Entry, error] {
	return func(yield func(core.Entry, error) bool) {
		if err := ctx.Err(); err != nil {
			yield(core.Entry{}, err)
		}
	}
}

func (empty) Stat(_ context.Context, key string) (core.Entry, error) {
	return core.Entry{}, absentError("stat", key)
}

func (empty) Open(_ context.Context, key string) (io.ReadCloser, core.Entry, error) {
	return nil, core.Entry{}, absentError("open", key)
}

func (empty) Put(_ context.Context, e core.Entry, _ io.Reader, _ *core.Entry) (core.Entry, error) {
	return core.Entry{}, denied("put", e.Key)
}

func (empty) Delete(_ context.Context, old core.Entry) error { return denied("delete", old.Key) }

// absentError is the error of an entry that is not there.
func absentError(op, key string) error { return &core.Error{Op: op, Key: key, Err: fs.ErrNotExist} }
