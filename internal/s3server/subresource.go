package s3server

import (
	"net/http"
	"slices"

	"github.com/johannesboyne/gofakes3"
)

// unserved are the query parameters of subresources that this server lacks.
// gofakes3 would ignore them, and create or list a bucket, or read or write an
// object.
var unserved = []string{
	"accelerate", "acl", "analytics", "attributes", "cors", "encryption", "intelligent-tiering", "inventory",
	"legal-hold", "lifecycle", "logging", "metadataConfiguration", "metadataTable", "metrics", "notification",
	"object-lock", "ownershipControls", "policy", "policyStatus", "publicAccessBlock", "replication",
	"requestPayment", "restore", "retention", "select", "session", "tagging", "torrent", "versionId", "versions",
}

// checkSubresource refuses requests for subresources that this server lacks.
func checkSubresource(r *http.Request, key string) error {
	q := r.URL.Query()
	refuse := slices.ContainsFunc(unserved, q.Has)
	if key == "" && r.Method == http.MethodPost && !q.Has("delete") {
		refuse = true // a browser's upload form
	}
	if refuse {
		return gofakes3.ErrorMessage(gofakes3.ErrNotImplemented, "A parameter you provided implies functionality that is not implemented")
	}
	return nil
}
