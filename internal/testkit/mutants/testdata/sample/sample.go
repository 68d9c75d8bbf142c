// Package sample has a bit of everything that is mutated, for a golden file.
package sample

import (
	"errors"
	"fmt"
)

var errNone = errors.New("none")

const limit = 2

type box struct {
	items []int
	names map[string]bool
	open  bool
}

// String is left alone: it makes text for people.
func (b *box) String() string { return fmt.Sprint(len(b.items) + 1) }

func (b *box) put(n int, name string) (int, error) {
	if n < 0 || n >= limit && !b.open {
		return 0, errNone
	}
	for i := 0; i < len(b.items); i++ {
		if b.items[i] == n {
			continue
		}
		b.items[i]++
	}
	defer b.shut()
	b.names["x"+name] = true
	b.items = append(b.items, n-1)
	switch {
	case name > "m":
		return len(b.items[1:]), nil
	case n <= limit:
		b.open = b.ok(name, 2)
	}
	return n, b.check()
}

func (b *box) shut() { b.open = false }

func (b *box) ok(name string, n int64) bool { return b.names[name] == (n > 1) }

func (b *box) check() error {
	f := func(x int) error {
		if x&1 == 1 {
			return errNone
		}
		return nil
	}
	return f(len(b.items) << 1)
}
