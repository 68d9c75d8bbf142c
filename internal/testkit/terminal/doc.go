// Package terminal is a terminal for tests: a pseudo-terminal, and a model of its
// screen, which is the text that a user sees. It is there on Unix alone.
package terminal
