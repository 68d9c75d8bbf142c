package s3

import (
	"context"
	"errors"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/s3fc/s3fc/backends/s3/internal/wire"
	"github.com/s3fc/s3fc/core"
)

var _ core.Versioner = (*Tree)(nil)

// Versioning implements [core.Versioner] with one GET. A store that refuses the
// question, does not know it, or answers another one, does not tell.
func (t *Tree) Versioning(ctx context.Context) (core.Versions, error) {
	status, err := t.wire.GetVersioning(ctx)
	switch {
	case refused(err, http.StatusForbidden), refused(err, http.StatusNotImplemented), refused(err, http.StatusMethodNotAllowed), errors.Is(err, wire.ErrNotS3):
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
