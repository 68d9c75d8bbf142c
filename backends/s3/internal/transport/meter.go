package transport

import (
	"net/http"
	"sync/atomic"

	"github.com/s3fc/s3fc/core"
)

// meter counts every attempt that is sent, and takes it from the budget first.
// It stands below the SDK's retries. It is safe for concurrent use.
type meter struct {
	next   http.RoundTripper
	budget *core.Budget
	sent   [len(core.Requests{})]atomic.Int64
}

// BudgetError is the error of an attempt that the budget did not allow. It is a
// type of its own so that it is found below whatever net/http and the SDK wrap
// around it.
type BudgetError struct{ Err error }

// Error implements error.
func (e *BudgetError) Error() string { return e.Err.Error() }

// Unwrap returns an error that is [core.ErrBudget].
func (e *BudgetError) Unwrap() error { return e.Err }

// RoundTrip implements [http.RoundTripper].
func (m *meter) RoundTrip(req *http.Request) (*http.Response, error) {
	class, abort := classify(req)
	if !abort {
		if err := m.budget.Spend(); err != nil {
			if req.Body != nil {
				_ = req.Body.Close()
			}
			return nil, &BudgetError{err}
		}
	}
	m.sent[class].Add(1)
	return m.next.RoundTrip(req)
}

// requests returns the requests sent so far.
func (m *meter) requests() (r core.Requests) {
	for c := range r {
		r[c] = m.sent[c].Load()
	}
	return r
}
