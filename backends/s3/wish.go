package s3

import (
	"net/http"
	"strings"
)

// wish is which of the headers that a store may not know a write has.
type wish struct{ condition, redirect bool }

// within is w without what the store is known to refuse.
func (w wish) within(s *store) wish {
	return wish{w.condition && s.can(canCondition), w.redirect && s.can(canRedirect)}
}

// lesser returns w and then what is left of it when one header, or both, are
// taken away.
func (w wish) lesser() []wish {
	all := []wish{w}
	if w.condition {
		all = append(all, wish{false, w.redirect})
	}
	if w.redirect {
		all = append(all, wish{w.condition, false})
	}
	if w.condition && w.redirect {
		all = append(all, wish{})
	}
	return all
}

// helps reports whether it may help to send w, after err was the answer to
// first: not if the store said that it was the other header.
func (w wish) helps(first wish, err error) bool {
	switch {
	case names(err, redirectWords):
		return !w.redirect
	case names(err, conditionWords):
		return !w.condition
	}
	return w != first
}

// try calls send with w, and, for as long as the store refuses a header, with
// less. What had to be left away for it to go well is remembered.
func (w wish) try(s *store, send func(wish) error) error {
	var refusal error
	for _, less := range w.lesser() {
		if refusal != nil && !less.helps(w, refusal) {
			continue
		}
		err := send(less)
		if err == nil {
			w.learn(less, refusal, s)
			return nil
		}
		if !headerRefused(err) {
			return err
		}
		if refusal == nil {
			refusal = err
		}
	}
	return refusal
}

// learn remembers what the store refuses. A redirect that is called invalid
// says nothing of other redirects.
func (w wish) learn(went wish, refusal error, s *store) {
	if w.condition && !went.condition {
		s.lost(canCondition)
	}
	if w.redirect && !went.redirect && code(refusal) != "InvalidRedirectLocation" {
		s.lost(canRedirect)
	}
}

// headerRefused reports whether the store does not know a header that it was
// sent: 501, or a 400 that names it.
func headerRefused(err error) bool {
	if refused(err, http.StatusNotImplemented) || code(err) == "NotImplemented" {
		return true
	}
	return refused(err, http.StatusBadRequest) && (names(err, conditionWords) || names(err, redirectWords))
}

var (
	conditionWords = []string{"if-match", "if-none-match", "conditional", "precondition"}
	redirectWords  = []string{"redirect"}
)

// names reports whether the text of err has one of these words in it.
func names(err error, words []string) bool {
	text := strings.ToLower(err.Error())
	for _, w := range words {
		if strings.Contains(text, w) {
			return true
		}
	}
	return false
}
