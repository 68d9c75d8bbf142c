package cmd

import (
	"time"

	"github.com/s3fc/s3fc/core"

	"github.com/s3fc/s3fc/core/reconcile"
)

// outcome is what the summary of a run says.
type outcome struct {
	reconcile.Summary
	DryRun   bool
	Plan     bool          // a plan was made, to be carried out later
	Requests core.Requests // sent
	Need     core.Requests // that carrying out the plan would take besides
	Cost     estimate
	Routes   core.RouteChange // routing rules
	Elapsed  time.Duration
	Stopped  error // why the run ended early
}

// planOutcome is what a plan would do.
func planOutcome(p *reconcile.Plan) outcome {
	t := p.Totals()
	return outcome{
		Summary: reconcile.Summary{
			Files: t.Files, Links: t.Links, Deletes: t.Deletes, Kept: t.Kept,
			Refused: t.Refused, Conflicts: t.Conflicts, Errors: t.Errors, Bytes: t.Bytes,
		},
		Need: t.Need,
	}
}

// any reports whether anything was done.
func (o *outcome) any() bool { return o.Files+o.Links+o.Deletes > 0 || o.Routes.Any() }

// changes reports whether the destination is not what the source is.
func (o *outcome) changes() bool { return o.any() || o.Conflicts > 0 }
