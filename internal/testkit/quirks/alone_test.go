package quirks

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/s3fc/s3fc/internal/s3server"
	"github.com/s3fc/s3fc/internal/testkit/long"
)

// endings are the quirks with which a copy cannot succeed, and a text that s3fc has
// to print then.
var endings = map[string]string{
	s3server.Stopped.Name:        `connection refused|no answer`,
	s3server.PlainPort.Name:      `(?i)http`,
	s3server.BadCertificate.Name: `certificate`,
	s3server.DeniesWrites.Name:   `(?i)access ?denied`,
	s3server.LosesLastPage.Name:  `KeyCount|count`,
}

// ambiguous are the quirks with which a copy may succeed, or else says why not:
// these stores do not always tell enough.
var ambiguous = []string{
	s3server.PathEncodedKeys.Name, s3server.EncodesSilently.Name, s3server.SaysEncoded.Name,
	s3server.ListsV1.Name,
}

// inParts are the quirks that matter to files which go up in parts.
var inParts = []string{
	s3server.BareIfMatch.Name, s3server.IgnoresCopyConditions.Name, s3server.NoConditions.Name, s3server.NoCompleteETag.Name,
	s3server.NoETags.Name, s3server.OpaqueETags.Name, s3server.OpaquePartsETags.Name, s3server.KMS.Name, s3server.RewritesAcceptEncoding.Name, s3server.RefusesChecksums.Name,
	s3server.RefusesExpect.Name, s3server.RedirectsPut.Name, s3server.NoCopy.Name, s3server.IgnoresCopySource.Name, s3server.MergesMetadata.Name,
}

// TestEachQuirk plays the story with each quirk alone: with an eighth of them, unless
// the longer tests run.
func TestEachQuirk(t *testing.T) {
	eighth := rand.IntN(8)
	for i, q := range s3server.Quirks() {
		t.Run(q.Name, func(t *testing.T) {
			if i%8 != eighth {
				long.Only(t)
			}
			t.Parallel()
			if err := alone(newLab(t, q), q); err != nil {
				t.Error(err)
			}
		})
	}
}

// alone plays the story with one quirk, and returns the errors.
func alone(l *lab, q s3server.Quirk) error {
	l.Helper()
	well := l.tell(contains(inParts, q.Name))
	said := fmt.Sprint(l.failed)
	ends, mayEnd := endings[q.Name], contains(ambiguous, q.Name)
	switch {
	case ends != "" && well:
		l.fail("all runs ended well, and none should have")
	case ends != "" && !regexp.MustCompile(ends).MatchString(said):
		l.fail("the reason is missing, %s: %s", ends, said)
	case ends == "" && !mayEnd && (!well || len(l.failed) > 0):
		l.fail("not all runs ended well: %s", said)
	}
	return errors.Join(l.errs...)
}

// TestNobodyPays checks the message for a bucket whose owner does not pay.
func TestNobodyPays(t *testing.T) {
	l := newLab(t, s3server.RequesterPays)
	l.stingy = true
	if l.tell(false) || !strings.Contains(fmt.Sprint(l.failed), "AccessDenied") {
		t.Errorf("%v; want that access is denied", l.failed)
	}
	if err := errors.Join(l.errs...); err != nil {
		t.Error(err)
	}
}

func contains(names []string, name string) bool {
	for _, n := range names {
		if strings.EqualFold(n, name) {
			return true
		}
	}
	return false
}
