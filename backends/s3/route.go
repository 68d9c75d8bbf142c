package s3

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

var _ core.DirRouter = (*Tree)(nil)

const (
	// maxRoutes is how many routing rules a bucket can have.
	maxRoutes = 50
	// routeCode is the status of our rules. Browsers keep a 301 for good if no
	// header says otherwise, and a rule has no headers.
	routeCode = "302"
)

// Routes implements [core.DirRouter] with one GET. A bucket without hosting has
// no rules.
func (t *Tree) Routes(ctx context.Context) ([]core.Entry, error) {
	config, err := t.website(ctx)
	switch {
	case errors.Is(err, errNoWebsite):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("the routing rules of bucket %s cannot be read: %w", t.bucketName, t.plain(err))
	}
	return t.routeLinks(config.RoutingRules), nil
}

// routeLinks are the links that rules of ours stand for. The first of two rules
// for one key is the one that counts.
func (t *Tree) routeLinks(rules []wire.RoutingRule) []core.Entry {
	var links []core.Entry
	for _, r := range rules {
		if e, ours := t.routeLink(r); ours {
			links = append(links, e)
		}
	}
	slices.SortStableFunc(links, func(a, b core.Entry) int { return strings.Compare(a.Key, b.Key) })
	return slices.CompactFunc(links, func(a, b core.Entry) bool { return a.Key == b.Key })
}

// CheckRoutes implements [core.DirRouter] with one GET.
func (t *Tree) CheckRoutes(ctx context.Context, want core.Routes) (core.RouteChange, error) {
	t.run.lookAfterRoutes()
	config, err := t.rulable(ctx)
	if err != nil {
		return core.RouteChange{}, err
	}
	_, change, err := t.merge(config.RoutingRules, want)
	return change, err
}

// Route implements [core.DirRouter] with one GET, and one PUT if anything is to
// be changed. S3 knows no condition here: what somebody else writes between the
// two is lost.
func (t *Tree) Route(ctx context.Context, want core.Routes) error {
	config, err := t.rulable(ctx)
	if err != nil {
		return err
	}
	rules, change, err := t.merge(config.RoutingRules, want)
	if err != nil || !change.Any() {
		return err
	}
	return t.putRules(ctx, config, rules)
}

// merge returns have as it has to be for want: the rules of others untouched
// and in their places, ours put right where they stand, new ones at the end.
func (t *Tree) merge(have []wire.RoutingRule, want core.Routes) ([]wire.RoutingRule, core.RouteChange, error) {
	m := merger{t: t, want: make(map[string]core.Target), keep: want.Keep}
	for _, l := range want.Links {
		if !t.routable(l) {
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
			m.rules = append(m.rules, t.routeRule(l.Key, target))
			m.Set++
		}
	}
	if n := len(m.rules); n > maxRoutes {
		return nil, m.RouteChange, fmt.Errorf("%w: bucket %s would have %d (%d of them for links to directories), and S3 takes %d at most; use --dir-links=expand or redirect",
			core.ErrTooManyRoutes, t.bucketName, n, len(t.routeLinks(m.rules)), maxRoutes)
	}
	return m.rules, m.RouteChange, nil
}

// merger goes through the rules that are there.
type merger struct {
	t    *Tree
	want map[string]core.Target // without those that have their rule
	keep func(key string) bool
	done []string // keys that have their rule

	rules []wire.RoutingRule
	core.RouteChange
}

// old takes the next of the rules that are there.
func (m *merger) old(r wire.RoutingRule) {
	l, ours := m.t.routeLink(r)
	target, wanted := m.want[l.Key]
	switch {
	case !ours:
	case wanted && !target.Same(l.Target):
		r = m.t.routeRule(l.Key, target)
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
// they encode what a rule names, and an empty replacement is none to some.
func (t *Tree) routable(l core.Entry) bool {
	from, to := t.full(l.Key), t.full(l.Target.Key)
	return l.Target.URL == "" && format.EscapePath(from) == from && format.EscapePath(to) == to && (l.Target.Key != "." || t.prefix != "")
}

// routeRule is the rule for a link to a directory.
func (t *Tree) routeRule(key string, target core.Target) wire.RoutingRule {
	return wire.RoutingRule{
		Condition: &wire.RuleCondition{KeyPrefixEquals: aws.String(t.full(key) + "/")},
		Redirect: &wire.RuleRedirect{
			ReplaceKeyPrefixWith: aws.String(path.Join(t.prefix, target.Key) + "/"), HttpRedirectCode: aws.String(routeCode),
		},
	}
}

// routeLink returns the link that a rule stands for. It is ours if it says
// nothing but what routeRule would say.
func (t *Tree) routeLink(r wire.RoutingRule) (l core.Entry, ours bool) {
	c, to := r.Condition, r.Redirect
	if c == nil || to == nil || c.HttpErrorCodeReturnedEquals != nil || to.HostName != nil || to.Protocol != nil ||
		to.ReplaceKeyWith != nil || aws.ToString(to.HttpRedirectCode) != routeCode {
		return core.Entry{}, false
	}
	key, ok := t.routeKey(aws.ToString(c.KeyPrefixEquals))
	target, okTarget := t.routeKey(aws.ToString(to.ReplaceKeyPrefixWith))
	l = core.Entry{Key: key, Kind: core.Link, Target: core.Target{Key: target, Dir: core.IsDir}}
	return l, ok && okTarget && key != "." && t.routable(l)
}

// routeKey returns the key of the directory that a prefix in a rule names, "."
// for the tree's root.
func (t *Tree) routeKey(prefix string) (key string, ok bool) {
	key, below := strings.CutPrefix(prefix, t.prefix)
	if below && key == "" {
		return ".", true
	}
	key, slash := strings.CutSuffix(key, "/")
	return key, below && slash && core.ValidKey(key)
}

// strayRoutes remarks on rules of ours that nobody looks after.
func (t *Tree) strayRoutes(rules []wire.RoutingRule) (note string, any bool) {
	n := len(t.routeLinks(rules))
	return fmt.Sprintf("bucket %s has routing rules for links to directories (%d), which only --dir-links=rules looks after: they may lead elsewhere than the links by now",
		t.bucketName, n), n > 0 && !t.run.looksAfterRoutes()
}
