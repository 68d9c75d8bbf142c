package s3

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/s3fc/s3fc/backends/s3/internal/wire"
)

var errNoWebsite = errors.New("website hosting is off")

// website asks for the bucket's website configuration: one GET. The error is
// errNoWebsite if there is none.
func (t *Tree) website(ctx context.Context) (*wire.Website, error) {
	config, err := t.wire.GetWebsite(ctx)
	if refused(err, http.StatusNotFound) && code(err) == "NoSuchWebsiteConfiguration" {
		return nil, errNoWebsite
	}
	return config, err
}

// hostingOff says that links are no redirects yet, and what to do.
func (t *Tree) hostingOff() string {
	return fmt.Sprintf("website hosting is off for bucket %s: links answer with a 301 only on the website endpoint; "+
		"turn it on with `aws s3 website s3://%[1]s --index-document index.html`", t.bucketName)
}

// rulable asks for a website that can have routing rules. The error says what
// is in the way of them.
func (t *Tree) rulable(ctx context.Context) (*wire.Website, error) {
	config, err := t.website(ctx)
	switch {
	case errors.Is(err, errNoWebsite):
		return nil, fmt.Errorf("there can be no routing rules: %s", t.hostingOff())
	case err != nil:
		return nil, fmt.Errorf("the routing rules of bucket %s cannot be read: %w", t.bucketName, t.plain(err))
	case config.RedirectAllRequestsTo != nil:
		return nil, fmt.Errorf("there can be no routing rules: the website of bucket %s redirects everything to %s",
			t.bucketName, config.RedirectAllRequestsTo.HostName)
	}
	return config, nil
}

// putRules replaces the rules of the website, and leaves the rest as it is.
func (t *Tree) putRules(ctx context.Context, config *wire.Website, rules []wire.RoutingRule) error {
	changed := *config
	changed.RoutingRules = rules
	if err := t.wire.PutWebsite(ctx, &changed); err != nil {
		return fmt.Errorf("the routing rules of bucket %s cannot be written: %w", t.bucketName, t.plain(err))
	}
	return nil
}
