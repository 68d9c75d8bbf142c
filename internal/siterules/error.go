package siterules

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// An Error is a mistake in a rules file and where it is.
type Error struct {
	File         string
	Line, Column int // from 1; the column counts characters
	Width        int // of the mistake, in characters
	Text         string
	Message      string // with the likely intention, where there is one
}

// Error returns the place, the message, and the line with the mistake marked.
func (e *Error) Error() string {
	number := fmt.Sprintf("%5d | ", e.Line)
	mark := strings.Repeat(" ", len(number)-2) + "| " + blank(e.Text, e.Column-1) + strings.Repeat("^", max(e.Width, 1))
	return fmt.Sprintf("%s:%d:%d: %s\n%s%s\n%s", e.File, e.Line, e.Column, e.Message, number, e.Text, mark)
}

// blank returns white space as wide as the first n characters of text: tabs stay
// tabs, so the mark stands below the mistake however wide a tab is shown.
func blank(text string, n int) string {
	var b strings.Builder
	for _, r := range text {
		if n--; n < 0 {
			break
		}
		if r == '\t' {
			b.WriteRune(r)
		} else {
			b.WriteByte(' ')
		}
	}
	return b.String()
}

// errorAt returns an Error about length bytes of doc from offset on.
func errorAt(file string, doc []byte, offset, length int, format string, args ...any) *Error {
	before := string(doc[:offset])
	start := strings.LastIndexByte(before, '\n') + 1
	line, _, _ := strings.Cut(string(doc[start:]), "\n")
	line = strings.TrimSuffix(line, "\r")
	width := utf8.RuneCount(doc[offset:min(offset+length, start+max(len(line), offset-start))])
	return &Error{
		File: file, Line: strings.Count(before, "\n") + 1, Column: utf8.RuneCountInString(before[start:]) + 1,
		Width: width, Text: line, Message: fmt.Sprintf(format, args...),
	}
}
