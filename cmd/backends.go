package cmd

import (
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/s3fc/s3fc/core"
)

const backendsHelp = `List the stores that a tree may live in, and the features of each.

links     links to other keys of the tree
URLs      links to http and https URLs
md5       knows the md5 of each file without reading it
mtime     keeps when a file was last changed
a + a/b   stores a file and a tree under one name
create    guard against a file that somebody else creates meanwhile
replace   guard against a change by somebody else before a write or delete:
          atomic, a check just before, or none
versions  tells all versions of a file apart, or those of one size only if
          this lies between them
key       the longest key in bytes
target    the longest target of a link in bytes

These are those of a typical tree; a single one may have fewer.`

func newBackends(a *app) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "backends [flags]",
		Short: "list the stores, and the features of each",
		Long:  backendsHelp,
		Example: `  $0 backends
  $0 backends --json`,
		DisableFlagsInUseLine: true,
		Args:                  expectArgs(),
		RunE: func(*cobra.Command, []string) error {
			if asJSON {
				a.printBackendsJSON()
			} else {
				a.printBackends()
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object a line on stdout")
	return cmd
}

func (a *app) printBackends() {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "SCHEME\tLINKS\tURLS\tMD5\tMTIME\tA + A/B\tCREATE\tREPLACE\tVERSIONS\tKEY\tTARGET")
	for _, s := range a.mux.Schemes() {
		f := s.Features
		fmt.Fprintf(w, "%s://\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", s.Name, yes(f.Links), yes(f.URLLinks), yes(f.StoresMD5), yes(f.ModTimes), yes(f.Flat),
			f.Create, f.Replace, versions(f), limit(f.MaxKey), limit(f.MaxTarget))
	}
	_ = w.Flush() // to memory
	b.WriteByte('\n')
	for _, s := range a.mux.Schemes() {
		fmt.Fprintf(&b, "%-12s%s\n%-12sas %s\n", s.Name+"://", s.About, "", s.Example)
	}
	a.con.print(b.String())
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "-"
}

// versions is how well a tree of these features tells versions apart.
func versions(f core.Features) string {
	if f.Resolution == 0 {
		return "all"
	}
	return f.Resolution.String()
}

func limit(n int) string {
	if n == 0 {
		return "any"
	}
	return strconv.Itoa(n)
}

// schemeJSON is a scheme as backends --json prints it.
type schemeJSON struct {
	Event    string        `json:"event"`
	Scheme   string        `json:"scheme"`
	About    string        `json:"about"`
	Example  string        `json:"example"`
	Features core.Features `json:"features"`
}

func (a *app) printBackendsJSON() {
	for _, s := range a.mux.Schemes() {
		a.con.print(encode(schemeJSON{"scheme", s.Name, s.About, s.Example, s.Features}))
	}
}
