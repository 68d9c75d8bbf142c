package main

import (
	"os"

	"github.com/rogpeppe/go-internal/testscript"
)

// only sets a variable to the name of the one entry of a directory: only dir NAME
func only(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: only dir NAME")
	}
	list, err := os.ReadDir(ts.MkAbs(args[0]))
	ts.Check(err)
	if len(list) != 1 {
		ts.Fatalf("%s has %v, want one entry", args[0], list)
	}
	ts.Setenv(args[1], list[0].Name())
}
