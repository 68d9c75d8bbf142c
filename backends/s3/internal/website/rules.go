package website

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/s3fc/s3fc/backends/s3/internal/format"
	"github.com/s3fc/s3fc/backends/s3/internal/wire"
	"github.com/s3fc/s3fc/core"
)

const (
	// maxRoutes is how many routing rules a bucket can have.
	maxRoutes = 50
	// routeCode is the status of our rules. Browsers keep a 301 for good if no
	// header says otherwise, and a rule has no headers.
	routeCode = "302"
)

// Links returns the links that routing rules of ours stand for: one GET. A bucket
// without hosting has no rules.
func (s *Site) Links(ctx context.Context) ([]core.Entry, error) {
	config, err := s.Config(ctx)
	switch {
	case errors.Is(err, ErrOff):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("the routing rules of bucket %s cannot be read: %w", s.Bucket, s.Explain(err))
	}
	return s.routeLinks(config.RoutingRules), nil
}

// routeLinks are the links that rules of ours stand for. The first of two rules
// for one key is the one that counts.
func (s *Site) routeLinks(rules []wire.RoutingRule) []core.Entry {
	var links []core.Entry
	for _, r := range rules {
		if e, ours := s.routeLink(r); ours {
			links = append(links, e)
		}
	}
	slices.SortStableFunc(links, func(a, b core.Entry) int { return strings.Compare(a.Key, b.Key) })
	return slices.CompactFunc(links, func(a, b core.Entry) bool { return a.Key == b.Key })
}

// Check says how the rules have to change for want: one GET.
func (s *Site) Check(ctx context.Context, want core.Routes) (core.RouteChange, error) {
	s.managed.Store(true)
	config, err := s.rulable(ctx)
	if err != nil {
		return core.RouteChange{}, err
	}
	_, change, err := s.merge(config.RoutingRules, want)
	return change, err
}

// Apply changes the rules for want with one GET, and one PUT if anything is to be
// changed. S3 knows no condition here: a change by somebody else between the two is
// lost.
func (s *Site) Apply(ctx context.Context, want core.Routes) error {
	config, err := s.rulable(ctx)
	if err != nil {
		return err
	}
	rules, change, err := s.merge(config.RoutingRules, want)
	if err != nil || !change.Any() {
		return err
	}
	return s.putRules(ctx, config, rules)
}

// merge returns have as it has to be for want: the rules of others untouched
// and in their places, ours put right where they stand, new ones at the end.
func (s *Site) merge(have []wire.RoutingRule, want core.Routes) ([]wire.RoutingRule, core.RouteChange, error) {
	m := merger{site: s, want: make(map[string]core.Target), keep: want.Keep}
	for _, l := range want.Links {
		if !s.routable(l) {
			m.Notes = append(m.Notes, fmt.Sprintf("there is no routing rule for %s: a rule can only name letters, digits and -._~/, and not the root of the bucket", core.DisplayKey(l.Key)))
			continue
		}
		m.want[l.Key] = l.Target
	}
	for _, r := range have {
		m.old(r)
	}
	for _, l := range want.Links {
		if target, missing := m.want[l.Key]; missing {
			m.rules = append(m.rules, s.routeRule(l.Key, target))
			m.Set++
		}
	}
	if n := len(m.rules); n > maxRoutes {
		return nil, m.RouteChange, fmt.Errorf("%w: bucket %s would have %d (%d of them for links to directories), and S3 takes %d at most",
			core.ErrTooManyRoutes, s.Bucket, n, len(s.routeLinks(m.rules)), maxRoutes)
	}
	return m.rules, m.RouteChange, nil
}

// merger goes through the rules that are there.
type merger struct {
	site *Site
	want map[string]core.Target // without those that have their rule
	keep func(key string) bool
	done []string // keys that have their rule

	rules []wire.RoutingRule
	core.RouteChange
}

// old takes the next of the rules that are there.
func (m *merger) old(r wire.RoutingRule) {
	l, ours := m.site.routeLink(r)
	if !ours {
		m.rules = append(m.rules, r)
		return
	}
	target, wanted := m.want[l.Key]
	switch {
	case wanted && !target.Same(l.Target):
		r = m.site.routeRule(l.Key, target)
		m.Set++
	case wanted:
	case slices.Contains(m.done, l.Key) || m.keep == nil || !m.keep(l.Key):
		m.Removed++
		return
	}
	if wanted {
		delete(m.want, l.Key)
		m.done = append(m.done, l.Key)
	}
	m.rules = append(m.rules, r)
}

// routable reports whether there can be a rule for a link. Stores differ in how
// they encode a rule's keys, and some take an empty replacement for none.
func (s *Site) routable(l core.Entry) bool {
	from, to := s.Prefix+l.Key, s.Prefix+l.Target.Key
	return l.Target.URL == "" && format.EscapePath(from) == from && format.EscapePath(to) == to && (l.Target.Key != "." || s.Prefix != "")
}

// routeRule is the rule for a link to a directory.
func (s *Site) routeRule(key string, target core.Target) wire.RoutingRule {
	return wire.RoutingRule{
		Condition: &wire.RuleCondition{KeyPrefixEquals: aws.String(s.Prefix + key + "/")},
		Redirect: &wire.RuleRedirect{
			ReplaceKeyPrefixWith: aws.String(path.Join(s.Prefix, target.Key) + "/"), HttpRedirectCode: aws.String(routeCode),
		},
	}
}

// routeLink returns the link that a rule stands for. It is ours if routeRule would
// write the same rule.
func (s *Site) routeLink(r wire.RoutingRule) (l core.Entry, ours bool) {
	c, to := r.Condition, r.Redirect
	if c == nil || to == nil || c.HttpErrorCodeReturnedEquals != nil || to.HostName != nil || to.Protocol != nil ||
		to.ReplaceKeyWith != nil || aws.ToString(to.HttpRedirectCode) != routeCode {
		return core.Entry{}, false
	}
	key, ok := s.routeKey(aws.ToString(c.KeyPrefixEquals))
	target, okTarget := s.routeKey(aws.ToString(to.ReplaceKeyPrefixWith))
	l = core.Entry{Key: key, Kind: core.Link, Target: core.Target{Key: target, Dir: core.IsDir}}
	return l, ok && okTarget && key != "." && s.routable(l)
}

// routeKey returns the key of the directory that a prefix in a rule names, "."
// for the tree's root.
func (s *Site) routeKey(prefix string) (key string, ok bool) {
	key, below := strings.CutPrefix(prefix, s.Prefix)
	if below && key == "" {
		return ".", true
	}
	key, slash := strings.CutSuffix(key, "/")
	return key, below && slash && core.ValidKey(key)
}

// StrayNote is the remark about rules of ours that the run does not update.
func (s *Site) StrayNote(rules []wire.RoutingRule) (note string, any bool) {
	n := len(s.routeLinks(rules))
	return fmt.Sprintf("bucket %s has routing rules for links to directories (%d), which only a run that sets routing rules updates: they may have other targets than the links by now",
		s.Bucket, n), n > 0 && !s.managed.Load()
}
