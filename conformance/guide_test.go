package conformance_test

import (
	"os"
	"regexp"
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

// stableAbility is a line of core/doc.go's list, and one name in it.
var (
	stableAbility = regexp.MustCompile(`(?m)^//   - (\[[A-Z].*?\]): `)
	abilityName   = regexp.MustCompile(`\[([A-Za-z]+)\]`)
)

// TestEachStableAbilityHasACase checks that each interface that core calls stable has
// a case of its own name, and stands in the guide.
func TestEachStableAbilityHasACase(t *testing.T) {
	doc, err := os.ReadFile("../core/doc.go")
	if err != nil {
		t.Fatal(err)
	}
	_, list, ok := strings.Cut(string(doc), "// These are stable:\n")
	list, _, end := strings.Cut(list, "// These exist for speed")
	if !ok || !end {
		t.Fatal("core/doc.go has no list of stable abilities")
	}
	guide, err := os.ReadFile("../docs/backend.md")
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string]bool{"BatchDeleter": true} // its case is BatchDelete
	for _, c := range conformance.Checks() {
		cases[c.Name] = true
	}
	n := 0
	for _, line := range stableAbility.FindAllStringSubmatch(list, -1) {
		for _, name := range abilityName.FindAllStringSubmatch(line[1], -1) {
			if n++; !cases[name[1]] {
				t.Errorf("%s is stable, and no case is called so", name[1])
			}
			if !strings.Contains(string(guide), "`"+name[1]+"`") {
				t.Errorf("docs/backend.md does not name %s", name[1])
			}
		}
	}
	if n < 15 {
		t.Errorf("%d stable abilities were found in core/doc.go", n)
	}
}
