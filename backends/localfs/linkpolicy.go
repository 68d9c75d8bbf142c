package localfs

import "github.com/s3fc/s3fc/core/kit"

// LinkPolicy says how a listing shows symbolic links.
type LinkPolicy = kit.LinkPolicy

// The link policies.
const (
	KeepLinks   = kit.KeepLinks
	FollowLinks = kit.FollowLinks
	SkipLinks   = kit.SkipLinks
)
