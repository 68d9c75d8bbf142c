package s3

import (
	"context"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/s3fc/s3fc/core"
)

var _ core.Versioner = (*Tree)(nil)

// Versioning implements [core.Versioner] with one GET. Who may not ask, or asks
// a store that does not know the question, gets no answer.
func (t *Tree) Versioning(ctx context.Context) (core.Versions, error) {
	status, err := t.wire.GetVersioning(ctx)
	switch {
	case refused(err, http.StatusForbidden), refused(err, http.StatusNotImplemented), refused(err, http.StatusMethodNotAllowed):
		return core.VersionsUnknown, nil
	case err != nil:
		return core.VersionsUnknown, t.fail("stat", "", err)
	case status == "Enabled":
		return core.VersionsKept, nil
	}
	return core.VersionsGone, nil
}

// Endpoint is the URL of the store, as the tree's URL, the environment or a
// configuration file has it; empty for the region's own at AWS.
func (t *Tree) Endpoint() string { return aws.ToString(t.client.Options().BaseEndpoint) }
