package localfs

import "time"

// hooks are for tests: they stand in for file systems that this machine does
// not have, and for other processes that act at the worst moment.
type hooks struct {
	window  func(before, key string) // called between a check and the call that relies on it
	fold    func(name string) string // names of one result are one name
	noLinks bool                     // the file system has no hard links, and its renames replace
	plain   bool                     // the system has only the calls that all have
	later   time.Duration            // added to the time in Finish
}

// reach tells a test that the call before which other processes could act at
// key is next.
func (h *hooks) reach(before, key string) {
	if h.window != nil {
		h.window(before, key)
	}
}
