// Package website looks after the website configuration of a bucket: whether hosting
// is on, and the routing rules for links to directories.
package website

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"

	"github.com/s3fc/s3fc/backends/s3/internal/wire"
)

// ErrOff says that website hosting is off.
var ErrOff = errors.New("website hosting is off")

// Site is the website of a bucket. It is safe for concurrent use.
type Site struct {
	Sender *wire.Sender
	Bucket string
	Prefix string // below which the links are; empty, or with a final slash
	// Explain puts an error in words for a person.
	Explain func(error) error

	managed atomic.Bool // the rules are looked after
}

// Config asks for the bucket's website configuration: one GET. The error is
// [ErrOff] if there is none.
func (s *Site) Config(ctx context.Context) (*wire.Website, error) {
	config, err := s.Sender.GetWebsite(ctx)
	if wire.HasStatus(err, http.StatusNotFound) && wire.CodeOf(err) == "NoSuchWebsiteConfiguration" {
		return nil, ErrOff
	}
	return config, err
}

// OffNote says that links do not redirect yet, and gives the remedy.
func (s *Site) OffNote() string {
	return fmt.Sprintf("website hosting is off for bucket %s: links answer with a 301 only on the website endpoint; "+
		"turn it on with `s3fc website --on s3://%[1]s`", s.Bucket)
}

// rulable asks for a website that can have routing rules. The error says why it
// cannot.
func (s *Site) rulable(ctx context.Context) (*wire.Website, error) {
	config, err := s.Config(ctx)
	switch {
	case errors.Is(err, ErrOff):
		return nil, fmt.Errorf("there can be no routing rules: %s", s.OffNote())
	case err != nil:
		return nil, fmt.Errorf("the routing rules of bucket %s cannot be read: %w", s.Bucket, s.Explain(err))
	case config.RedirectAllRequestsTo != nil:
		return nil, fmt.Errorf("there can be no routing rules: the website of bucket %s redirects everything to %s",
			s.Bucket, config.RedirectAllRequestsTo.HostName)
	}
	return config, nil
}

// putRules replaces the rules of the website, and leaves the rest as it is.
func (s *Site) putRules(ctx context.Context, config *wire.Website, rules []wire.RoutingRule) error {
	changed := *config
	changed.RoutingRules = rules
	if err := s.Sender.PutWebsite(ctx, &changed); err != nil {
		return fmt.Errorf("the routing rules of bucket %s cannot be written: %w", s.Bucket, s.Explain(err))
	}
	return nil
}
