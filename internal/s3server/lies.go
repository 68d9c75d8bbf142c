package s3server

// Lies are some quirks by field.
//
// Deprecated: give [Quirk]s to [New].
type Lies struct {
	DropRedirect, RefuseRedirect, NoConditions, IgnoreConditions, NoBatchETag, Unordered, KMS bool
}

// Lying makes the Server lie.
//
// Deprecated: give [Quirk]s to [New].
func Lying(l Lies) Option {
	return optionFunc(func(c *config) {
		for _, q := range []struct {
			on    bool
			quirk Quirk
		}{
			{l.DropRedirect, DropsRedirect},
			{l.RefuseRedirect, RefusesRedirect},
			{l.NoConditions, NoConditions},
			{l.IgnoreConditions, IgnoresConditions},
			{l.NoBatchETag, NoBatchETags},
			{l.Unordered, BackwardPages},
			{l.KMS, KMS},
		} {
			if q.on {
				q.quirk.apply(c)
			}
		}
	})
}
