// Package active says which mutant of a mutated program runs. Only code that
// package mutants rewrote imports it.
package active

import (
	"cmp"
	"os"
	"strconv"
)

// Variable is the environment variable with the number of the mutant that runs;
// without it, the program behaves as it is written.
const Variable = "S3FC_MUTANT"

var current = number(os.Getenv(Variable))

func number(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return -1
	}
	return n
}

// On reports whether mutant id runs.
func On(id int) bool { return id == current }

// And is a && b, or a || b in mutant id.
func And(id int, a bool, b func() bool) bool {
	if On(id) {
		return a || b()
	}
	return a && b()
}

// Or is a || b, or a && b in mutant id.
func Or(id int, a bool, b func() bool) bool {
	if On(id) {
		return a && b()
	}
	return a || b()
}

// Less is a < b, or a <= b in mutant id.
func Less[T cmp.Ordered](id int, a, b T) bool { return a < b || On(id) && a == b }

// LessEqual is a <= b, or a < b in mutant id.
func LessEqual[T cmp.Ordered](id int, a, b T) bool { return a < b || !On(id) && a == b }

// Number is the types that have arithmetic.
type Number interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~float32 | ~float64
}

// Add is a + b, or a - b in mutant id.
func Add[T Number](id int, a, b T) T {
	if On(id) {
		return a - b
	}
	return a + b
}

// Subtract is a - b, or a + b in mutant id.
func Subtract[T Number](id int, a, b T) T {
	if On(id) {
		return a + b
	}
	return a - b
}

// Join is a + b, or a alone in mutant id.
func Join[T ~string](id int, a, b T) T {
	if On(id) {
		return a
	}
	return a + b
}

// Literal is n, or n + 1 in mutant id.
func Literal[T Number](id int, n T) T {
	if On(id) {
		return n + 1
	}
	return n
}
