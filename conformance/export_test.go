package conformance

import "time"

func init() { settlesWithin = 300 * time.Millisecond }
