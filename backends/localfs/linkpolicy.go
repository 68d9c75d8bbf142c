package localfs

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

var policyNames = []string{KeepLinks: "keep", FollowLinks: "follow", SkipLinks: "skip"}

// String returns keep, follow or skip.
func (p LinkPolicy) String() string { return policyNames[p] }

// ParseLinkPolicy reads keep, follow or skip; an empty string is keep.
func ParseLinkPolicy(s string) (LinkPolicy, error) {
	if s == "" {
		return KeepLinks, nil
	}
	if i := slices.Index(policyNames, s); i >= 0 {
		return LinkPolicy(i), nil
	}
	return 0, fmt.Errorf("links=%s: expected one of %s", s, strings.Join(policyNames, ", "))
}
