package cmd

import (
	"context"
	"errors"
	"fmt"

	"github.com/s3fc/s3fc"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/kit"
	"github.com/s3fc/s3fc/internal/website"
)

// walk visits all pages and links, and prints the faults.
func (s *serving) walk(ctx context.Context) error {
	if s.json {
		newReporter(s.con, &s.output, startJSON{Program: s.versionText(), Command: s.cmd.Name()}).start(s3fc.Start{Source: s3fc.InfoOf(s.mux, s.name, s.tree)})
	}
	prefix := s.site.Config.Prefix
	start := []string{"/" + kit.EscapePath(prefix)}
	for e, err := range (*s.view.Load()).List(ctx, "") {
		switch _, one := core.ErrorKey(err); {
		case err != nil && (!one || ctx.Err() != nil || errors.Is(err, core.ErrBudget)):
			return err
		case err != nil:
			start = append(start, "/"+kit.EscapePath(prefix+e.Key)) // the visit says why
		case e.Kind == core.Link || e.MaybeLink:
			start = append(start, "/"+kit.EscapePath(prefix+e.Key))
		}
	}
	found, seen, err := s.site.Walk(ctx, start)
	if err != nil {
		return err
	}
	s.report(found, seen)
	if len(found) > 0 {
		return errReported
	}
	return nil
}

// walkSummary is the last line of serve --check --json.
type walkSummary struct {
	Event    string           `json:"event"`
	Faults   int              `json:"faults"`
	Pages    int              `json:"pages"`
	Paths    int              `json:"paths"`
	Outside  int              `json:"outside"`
	Requests map[string]int64 `json:"requests"`
}

func (s *serving) report(found []website.Finding, seen website.Walked) {
	for _, f := range found {
		if s.json {
			s.con.print(encode(struct {
				Event string `json:"event"`
				website.Finding
			}{"fault", f}))
			continue
		}
		s.con.print(inert(f.String()) + "\n")
	}
	requests, _ := s3fc.Spent(s.tree, s.prices.table)
	switch {
	case s.json:
		s.con.print(encode(walkSummary{"summary", len(found), seen.Pages, seen.Paths, seen.Outside, requests.Map()}))
	case !s.quiet:
		s.con.remark(fmt.Sprintf("%d of %d paths are wrong; %d pages were read, and %d URLs of other sites were not asked", len(found), seen.Paths, seen.Pages, seen.Outside))
	}
}
