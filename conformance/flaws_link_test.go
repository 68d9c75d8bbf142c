package conformance_test

import (
	"context"
	"io"
	"strings"

	"github.com/s3fc/s3fc/core"
)

// linkFlaws are of links.
var linkFlaws = []flaw{
	{"what a target is gets lost", "DirTargets", func() core.Backend {
		return overWith(without(func(f *core.Features) { f.DirTargets = false }), broken{
			features: declare(func(f *core.Features) { f.DirTargets = true }),
		})
	}},
	{"what a target is turns into its opposite", "DirTargets", func() core.Backend {
		return over(broken{put: func(ctx context.Context, b core.Backend, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
			if e.Target.Dir == core.IsDir {
				e.Target.Dir = core.NotDir
			}
			return b.Put(ctx, e, body, old)
		}})
	}},
	{"declares links that it has not", "LinkForms", func() core.Backend {
		return overWith(without(func(f *core.Features) { f.Links = false }), broken{
			features: declare(func(f *core.Features) { f.Links = true }),
		})
	}},
	{"has links that it does not declare", "LinksRefused", func() core.Backend {
		return over(broken{features: declare(func(f *core.Features) { f.Links = false })})
	}},
	{"declares links to URLs that it has not", "URLLinks", func() core.Backend {
		return overWith(without(func(f *core.Features) { f.URLLinks = false }), broken{
			features: declare(func(f *core.Features) { f.URLLinks = true }),
		})
	}},
	{"has links to URLs that it does not declare", "URLLinksRefused", func() core.Backend {
		return over(broken{features: declare(func(f *core.Features) { f.URLLinks = false })})
	}},
	{"decodes the target of a link once too often", "LinkForms", func() core.Backend {
		return over(broken{put: func(ctx context.Context, b core.Backend, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
			e.Target.Key = strings.ReplaceAll(e.Target.Key, "%41", "A")
			return b.Put(ctx, e, body, old)
		}})
	}},
	{"stores any target", "BadTargets", func() core.Backend {
		return over(broken{put: func(ctx context.Context, b core.Backend, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
			if e.Kind == core.Link && e.Target.Check() != nil {
				e.Target = core.Target{Key: "."}
			}
			return b.Put(ctx, e, body, old)
		}})
	}},
	{"cuts targets that are too long", "TargetTooLong", func() core.Backend {
		return over(broken{
			features: declare(func(f *core.Features) { f.MaxTarget = 500 }),
			put: func(ctx context.Context, b core.Backend, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
				e.Target.Key = e.Target.Key[:min(500, len(e.Target.Key))]
				return b.Put(ctx, e, body, old)
			},
		})
	}},
	{"a link that became a file stays a link", "FileToLinkAndBack", func() core.Backend {
		return over(broken{put: func(ctx context.Context, b core.Backend, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
			if old != nil && old.Kind == core.Link && e.Kind == core.File {
				return *old, nil
			}
			return b.Put(ctx, e, body, old)
		}})
	}},
	{"links are followed on the way", "UnderLink", func() core.Backend {
		follow := func(ctx context.Context, b core.Backend, key string) string {
			if dir, name, ok := strings.Cut(key, "/"); ok {
				if e, err := b.Stat(ctx, dir); err == nil && e.Kind == core.Link {
					return e.Target.Key + "/" + name
				}
			}
			return key
		}
		return over(broken{
			stat: func(ctx context.Context, b core.Backend, key string) (core.Entry, error) {
				return b.Stat(ctx, follow(ctx, b, key))
			},
			open: func(ctx context.Context, b core.Backend, key string) (io.ReadCloser, core.Entry, error) {
				return b.Open(ctx, follow(ctx, b, key))
			},
		})
	}},
	{"links are followed on read", "LinkForms", func() core.Backend {
		return over(broken{open: func(ctx context.Context, b core.Backend, key string) (io.ReadCloser, core.Entry, error) {
			rc, e, err := b.Open(ctx, key)
			if err == nil && e.Kind == core.Link {
				if to, _, err := b.Open(ctx, e.Target.Key); err == nil {
					return to, e, nil
				}
			}
			return rc, e, err
		}})
	}},
	{"deletes through a link", "UnderLink", func() core.Backend {
		return over(broken{del: func(ctx context.Context, b core.Backend, old core.Entry) error {
			if dir, name, ok := strings.Cut(old.Key, "/"); ok {
				if e, err := b.Stat(ctx, dir); err == nil && e.Kind == core.Link {
					old.Key = e.Target.Key + "/" + name
				}
			}
			return b.Delete(ctx, old)
		}})
	}},
}
