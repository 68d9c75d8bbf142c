package conformance_test

import (
	"context"
	"errors"
	"io"
	"strings"

	"github.com/s3fc/s3fc/core"
)

// putFlaws are of files on their way into a store.
var putFlaws = []flaw{
	{name: "a failed body is stored as far as it came", caught: "AtomicPut", open: func() core.Backend { return over(broken{put: putWhatCame}) }},
	{name: "the error of a body is lost", caught: "AtomicPut", open: func() core.Backend {
		return over(broken{put: func(ctx context.Context, b core.Backend, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
			stored, err := b.Put(ctx, e, body, old)
			if err != nil && !errors.Is(err, core.ErrChanged) {
				err = errors.New(err.Error())
			}
			return stored, err
		}})
	}},
	{name: "a cancelled put is carried out", caught: "CancelledPut", open: func() core.Backend {
		return over(broken{put: func(ctx context.Context, b core.Backend, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
			stored, err := b.Put(context.WithoutCancel(ctx), e, body, old)
			return stored, errors.Join(err, ctx.Err())
		}})
	}},
	{name: "temporary files are listed", caught: "TempInvisible", open: func() core.Backend {
		return over(broken{put: func(ctx context.Context, b core.Backend, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
			if e.Kind != core.File {
				return b.Put(ctx, e, body, old)
			}
			temp := core.Entry{Key: e.Key + ".part", Kind: core.File}
			temp, _ = b.Put(ctx, temp, nil, nil)
			defer b.Delete(ctx, temp) //nolint:errcheck // It is the flaw.
			return b.Put(ctx, e, body, old)
		}})
	}},
	{name: "a wrong md5 is accepted", caught: "WrongMD5", open: func() core.Backend {
		return over(broken{put: func(ctx context.Context, b core.Backend, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
			e.MD5 = core.MD5{}
			return b.Put(ctx, e, body, old)
		}})
	}},
	{name: "a body that is too long is cut", caught: "WrongLength", open: func() core.Backend {
		return over(broken{put: func(ctx context.Context, b core.Backend, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
			if body != nil {
				body = io.LimitReader(body, e.Size)
			}
			return b.Put(ctx, e, body, old)
		}})
	}},
	{name: "the time of the first content stays", caught: "Overwrite", open: func() core.Backend {
		return over(broken{put: func(ctx context.Context, b core.Backend, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
			if old != nil {
				e.ModTime = old.ModTime
			}
			return b.Put(ctx, e, body, old)
		}})
	}},
	{name: "times are lost", caught: "ModTimes", open: func() core.Backend {
		return overWith(without(func(f *core.Features) { f.ModTimes = false }), broken{
			features: declare(func(f *core.Features) { f.ModTimes = true }),
		})
	}},
	{name: "times are kept and not declared", caught: "ModTimes", open: func() core.Backend {
		return over(broken{features: declare(func(f *core.Features) { f.ModTimes = false })})
	}},
	{name: "declares md5s that it has not", caught: "MD5", open: func() core.Backend {
		return overWith(without(func(f *core.Features) { f.StoresMD5 = false }), broken{
			features: declare(func(f *core.Features) { f.StoresMD5 = true }),
		})
	}},
	{name: "has md5s that it does not declare", caught: "MD5", open: func() core.Backend {
		return over(broken{features: declare(func(f *core.Features) { f.StoresMD5 = false })})
	}},
	{name: "takes an ETag for an md5", caught: "MD5", open: func() core.Backend {
		return over(broken{stat: func(ctx context.Context, b core.Backend, key string) (core.Entry, error) {
			e, err := b.Stat(ctx, key)
			e.MD5 = core.SumMD5([]byte(e.Token))
			return e, err
		}})
	}},
	{name: "needs md5s and does not declare it", caught: "NoMD5", open: func() core.Backend {
		return overWith(without(func(f *core.Features) { f.NeedsMD5 = true }), broken{
			features: declare(func(f *core.Features) { f.NeedsMD5 = false }),
		})
	}},
	{name: "declares to be flat and is not", caught: "FileAndDir", open: func() core.Backend {
		return overWith(without(func(f *core.Features) { f.Flat = false }), broken{
			features: declare(func(f *core.Features) { f.Flat = true }),
		})
	}},
	{name: "a file takes the place of a directory", caught: "FileAndDir", open: func() core.Backend {
		return over(broken{features: declare(func(f *core.Features) { f.Flat = false })})
	}},
	{name: "puts an Other as a file", caught: "PutsNoOther", open: func() core.Backend {
		return over(broken{put: func(ctx context.Context, b core.Backend, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
			if e.Kind == core.Other {
				e.Kind = core.File
			}
			return b.Put(ctx, e, body, old)
		}})
	}},
	{name: "the token is that of the key", caught: "TokenChanges", open: func() core.Backend {
		return overWith(without(func(f *core.Features) { f.Create, f.Replace = core.GuardNone, core.GuardNone }), broken{
			stat: func(ctx context.Context, b core.Backend, key string) (core.Entry, error) {
				e, err := b.Stat(ctx, key)
				e.Token = key
				return e, err
			},
			put: func(ctx context.Context, b core.Backend, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
				stored, err := b.Put(ctx, e, body, old)
				stored.Token = e.Key
				return stored, err
			},
		})
	}},
	{name: "returns the entry that Put was given", caught: "PutMatchesStat", open: func() core.Backend {
		return over(broken{put: func(ctx context.Context, b core.Backend, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
			_, err := b.Put(ctx, e, body, old)
			return e, err
		}})
	}},
	{name: "keys are unescaped", caught: "Keys", open: func() core.Backend {
		return over(broken{put: func(ctx context.Context, b core.Backend, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
			e.Key = strings.ReplaceAll(e.Key, "+", " ")
			return b.Put(ctx, e, body, old)
		}})
	}},
	{name: "long keys are cut", caught: "LongKeys", open: func() core.Backend {
		return over(broken{
			features: declare(func(f *core.Features) { f.MaxKey = 600 }),
			put: func(ctx context.Context, b core.Backend, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
				e.Key = e.Key[:min(600, len(e.Key))]
				return b.Put(ctx, e, body, old)
			},
		})
	}},
	{name: "keys are cleaned", caught: "InvalidKeys", open: func() core.Backend {
		return over(broken{stat: func(ctx context.Context, b core.Backend, key string) (core.Entry, error) {
			return b.Stat(ctx, strings.TrimPrefix(strings.TrimSuffix(key, "/"), "./"))
		}})
	}},
	{name: "a byte is lost", caught: "RoundTrip", open: func() core.Backend {
		return over(broken{open: func(ctx context.Context, b core.Backend, key string) (io.ReadCloser, core.Entry, error) {
			rc, e, err := b.Open(ctx, key)
			if rc != nil && e.Size > 1 {
				rc = io.NopCloser(io.LimitReader(rc, e.Size-1))
			}
			return rc, e, err
		}})
	}},
	{name: "a large body that fails is stored as far as it came", caught: "LargeFailures", open: func() core.Backend {
		return over(broken{put: func(ctx context.Context, b core.Backend, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
			if e.Size <= 16<<20 {
				return b.Put(ctx, e, body, old)
			}
			return putWhatCame(ctx, b, e, body, old)
		}})
	}},
	{name: "a part of a large file is lost", caught: "LargeRoundTrip", open: func() core.Backend {
		return over(broken{put: func(ctx context.Context, b core.Backend, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
			if e.Size <= 16<<20 {
				return b.Put(ctx, e, body, old)
			}
			e.Size, e.MD5 = 16<<20, core.MD5{}
			return b.Put(ctx, e, io.LimitReader(body, e.Size), old)
		}})
	}},
}
