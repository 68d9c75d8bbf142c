package s3

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/s3fc/s3fc/backends/s3/internal/ability"
)

// urlsPage is the page about URLs.
const urlsPage = "../../docs/urls.md"

// TestThePageOfURLsHasEachParameter compares the tables of docs/urls.md with the scheme's
// parameters and to the abilities that has= and lacks= name.
func TestThePageOfURLsHasEachParameter(t *testing.T) {
	text, err := os.ReadFile(urlsPage)
	if err != nil {
		t.Fatal(err)
	}
	var params, abilities strings.Builder
	params.WriteString("| parameter | |\n|---|---|\n")
	for _, o := range urlOptions {
		about := o.About
		if len(o.Values) > 0 {
			about += ": " + strings.Join(o.Values, ", ")
		}
		fmt.Fprintf(&params, "| `%s` | %s |\n", o.Name, about)
	}
	abilities.WriteString("| ability | said of a store that lacks it | remembered |\n|---|---|---|\n")
	for i, name := range ability.Names() {
		a := ability.Ability(i) //nolint:gosec // A few.
		remembered := "no"
		if a.SavesTime() {
			remembered = "7 days"
		}
		fmt.Fprintf(&abilities, "| `%s` | %s | %s |\n", name, strings.TrimPrefix(a.Note(), ability.Warning), remembered)
	}
	for _, table := range []string{params.String(), abilities.String()} {
		if !strings.Contains(string(text), "\n"+table+"\n") {
			t.Errorf("docs/urls.md lacks this table, or has more rows:\n%s", table)
		}
	}
}
