package localfs

// Plain makes t use only calls that every system has.
func (t *Tree) Plain() { t.dirs.hooks.plain = true }
