package reconcile

import (
	"errors"
	"strings"

	"github.com/s3fc/s3fc/core"
)

// Cause returns the text of a's Err without the parts that are of this entry alone:
// its key, its target, and numbers. Refusals and errors of one cause can be reported
// as one, with how many they are. Without an Err it is the Reason.
func (a Action) Cause() string {
	if a.Err == nil {
		return string(a.Reason)
	}
	var shared interface{ Cause() string }
	if errors.As(a.Err, &shared) {
		return shared.Cause()
	}
	text := withoutKey(a.Err)
	for _, own := range a.ownTexts() {
		text = strings.ReplaceAll(text, own, "…")
	}
	return withoutNumbers(text)
}

// withoutKey returns the text of err without the operation, tree and key of the
// outermost [core.Error], if it is one.
func withoutKey(err error) string {
	var e *core.Error
	if errors.As(err, &e) && e.Key != "" {
		return strings.ReplaceAll(err.Error(), e.Error(), e.Err.Error())
	}
	return err.Error()
}

// ownTexts returns the texts that name the entry, the longest first where one is in
// another.
func (a Action) ownTexts() (texts []string) {
	for _, e := range []*core.Entry{a.Src, a.Dst} {
		if e == nil || e.Kind != core.Link {
			continue
		}
		for _, t := range []string{e.Target.String(), e.Target.Key} {
			if len(t) > 1 {
				texts = append(texts, t, core.DisplayKey(t))
			}
		}
	}
	if len(a.Key) > 1 {
		texts = append(texts, core.DisplayKey(a.Key))
	}
	return texts
}

// withoutNumbers returns text with "…" for each number.
func withoutNumbers(text string) string {
	var b strings.Builder
	digits := false
	for _, r := range text {
		isDigit := '0' <= r && r <= '9'
		if isDigit && !digits {
			b.WriteString("…")
		} else if !isDigit {
			b.WriteRune(r)
		}
		digits = isDigit
	}
	return b.String()
}

// A CauseCount says how many entries have one cause.
type CauseCount struct {
	Reason Reason
	Cause  string
	Count  int64
	Key    string // of the first of them
}

// maxCauses is how many causes are told apart.
const maxCauses = 1000

// Causes counts actions by their cause. It is not safe for concurrent use.
type Causes struct {
	list []CauseCount
	at   map[CauseCount]int // place in list, by Reason and Cause
}

// Add counts a, and returns its group with the count so far. If there are too many
// causes to tell apart, those of one Reason are one.
func (c *Causes) Add(a Action) CauseCount {
	id := CauseCount{Reason: a.Reason, Cause: a.Cause()}
	i, known := c.at[id]
	if !known && len(c.list) >= maxCauses {
		id.Cause = string(a.Reason)
		i, known = c.at[id]
	}
	if !known {
		if c.at == nil {
			c.at = make(map[CauseCount]int)
		}
		i = len(c.list)
		c.at[id], c.list = i, append(c.list, CauseCount{Reason: id.Reason, Cause: id.Cause, Key: a.Key})
	}
	c.list[i].Count++
	return c.list[i]
}

// All returns the groups in the order in which they came up.
func (c *Causes) All() []CauseCount { return c.list }
