package localfs

// Plain makes t do with what every system has.
func (t *Tree) Plain() { t.dirs.hooks.plain = true }
