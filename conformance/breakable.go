package conformance

import "github.com/s3fc/s3fc/core"

// A Breakable is a backend that says where TestFaults is to inject its faults. A
// decorator that stores something from run to run must meet the faults itself, so
// they have to be below it.
type Breakable interface {
	// Broken returns the backend with how around the backend that it decorates. It
	// is used for one run, while nothing else uses the backend.
	Broken(how func(core.Backend) core.Backend) core.Backend
}

// broken returns b with how around it, or, if b is Breakable, inside of it.
func broken(b core.Backend, how func(core.Backend) core.Backend) core.Backend {
	if by, ok := b.(Breakable); ok {
		return by.Broken(how)
	}
	return how(b)
}
