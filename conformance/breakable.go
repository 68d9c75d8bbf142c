package conformance

import "github.com/s3fc/s3fc/core"

// A Breakable is a backend that knows where in it TestFaults is to break it: a
// decorator that keeps something from run to run is to meet the faults, and not
// to be hidden by them.
type Breakable interface {
	// Broken returns the backend with how around what it decorates. It is used
	// for one run, while nothing else uses the backend.
	Broken(how func(core.Backend) core.Backend) core.Backend
}

// broken is b broken so, where it says itself or else from outside.
func broken(b core.Backend, how func(core.Backend) core.Backend) core.Backend {
	if by, ok := b.(Breakable); ok {
		return by.Broken(how)
	}
	return how(b)
}
