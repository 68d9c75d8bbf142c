//go:build !linux

package faults

// children are the tasks of the test binary in a process with other rights than
// this one.
var children map[string]func(dir string) error
