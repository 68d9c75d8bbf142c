//go:build unix

package faults

import "testing"

// children are what the test binary does in a process that has less than this
// one.
var children = map[string]func(dir string) error{}

var _ = testing.Short
