package kit

import (
	"fmt"
	"slices"
	"strings"
)

// LinkPolicy says how a listing shows symbolic links.
type LinkPolicy uint8

// The link policies.
const (
	KeepLinks   LinkPolicy = iota // a link is a link
	FollowLinks                   // a link is shown as its target
	SkipLinks                     // a link is an Other: not carried, and protected
)

// LinkPolicies are the names of the policies, the default first.
var LinkPolicies = []string{KeepLinks: "keep", FollowLinks: "follow", SkipLinks: "skip"}

// String returns keep, follow or skip.
func (p LinkPolicy) String() string { return LinkPolicies[p] }

// ParseLinkPolicy reads keep, follow or skip; an empty string is keep.
func ParseLinkPolicy(s string) (LinkPolicy, error) {
	if s == "" {
		return KeepLinks, nil
	}
	if i := slices.Index(LinkPolicies, s); i >= 0 {
		return LinkPolicy(i), nil
	}
	return 0, fmt.Errorf("links=%s: expected one of %s", s, strings.Join(LinkPolicies, ", "))
}

// Problems of entries under a policy other than KeepLinks.
var (
	// ErrLeadsNowhere is that of a link whose target cannot be shown under FollowLinks.
	ErrLeadsNowhere = refuse("the link is dangling, or part of a ring of links, and links are followed")
	// ErrEndless is that of a link to a directory in which it is itself.
	ErrEndless = refuse("the link leads to a directory that it is in, so following it would never end")
)
