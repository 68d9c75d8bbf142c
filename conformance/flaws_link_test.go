package conformance_test

import (
	"context"
	"io"
	"strings"

	"github.com/s3fc/s3fc/core"
)

// linkFlaws are of links.
var linkFlaws = []flaw{
	{name: "loses Target.Dir", caught: "DirTargets", open: func() core.Backend {
		return overWith(without(func(f *core.Features) { f.DirTargets = false }), broken{
			features: declare(func(f *core.Features) { f.DirTargets = true }),
		})
	}},
	{name: "turns Target.Dir into its opposite", caught: "DirTargets", open: func() core.Backend {
		return over(broken{put: func(ctx context.Context, b core.Backend, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
			if e.Target.Dir == core.IsDir {
				e.Target.Dir = core.NotDir
			}
			return b.Put(ctx, e, body, old)
		}})
	}},
	{name: "declares links that it has not", caught: "LinkForms", open: func() core.Backend {
		return overWith(without(func(f *core.Features) { f.Links = false }), broken{
			features: declare(func(f *core.Features) { f.Links = true }),
		})
	}},
	{name: "has links that it does not declare", caught: "LinksRefused", open: func() core.Backend {
		return over(broken{features: declare(func(f *core.Features) { f.Links = false })})
	}},
	{name: "declares links to URLs that it has not", caught: "URLLinks", open: func() core.Backend {
		return overWith(without(func(f *core.Features) { f.URLLinks = false }), broken{
			features: declare(func(f *core.Features) { f.URLLinks = true }),
		})
	}},
	{name: "has links to URLs that it does not declare", caught: "URLLinksRefused", open: func() core.Backend {
		return over(broken{features: declare(func(f *core.Features) { f.URLLinks = false })})
	}},
	{name: "decodes the target of a link once too often", caught: "LinkForms", open: func() core.Backend {
		return over(broken{put: func(ctx context.Context, b core.Backend, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
			e.Target.Key = strings.ReplaceAll(e.Target.Key, "%41", "A")
			return b.Put(ctx, e, body, old)
		}})
	}},
	{name: "stores any target", caught: "BadTargets", open: func() core.Backend {
		return over(broken{put: func(ctx context.Context, b core.Backend, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
			if e.Kind == core.Link && e.Target.Check() != nil {
				e.Target = core.Target{Key: "."}
			}
			return b.Put(ctx, e, body, old)
		}})
	}},
	{name: "cuts targets that are too long", caught: "TargetTooLong", open: func() core.Backend {
		return over(broken{
			features: declare(func(f *core.Features) { f.MaxTarget = 500 }),
			put: func(ctx context.Context, b core.Backend, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
				e.Target.Key = e.Target.Key[:min(500, len(e.Target.Key))]
				return b.Put(ctx, e, body, old)
			},
		})
	}},
	{name: "a link that became a file stays a link", caught: "FileToLinkAndBack", open: func() core.Backend {
		return over(broken{put: func(ctx context.Context, b core.Backend, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
			if old != nil && old.Kind == core.Link && e.Kind == core.File {
				return *old, nil
			}
			return b.Put(ctx, e, body, old)
		}})
	}},
	{name: "links are followed on the way", caught: "UnderLink", open: func() core.Backend {
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
	{name: "links are followed on read", caught: "LinkForms", open: func() core.Backend {
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
	{name: "deletes through a link", caught: "UnderLink", open: func() core.Backend {
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
