package s3

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"strings"

	"github.com/s3fc/s3fc/backends/s3/internal/ability"
	"github.com/s3fc/s3fc/backends/s3/internal/listing"
	"github.com/s3fc/s3fc/backends/s3/internal/wire"
	"github.com/s3fc/s3fc/core"
)

// pages asks for the pages of listings.
type pages struct {
	prefix    string
	unordered bool
	flat      bool
	ranges    bool // a listing of a range hides no key
	sender    *wire.Sender
	can       *ability.Set
	usable    func(key string) bool
	encoding  *listing.Encoding
}

// after returns the listing of the keys of the tree that follow after. It is
// split at the keys of a hint where nothing is lost if the store hides an entry:
// some stores hide keys when they are asked for ranges, because they have an
// order of their own.
func (p *pages) after(ctx context.Context, after string) *listing.Lister {
	l := p.lister(p.prefix)
	if after != "" {
		l.After = p.prefix + after
	}
	hint, ok := core.KeyHintOf(ctx)
	if ok && (p.ranges || hint.Harmless) && !p.unordered && p.flat {
		l.Known = func(yield func(string) bool) {
			for key := range hint.Keys {
				if !yield(p.prefix + key) {
					return
				}
			}
		}
	}
	return l
}

// lister returns the listing of the keys in the bucket that begin with prefix.
func (p *pages) lister(prefix string) *listing.Lister {
	return &listing.Lister{
		Ask:    func(ctx context.Context, q listing.Query) (listing.Page, error) { return p.ask(ctx, prefix, q) },
		Prefix: prefix, NoStart: p.unordered, Encoding: p.encoding,
		Usable: func(key string) bool { return p.usable(strings.TrimPrefix(key, p.prefix)) },
	}
}

// ask gets one page of a listing: one LIST. A page of which the answer says
// that it has more objects is asked for once more, and then is an error: the missing
// ones would be taken for deleted.
func (p *pages) ask(ctx context.Context, prefix string, q listing.Query) (listing.Page, error) {
	for try := 1; ; try++ {
		page, err := p.read(ctx, prefix, q)
		if err != nil {
			return page, err
		}
		switch missing := page.Missing(); {
		case missing < 0:
			p.can.Lose(ability.KeyCount)
		case missing > 0 && p.can.Has(ability.KeyCount) && try == 2:
			return page, fmt.Errorf("the store's answer has %d objects, and its KeyCount is %d: objects are missing, or, if KeyCount is wrong, add %s=%s to the URL",
				len(page.Objects), page.Count, paramLacks, ability.KeyCount.Name())
		case missing > 0 && p.can.Has(ability.KeyCount):
			continue
		}
		return page, nil
	}
}

func (p *pages) read(ctx context.Context, prefix string, q listing.Query) (page listing.Page, err error) {
	r := wire.NewRequest(http.MethodGet, "")
	r.Query = url.Values{"list-type": {"2"}, "encoding-type": {"url"}}
	for name, value := range map[string]string{"prefix": prefix, "start-after": q.After, "continuation-token": q.Token} {
		if value != "" {
			r.Query.Set(name, value)
		}
	}
	_, err = p.sender.Read(ctx, r, func(b []byte) error {
		page, err = listing.Parse(b)
		switch {
		case errors.Is(err, listing.ErrNoListing):
			return wire.ErrNotS3
		case err != nil:
			return &wire.BrokenError{Err: err}
		}
		return nil
	})
	return page, err
}

// listed returns an object as a listing of its key alone shows it: one LIST.
func (p *pages) listed(ctx context.Context, full string) (listing.Object, error) {
	page, err := p.lister(full).First(ctx)
	if err != nil {
		return listing.Object{}, err
	}
	for _, o := range page { // in order, it is the first
		if o.Key == full {
			return o, nil
		}
	}
	return listing.Object{}, fmt.Errorf("%w: it is not listed", fs.ErrNotExist)
}
