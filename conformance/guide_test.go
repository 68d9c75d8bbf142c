package conformance_test

import (
	"os"
	"strings"
	"testing"

	"github.com/s3fc/s3fc/conformance"
)

// TestEachCaseNamesASectionOfTheGuide checks that a person whose backend fails finds
// the text that explains the case.
func TestEachCaseNamesASectionOfTheGuide(t *testing.T) {
	guide, err := os.ReadFile("../docs/backend.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range conformance.Checks() {
		if !strings.Contains(string(guide), "\n## "+c.Guide+"\n") {
			t.Errorf("%s: docs/backend.md has no section %q", c.Name, c.Guide)
		}
	}
}
