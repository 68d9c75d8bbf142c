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
	{"a failed body is stored as far as it came", "AtomicPut", func() core.Backend { return over(broken{put: putWhatCame}) }},
	{"the error of a body is lost", "AtomicPut", func() core.Backend {
		return over(broken{put: func(ctx context.Context, b core.Backend, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
			stored, err := b.Put(ctx, e, body, old)
			if err != nil && !errors.Is(err, core.ErrChanged) {
				err = errors.New(err.Error())
			}
			return stored, err
		}})
	}},
	{"a cancelled put is carried out", "CancelledPut", func() core.Backend {
		return over(broken{put: func(ctx context.Context, b core.Backend, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
			stored, err := b.Put(context.WithoutCancel(ctx), e, body, old)
			return stored, errors.Join(err, ctx.Err())
		}})
	}},
	{"temporary files are listed", "TempInvisible", func() core.Backend {
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
	{"a wrong md5 is accepted", "WrongMD5", func() core.Backend {
		return over(broken{put: func(ctx context.Context, b core.Backend, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
			e.MD5 = core.MD5{}
			return b.Put(ctx, e, body, old)
		}})
	}},
	{"a body that is too long is cut", "WrongLength", func() core.Backend {
		return over(broken{put: func(ctx context.Context, b core.Backend, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
			if body != nil {
				body = io.LimitReader(body, e.Size)
			}
			return b.Put(ctx, e, body, old)
		}})
	}},
	{"the time of the first content stays", "Overwrite", func() core.Backend {
		return over(broken{put: func(ctx context.Context, b core.Backend, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
			if old != nil {
				e.ModTime = old.ModTime
			}
			return b.Put(ctx, e, body, old)
		}})
	}},
	{"times are lost", "ModTimes", func() core.Backend {
		return overWith(without(func(f *core.Features) { f.ModTimes = false }), broken{
			features: declare(func(f *core.Features) { f.ModTimes = true }),
		})
	}},
	{"times are kept and not declared", "ModTimes", func() core.Backend {
		return over(broken{features: declare(func(f *core.Features) { f.ModTimes = false })})
	}},
	{"declares md5s that it has not", "MD5", func() core.Backend {
		return overWith(without(func(f *core.Features) { f.StoresMD5 = false }), broken{
			features: declare(func(f *core.Features) { f.StoresMD5 = true }),
		})
	}},
	{"has md5s that it does not declare", "MD5", func() core.Backend {
		return over(broken{features: declare(func(f *core.Features) { f.StoresMD5 = false })})
	}},
	{"takes an ETag for an md5", "MD5", func() core.Backend {
		return over(broken{stat: func(ctx context.Context, b core.Backend, key string) (core.Entry, error) {
			e, err := b.Stat(ctx, key)
			e.MD5 = core.SumMD5([]byte(e.Token))
			return e, err
		}})
	}},
	{"needs md5s and does not declare it", "NoMD5", func() core.Backend {
		return overWith(without(func(f *core.Features) { f.NeedsMD5 = true }), broken{
			features: declare(func(f *core.Features) { f.NeedsMD5 = false }),
		})
	}},
	{"declares to be flat and is not", "FileAndDir", func() core.Backend {
		return overWith(without(func(f *core.Features) { f.Flat = false }), broken{
			features: declare(func(f *core.Features) { f.Flat = true }),
		})
	}},
	{"a file takes the place of a directory", "FileAndDir", func() core.Backend {
		return over(broken{features: declare(func(f *core.Features) { f.Flat = false })})
	}},
	{"what is put is not what was to be put", "PutsNoOther", func() core.Backend {
		return over(broken{put: func(ctx context.Context, b core.Backend, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
			if e.Kind == core.Other {
				e.Kind = core.File
			}
			return b.Put(ctx, e, body, old)
		}})
	}},
	{"the token is that of the key", "TokenChanges", func() core.Backend {
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
	{"Put returns what it was given", "PutMatchesStat", func() core.Backend {
		return over(broken{put: func(ctx context.Context, b core.Backend, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
			_, err := b.Put(ctx, e, body, old)
			return e, err
		}})
	}},
	{"keys are unescaped", "Keys", func() core.Backend {
		return over(broken{put: func(ctx context.Context, b core.Backend, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
			e.Key = strings.ReplaceAll(e.Key, "+", " ")
			return b.Put(ctx, e, body, old)
		}})
	}},
	{"long keys are cut", "LongKeys", func() core.Backend {
		return over(broken{
			features: declare(func(f *core.Features) { f.MaxKey = 600 }),
			put: func(ctx context.Context, b core.Backend, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
				e.Key = e.Key[:min(600, len(e.Key))]
				return b.Put(ctx, e, body, old)
			},
		})
	}},
	{"keys are cleaned", "InvalidKeys", func() core.Backend {
		return over(broken{stat: func(ctx context.Context, b core.Backend, key string) (core.Entry, error) {
			return b.Stat(ctx, strings.TrimPrefix(strings.TrimSuffix(key, "/"), "./"))
		}})
	}},
	{"a byte is lost", "RoundTrip", func() core.Backend {
		return over(broken{open: func(ctx context.Context, b core.Backend, key string) (io.ReadCloser, core.Entry, error) {
			rc, e, err := b.Open(ctx, key)
			if rc != nil && e.Size > 1 {
				rc = io.NopCloser(io.LimitReader(rc, e.Size-1))
			}
			return rc, e, err
		}})
	}},
	{"a large body that fails is stored as far as it came", "LargeFailures", func() core.Backend {
		return over(broken{put: func(ctx context.Context, b core.Backend, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
			if e.Size <= 16<<20 {
				return b.Put(ctx, e, body, old)
			}
			return putWhatCame(ctx, b, e, body, old)
		}})
	}},
	{"a part of a large file is lost", "LargeRoundTrip", func() core.Backend {
		return over(broken{put: func(ctx context.Context, b core.Backend, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
			if e.Size <= 16<<20 {
				return b.Put(ctx, e, body, old)
			}
			e.Size, e.MD5 = 16<<20, core.MD5{}
			return b.Put(ctx, e, io.LimitReader(body, e.Size), old)
		}})
	}},
}
