// Package active says which mutant of a mutated program runs, and notes which of
// them the program reaches. Only code that package mutants rewrote imports it.
package active

import (
	"cmp"
	"os"
	"strconv"
	"sync"
)

// Variable is the environment variable with the number of the mutant that runs;
// without it, the program behaves as it is written.
const Variable = "S3FC_MUTANT"

// ReachedVariable is the environment variable with the name of a file. The program
// appends the number of each mutant that it reaches, once and on a line of its own: a
// run that does not reach a mutant cannot tell it from the program.
const ReachedVariable = "S3FC_MUTANTS_REACHED"

var (
	current = number(os.Getenv(Variable))
	notes   = openNotes(os.Getenv(ReachedVariable))
)

func number(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return -1
	}
	return n
}

// A notebook appends numbers to a file, each once.
type notebook struct {
	file  *os.File
	known sync.Map
}

func openNotes(name string) *notebook {
	if name == "" {
		return nil
	}
	f, err := os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600) //nolint:gosec // The test names it.
	if err != nil {
		panic(err)
	}
	return &notebook{file: f}
}

func (n *notebook) add(id int) {
	if _, known := n.known.LoadOrStore(id, true); known {
		return
	}
	if _, err := n.file.WriteString(strconv.Itoa(id) + "\n"); err != nil {
		panic(err)
	}
}

// On reports whether mutant id runs. The functions below ask it only where the mutant
// has another result than the program, as far as they can tell.
func On(id int) bool {
	if notes != nil {
		notes.add(id)
	}
	return id == current
}

// NoError is err, or nil in mutant id.
func NoError(id int, err error) error {
	if err != nil && On(id) {
		return nil
	}
	return err
}

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
func Less[T cmp.Ordered](id int, a, b T) bool { return a < b || a == b && On(id) }

// LessEqual is a <= b, or a < b in mutant id.
func LessEqual[T cmp.Ordered](id int, a, b T) bool { return a < b || a == b && !On(id) }

// Number is the types that have arithmetic.
type Number interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~float32 | ~float64
}

// Add is a + b, or a - b in mutant id.
func Add[T Number](id int, a, b T) T {
	if b != 0 && On(id) {
		return a - b
	}
	return a + b
}

// Subtract is a - b, or a + b in mutant id.
func Subtract[T Number](id int, a, b T) T {
	if b != 0 && On(id) {
		return a + b
	}
	return a - b
}

// Join is a + b, or a alone in mutant id.
func Join[T ~string](id int, a, b T) T {
	if b != "" && On(id) {
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
