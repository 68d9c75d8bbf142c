package s3

import (
	"context"
	"errors"

	"github.com/s3fc/s3fc/backends/s3/internal/format"
	"github.com/s3fc/s3fc/backends/s3/internal/website"
	"github.com/s3fc/s3fc/core"
)

var _ core.Finisher = (*Tree)(nil)

// Finish implements [core.Finisher]. It aborts the unfinished uploads of runs that
// were killed. After links were put, one request asks whether website hosting is
// on, and the notes say where the site is, or how to turn it on. They also name the
// abilities that the store lacks. A failed request is no error.
func (t *Tree) Finish(ctx context.Context, done core.Done) (notes []string, err error) {
	t.uploads.AbortLeft(ctx, t.prefix)
	redirects := done.LinksPut > 0 && keepsRedirects(t.can)
	notes = t.can.Notes()
	t.writer.run.next()
	if !redirects {
		return notes, nil
	}
	config, err := t.site.Config(ctx)
	switch {
	case errors.Is(err, website.ErrOff):
		notes = append(notes, t.site.OffNote())
	case err == nil:
		if address := t.WebsiteAddress(); address != "" {
			notes = append(notes, "the site is at "+address+"/"+format.EscapePath(t.prefix))
		}
		if note, any := t.site.StrayNote(config.RoutingRules); any {
			notes = append(notes, note)
		}
	}
	return notes, nil
}
