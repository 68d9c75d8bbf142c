package cmd

import (
	"regexp"
	"strings"

	"github.com/mattn/go-runewidth"
)

// indent begins the lines in which a wrapped line goes on.
const indent = "  "

// wrapped breaks the lines of text between words, so that none is wider than
// columns. A word that is too wide by itself stays whole.
func wrapped(text string, columns int) string {
	var out []string
	for line := range strings.SplitSeq(text, "\n") {
		out = append(out, wrappedLine(line, columns)...)
	}
	return strings.Join(out, "\n")
}

func wrappedLine(line string, columns int) (out []string) {
	if shownWidth(line) <= columns {
		return []string{line}
	}
	at := strings.TrimLeft(line, " ")
	now := line[:len(line)-len(at)]
	width, first := len(now), true
	for word := range strings.SplitSeq(at, " ") {
		w := shownWidth(word)
		switch {
		case first:
		case width+1+w > columns:
			out = append(out, now)
			now, width = indent, len(indent)
		default:
			now, width = now+" ", width+1
		}
		now, width, first = now+word, width+w, false
	}
	return append(out, now)
}

var colourCodes = regexp.MustCompile("\x1b\\[[0-9;]*m")

// shownWidth is the width of text without the codes of colours.
func shownWidth(text string) int {
	if strings.Contains(text, "\x1b") {
		text = colourCodes.ReplaceAllString(text, "")
	}
	return runewidth.StringWidth(text)
}
