//go:build !linux

package faults

// children are what the test binary does in a process that may do more, or
// less, than this one.
var children map[string]func(dir string) error
