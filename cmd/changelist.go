package cmd

import (
	"fmt"
	"strings"
	"sync"
	"text/tabwriter"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/reconcile"
)

// changeList prints the changes of a plan, in the order of their keys. It is safe
// for concurrent use.
type changeList interface {
	add(reconcile.Action)
	end() // prints the rest
}

// listForm are the flags for how the changes of a plan are printed.
type listForm struct{ nameStatus, stat bool }

func (f *listForm) bind(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.nameStatus, "name-status", false, "print a mark and a key a line, and nothing else: A new, M changed, L retargeted, H other headers, D deleted")
	cmd.Flags().BoolVar(&f.stat, "stat", false, "print the counts of each directory of the root")
}

func (f *listForm) check(cmd *cobra.Command, o *output) error {
	switch {
	case f.nameStatus && f.stat:
		return usageError(cmd, "expected --name-status or --stat, not both")
	case o.json && (f.nameStatus || f.stat):
		return usageError(cmd, "--json prints each change: expected no --name-status or --stat with it")
	}
	return nil
}

// list returns the changeList that the flags ask for, nil for a line each.
func (f *listForm) list(to *textReport) changeList {
	switch {
	case f.nameStatus:
		return names{to}
	case f.stat:
		return &stat{to: to, at: make(map[string]*changeSum)}
	case to.verbose:
		return nil
	}
	return &folded{to: to}
}

// names prints marks and keys alone, for programs.
type names struct{ to *textReport }

func (n names) add(a reconcile.Action) {
	if m := markOf(a); m != markKept {
		n.to.con.print(string(m) + "\t" + shownKey(a) + "\n")
	}
}

func (names) end() {}

// stat prints the counts of each directory of the root.
type stat struct {
	to *textReport

	mu      sync.Mutex
	headers bool // a file gets other headers
	dirs    []string
	at      map[string]*changeSum
}

func (s *stat) add(a reconcile.Action) {
	s.mu.Lock()
	defer s.mu.Unlock()
	dir, _, below := strings.Cut(a.Key, "/")
	if dir += "/"; !below {
		dir = "./"
	}
	if s.at[dir] == nil {
		s.dirs, s.at[dir] = append(s.dirs, dir), new(changeSum)
	}
	s.at[dir].add(a)
	s.headers = s.headers || markOf(a) == markHeaders
}

func (s *stat) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, dir := range s.dirs {
		sum := s.at[dir]
		if len(sum.marks()) == 0 {
			continue
		}
		for _, m := range sum.all() {
			if m.mark == markHeaders && !s.headers {
				continue // a column for what is rare
			}
			count := ""
			if m.n > 0 {
				count = humanize.Comma(m.n) + " " + string(m.mark)
			}
			fmt.Fprintf(w, "%s\t", count)
		}
		fmt.Fprintf(w, "%s\t  %s\n", size(sum.bytes), core.DisplayKey(dir))
	}
	_ = w.Flush() // to memory
	s.dirs, s.at = nil, make(map[string]*changeSum)
	s.to.con.print(b.String())
}
