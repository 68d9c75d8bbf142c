// Package mutants measures the conformance suite: it changes a backend in one
// small way after another, and counts the changes that the suite notices.
//
// [Generate] rewrites the files of a package so that all its mutants are in one
// program, each switched on by the environment variable of package active. A
// condition is negated, a bound moved by one, an operator replaced, a statement
// left out, an error dropped. [Build] makes a test binary of that, without changing
// any file of the repository, and [Binary.Run] tells whether a mutant is caught.
//
// Each test notes the mutants that it reaches, and a mutant runs against those tests
// alone. One that none reaches is in code for errors that the system does not give, for
// other systems, or for options that the suite does not use: it is counted, and is no
// part of the score.
//
// A mutant that survives is a gap of the suite, does the same as the program, or keeps
// the contract in another way; the files in testdata list them with reasons. The score
// is of those that do neither of the last two.
package mutants
