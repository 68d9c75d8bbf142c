package s3

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"strconv"

	"github.com/s3fc/s3fc/backends/s3/internal/website"
	"github.com/s3fc/s3fc/backends/s3/internal/wire"
	"github.com/s3fc/s3fc/core"
)

var _ core.WebsiteReader = (*Tree)(nil)

// Website implements [core.WebsiteReader] with one GET.
func (t *Tree) Website(ctx context.Context) (*core.Website, error) {
	config, err := t.site.Config(ctx)
	switch {
	case errors.Is(err, website.ErrOff):
		return &core.Website{Prefix: t.prefix}, nil
	case err != nil:
		return &core.Website{Prefix: t.prefix}, fmt.Errorf("the website configuration of bucket %s cannot be read: %w", t.bucketName, explainer(t.bucketName).plain(err))
	}
	return siteOf(config, t.prefix)
}

// siteOf translates a bucket's configuration.
func siteOf(config *wire.Website, prefix string) (*core.Website, error) {
	var index struct{ Suffix string }
	var errorDoc struct{ Key string }
	site := &core.Website{Prefix: prefix}
	if err := errors.Join(readVerbatim(config.IndexDocument, &index), readVerbatim(config.ErrorDocument, &errorDoc)); err != nil {
		return site, fmt.Errorf("the website configuration is not understood: %w", err)
	}
	site.Index, site.Error = index.Suffix, errorDoc.Key
	if all := config.RedirectAllRequestsTo; all != nil {
		scheme := all.Protocol
		if scheme == "" {
			scheme = "http"
		}
		site.RedirectAll = scheme + "://" + all.HostName
	}
	for _, r := range config.RoutingRules {
		rule, err := siteRule(r)
		if err != nil {
			return site, err
		}
		site.Rules = append(site.Rules, rule)
	}
	return site, nil
}

func readVerbatim(v *wire.Verbatim, to any) error {
	if v == nil {
		return nil
	}
	return xml.Unmarshal([]byte("<v>"+v.Inner+"</v>"), to)
}

func siteRule(r wire.RoutingRule) (rule core.WebsiteRule, err error) {
	text := func(p *string) string {
		if p == nil {
			return ""
		}
		return *p
	}
	number := func(p *string) int {
		if p == nil {
			return 0
		}
		n, bad := strconv.Atoi(*p)
		if bad != nil {
			err = fmt.Errorf("a routing rule has the status %q, which is no number", *p)
		}
		return n
	}
	if c := r.Condition; c != nil {
		rule.KeyPrefix, rule.Status = text(c.KeyPrefixEquals), number(c.HttpErrorCodeReturnedEquals)
	}
	if to := r.Redirect; to != nil {
		rule.Scheme, rule.Host, rule.Code = text(to.Protocol), text(to.HostName), number(to.HttpRedirectCode)
		rule.NewKey, rule.NewPrefix = to.ReplaceKeyWith, to.ReplaceKeyPrefixWith
	}
	return rule, err
}
