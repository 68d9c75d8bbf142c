//go:build unix

package terminal

import (
	"fmt"
	"testing"
)

func TestTheScreenShowsWhatAUserSees(t *testing.T) {
	term := New(t, 10)
	_, err := fmt.Fprint(term.File(), "one\ntwo\x1b[31m red\x1b[0m\r\x1b[1AONE\x1b[K\n\x1b[J0123456789wraps\n")
	if err != nil {
		t.Fatal(err)
	}
	term.Close()
	if got, want := term.Screen(), "ONE\n0123456789\nwraps\n"; got != want {
		t.Errorf("the screen shows %q, want %q; written %q", got, want, term.Written())
	}
}
