// Package release deploys a site as releases: each is a directory of its own below
// releases/, and the link current leads to one of them. A release has a marker beside
// it, releases/.s3fc/ID.json, which is no entry of the site. It is made first, by
// whoever may write that release, and says once the release is complete.
package release
