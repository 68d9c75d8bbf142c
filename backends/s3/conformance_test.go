package s3

import (
	"slices"
	"testing"

	"github.com/s3fc/s3fc/conformance"
	"github.com/s3fc/s3fc/internal/s3server"
	"github.com/s3fc/s3fc/internal/testkit/long"
)

func TestConformance(t *testing.T) {
	for name, prefix := range map[string]string{"bucket": "", "prefix": "a b/é+"} {
		t.Run(name, func(t *testing.T) {
			if name == "bucket" {
				long.Only(t)
			}
			conformance.TestStore(t, func(t testing.TB) conformance.Store { return storeOn(t, prefix) })
		})
	}
}

// TestConformanceOfLiars runs the suite on stores that forget redirects or whose
// ETags are no md5s, and with links of the classic form, without the checks
// that each of these cannot pass, for the reason that is given.
func TestConformanceOfLiars(t *testing.T) {
	long.Only(t)
	for name, c := range map[string]struct {
		o    Options
		l    []s3server.Quirk
		less []string
	}{
		"KMS": {l: []s3server.Quirk{s3server.KMS}},
		// Without redirects a target is held in metadata alone, which has room for
		// less; that shows only at the first link. An audit reports the lost redirect.
		"drops redirects":      {l: []s3server.Quirk{s3server.DropsRedirect}, less: []string{"TargetTooLong", "Auditor"}},
		"KMS, drops redirects": {l: []s3server.Quirk{s3server.KMS, s3server.DropsRedirect}, less: []string{"TargetTooLong", "Auditor"}},
		// All empty objects have one ETag.
		"empty bodies": {o: Options{LinkBody: LinkEmpty}, less: []string{"TokenChanges", "DeleteChanged"}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, check := range conformance.Checks() {
				tree, _ := serve(t, c.o, s3server.With(c.l...))
				store := conformance.Store{Backend: tree}
				if check.Long || slices.Contains(c.less, check.Name) || check.Skip(store) != "" {
					continue
				}
				if err := check.Run(t.Context(), store); err != nil {
					t.Errorf("%s: %v", check.Name, err)
				}
			}
		})
	}
}
