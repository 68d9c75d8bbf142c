// Package mutants measures the conformance suite: it changes a backend in one
// small way after another, and counts the changes that the suite notices.
//
// [Generate] rewrites the files of a package so that all its mutants are in one
// program, each switched on by the environment variable of package active. A
// condition is negated, a bound moved by one, an operator replaced, a statement
// left out, an error dropped. [Build] makes a test binary of that, without changing
// any file of the repository, and [Binary.Run] tells whether a mutant is caught.
//
// A mutant that survives is a gap of the suite, or does the same as the program; the
// files in testdata list each with its reason.
package mutants
