package wrap_test

import (
	"strings"
	"testing"

	"github.com/s3fc/s3fc/conformance"
)

// TestLostAbilities checks which abilities each decorator loses: those that write by
// a way of their own, and those that would lead around it.
func TestLostAbilities(t *testing.T) {
	lost := map[string]string{
		"fault":  "Auditor Copier DirRouter Watcher WebsiteReader",
		"filter": "Auditor DirRouter Watcher WebsiteReader",
		"freeze": "Auditor DirRouter Watcher WebsiteReader",
		"limit":  "Auditor DirRouter Watcher WebsiteReader",
		"meter":  "Auditor Copier DirRouter Watcher WebsiteReader",
		"retry":  "Auditor Copier DirRouter Watcher WebsiteReader",
		"sub":    "Auditor DirRouter Finisher Watcher WebsiteReader",
	}
	for name, decorate := range decorators {
		got := strings.Join(conformance.LostAbilities(t.Context(), decorate), " ")
		if want, ok := lost[name]; !ok || got != want {
			t.Errorf("%s loses %q; want %q", name, got, want)
		}
	}
}
