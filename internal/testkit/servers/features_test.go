package servers_test

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/s3fc/s3fc/backends/embedded"
	"github.com/s3fc/s3fc/backends/localfs"
	"github.com/s3fc/s3fc/backends/memory"
	"github.com/s3fc/s3fc/backends/s3"
	"github.com/s3fc/s3fc/backends/sftp"
	"github.com/s3fc/s3fc/core"
)

// schemes are the stores of the program.
var schemes = []core.Scheme{localfs.Scheme, sftp.Scheme, s3.Scheme, embedded.Scheme, memory.Scheme}

const featuresTitle = "\n## The stores of this program\n"

// features returns the section about the features of each scheme, made of its
// Features, each of which the conformance suite tests.
func features() string {
	var b strings.Builder
	b.WriteString(featuresTitle + "\n| | links | URLs | md5 | times | a + a/b | create | replace | versions | longest key | longest target |\n|---" +
		strings.Repeat("|---", 10) + "|\n")
	for _, s := range schemes {
		f := s.Features
		fmt.Fprintf(&b, "| `%s://` | %s | %s | %s | %s | %s | %s | %s | %s | %s | %s |\n", s.Name, mark(f.Links), mark(f.URLLinks),
			mark(f.StoresMD5), mark(f.ModTimes), mark(f.Flat), weaker(f.Create), weaker(f.Replace), versions(f), length(f.MaxKey), length(f.MaxTarget))
	}
	b.WriteString(`
- **md5**: the store keeps the md5 of each file; else a file is read to be compared, once, and
  [remembered](performance.md#caches)
- **a + a/b**: a file and a tree under one name
- **create**, **replace**: how surely s3fc notices that somebody else has created a file
  meanwhile, or changed or deleted it: *atomic* never misses it, *check* looks just before the write
- **versions**: two versions of one size are always told apart, or only if so much time lies between
  them; nothing is remembered of a younger one

These are of a typical tree of each scheme. Each is tested in both directions by the
[conformance suite](../conformance/doc.go). Real servers behind ` + "`s3://`" + ` may do less:
`)
	return b.String()
}

func mark(has bool) string {
	if has {
		return "yes"
	}
	return "–"
}

// weaker is a guard, marked if it is weaker than the strongest.
func weaker(g core.Guard) string {
	if g == core.GuardAtomic {
		return g.String()
	}
	return "**" + g.String() + "**"
}

func versions(f core.Features) string {
	if f.Resolution == 0 {
		return "always"
	}
	return "**" + f.Resolution.String() + "**"
}

func length(n int) string {
	if n == 0 {
		return "any"
	}
	return strconv.Itoa(n)
}

// TestThePageHasTheFeaturesOfEachScheme checks that the section is that of the code,
// whichever servers run.
func TestThePageHasTheFeaturesOfEachScheme(t *testing.T) {
	b, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(b), features()) {
		t.Errorf("docs/stores.md lacks this section; go test ./internal/testkit/servers -update writes it:\n%s", features())
	}
}
