package cmd

import (
	"strings"
	"testing"
)

func TestALiveAreaIsRedrawnInPlace(t *testing.T) {
	var out strings.Builder
	columns := 20
	l := &liveArea{out: &out, columns: func() int { return columns }}
	step := func(what string, do func(), want string) {
		t.Helper()
		out.Reset()
		do()
		if got := out.String(); got != want {
			t.Errorf("%s writes %q, want %q", what, got, want)
		}
	}
	step("the first drawing", func() { l.draw([]string{"one", "two"}) }, "\rone\x1b[K\ntwo\x1b[K\x1b[J")
	step("the same again", func() { l.draw([]string{"one", "two"}) }, "")
	step("fewer lines", func() { l.draw([]string{"ten"}) }, "\r\x1b[1Aten\x1b[K\x1b[J")
	step("a line above", func() { _ = l.above("note\n") }, "\r\x1b[Jnote\nten\x1b[K\x1b[J")
	step("a wide line", func() { l.draw([]string{"0123456789"}) }, "\r0123456789\x1b[K\x1b[J")
	columns = 4 // the line takes three rows by now
	step("the end", l.clear, "\r\x1b[2A\x1b[J")
}

func TestProseIsBrokenBetweenWords(t *testing.T) {
	for _, tt := range []struct {
		text, want string
		columns    int
	}{
		{"short", "short", 10},
		{"ten columns", "ten\n  columns", 10},
		{"one\ntwo three four", "one\ntwo three\n  four", 9},
		{"  deep in there", "  deep in\n  there", 9},
		{"a /path/that/is/too/wide b", "a\n  /path/that/is/too/wide\n  b", 10},
		{"\x1b[33mnote: \x1b[0mfour", "\x1b[33mnote: \x1b[0mfour", 10},
		{"動動 動動", "動動\n  動動", 8},
	} {
		if got := wrapped(tt.text, tt.columns); got != tt.want {
			t.Errorf("%q in %d columns is %q, want %q", tt.text, tt.columns, got, tt.want)
		}
	}
}
