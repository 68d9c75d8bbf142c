package reconcile

import (
	"fmt"

	"github.com/s3fc/s3fc/core"
)

// A GuardError says that a guard stopped a run before its first write, and has
// the figures. It names no option that lifts the guard.
type GuardError struct {
	// Err is, or wraps, core.ErrEmptySource, core.ErrTooManyDeletes,
	// core.ErrBudget or core.ErrTooManyRoutes.
	Err error
	// Deletes of the plan, and Entries of the destination, for the first two.
	Deletes, Entries int64
	// NetDeletes are the deletes beyond the new entries of the same directory. The
	// default limit counts these.
	NetDeletes int64
	// Limit is the limit on deletes.
	Limit DeleteLimit
	// Need are the requests of the plan, and Left of Allowed those that may still
	// be sent, for core.ErrBudget.
	Need          core.Requests
	Left, Allowed int64
}

// Error returns the guard and its figures.
func (e *GuardError) Error() string {
	switch {
	case e.Err == core.ErrEmptySource: //nolint:errorlint // A wrapped one has its own text.
		return fmt.Sprintf("%v: all of the destination's %d entries would be deleted", e.Err, e.Deletes)
	case e.Err == core.ErrTooManyDeletes: //nolint:errorlint // As above.
		limit := "by default not all, and not more than half if that is more than 10, beyond the new entries of the same directory"
		if e.Limit.set {
			limit = e.Limit.String()
		}
		return fmt.Sprintf("%v: %d of the destination's %d entries would be deleted (limit: %s)", e.Err, e.Deletes, e.Entries, limit)
	case e.Err == core.ErrBudget: //nolint:errorlint // As above.
		return fmt.Sprintf("%v: this run needs %d more (%s), and %d of %d are left", e.Err, e.Need.Total(), e.Need, e.Left, e.Allowed)
	}
	return e.Err.Error()
}

// Unwrap returns e.Err.
func (e *GuardError) Unwrap() error { return e.Err }
