package servers_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/s3fc/s3fc/internal/testkit/servers"
)

var page = filepath.Join("..", "..", "..", "docs", "stores.md")

// titles are the servers' names for readers.
var titles = map[string]string{
	"versitygw": "versitygw", "ceph": "Ceph RGW", "swift": "OpenStack Swift", "minio": "MinIO", "s3rver": "s3rver", "moto": "moto", "rclone": "rclone serve s3", servers.Own: "gofakes3, corrected",
}

var suites = []ability{
	{name: suiteCases, about: "the cases of the [conformance suite](../conformance/doc.go) that the store calls for"},
	{name: suitePair, about: "generated trees, there and back, changed, and back again"},
}

// checkPage compares docs/stores.md with the results of the servers that ran, or
// writes it. Texts about the others stay.
func checkPage(t *testing.T, ran []results) {
	b, err := os.ReadFile(page)
	if err != nil && !*update {
		t.Fatal(err)
	}
	old, text := string(b), render(string(b), ran)
	for _, r := range ran {
		if !r.explained {
			t.Errorf("%s is left out of the page: there are failures that are not known", r.name)
		}
	}
	if text == old {
		return
	}
	if !*update {
		t.Errorf("docs/stores.md is not what came of this run; go test ./internal/testkit/servers -update writes it. It would be:\n%s", text)
		return
	}
	if err := os.WriteFile(page, []byte(text), 0o644); err != nil { //nolint:gosec // A page for everyone.
		t.Fatal(err)
	}
}

// render returns the page, with the texts of old about servers that did not run.
func render(old string, ran []results) string {
	var b strings.Builder
	b.WriteString(intro + features())
	for _, table := range []struct {
		title     string
		abilities []ability
	}{{"The jobs of s3fc", slices.Concat(jobs, suites)}, {"Abilities of the stores", stores}, {headersTitle, headers}, {specialTitle, special}} {
		b.WriteString("\n## " + table.title + "\n\n|")
		for _, a := range table.abilities {
			b.WriteString(" | " + a.name)
		}
		b.WriteString(" |\n|---" + strings.Repeat("|---", len(table.abilities)) + "|\n")
		_, before, _ := strings.Cut(old, "\n## "+table.title+"\n")
		for _, name := range servers.Names() {
			b.WriteString(row(name, table.abilities, before, ran))
		}
		b.WriteString("\n")
		for _, a := range table.abilities {
			fmt.Fprintf(&b, "- **%s**: %s\n", a.name, a.about)
		}
	}
	for _, name := range servers.Names() {
		b.WriteString(section(name, old, ran))
	}
	return b.String()
}

// result returns the results of a server, if each failure is explained.
func result(name string, ran []results) (results, bool) {
	for _, r := range ran {
		if r.name == name && r.explained {
			return r, true
		}
	}
	return results{}, false
}

// row is a server's line of a table.
func row(name string, abilities []ability, before string, ran []results) string {
	start := "| " + titles[name] + " |"
	r, ok := result(name, ran)
	if !ok {
		for line := range strings.Lines(before) {
			if strings.HasPrefix(line, start) {
				return line
			}
		}
		return ""
	}
	for _, a := range abilities {
		word := r.cells[a.name].word
		if word != yes.word {
			word = "**" + word + "**"
		}
		start += " " + word + " |"
	}
	return start + "\n"
}

// section returns the reasons for the cells of a server.
func section(name, old string, ran []results) string {
	head := "\n## " + titles[name] + "\n"
	r, ok := result(name, ran)
	if !ok {
		if _, after, ok := strings.Cut(old, head); ok {
			text, _, _ := strings.Cut(after, "\n## ")
			return head + strings.TrimRight(text, "\n") + "\n"
		}
		return ""
	}
	text := head + "\nVersion " + r.version + "." + inURL(r) + "\n\n"
	empty := true
	for _, a := range slices.Concat(jobs, suites, special, stores, headers) {
		if c := r.cells[a.name]; c.why != "" {
			text += fmt.Sprintf("- **%s**: %s: %s\n", a.name, c.word, c.why)
			empty = false
		}
	}
	if empty {
		text += "Everything works.\n"
	}
	return text
}

// inURL says which parameters a URL of the store is to have.
func inURL(r results) (text string) {
	if r.params != "" {
		text = " Its URLs need `" + r.params + "`."
	}
	if r.lacks != "" {
		text += " It passes the conformance suite with `lacks=" + r.lacks + "`."
	}
	return text
}

const headersTitle = "The headers that each store keeps"

const intro = `# Stores that were tried

Real servers that speak S3, each installed, started and used by

    S3FC_TEST_SERVERS=all go test ./internal/testkit/servers -update

which writes this page; [the scripts](../tools/servers/README.md) install and start them. Without
the variable only versitygw runs, and without ` + "`-update`" + ` a run that differs from the page
fails. *fails* is a failure of s3fc that is known and not mended yet, and *varies* one that a race
decides; every other word is about the store, which s3fc has to live with. Each word but yes
is explained below, and where a store loses something or does it wrongly, there is a link.
` + "`lacks=`" + ` in a URL names [abilities](urls.md#what-a-store-can-do) that a store lacks without an
answer that shows it.
`
