package ability

import (
	"errors"
	"net/http"
	"slices"
)

// Refusal is an error that is an answer of the store.
type Refusal interface {
	error
	HTTPStatusCode() int
	ErrorCode() string
}

// Attempt is a request with headers that a store may not know.
type Attempt struct {
	// Optional are the abilities that the request relies on.
	Optional []Ability
	// Send sends the request, with the headers of those abilities that with
	// reports true for.
	Send func(with func(Ability) bool) error
	// Prove is asked before the request is sent without an ability that a promise
	// rests on. An error is returned instead; nil for no proof.
	Prove func(Ability) error
	// Once reports that the proof is of this request alone: if it goes well without the
	// ability, the store is still believed to have it. Nil: it is of the store.
	Once func(Ability) bool
}

// Try sends a request. If the store refuses a header that the request can do
// without, the request is sent once more without it, and if that goes well, all
// that follow go without. A refusal that names no header is tried without each
// once a run.
func (s *Set) Try(t Attempt) error {
	with := s.believed(t.Optional)
	err := s.send(t, with)
	if err == nil || !mayBeAbout(err) || with == 0 {
		return err
	}
	s.learning.Lock()
	defer s.learning.Unlock()
	if now := s.believed(t.Optional); now != with { // another request has learnt it meanwhile
		with = now
		if err = s.send(t, with); err == nil || !mayBeAbout(err) {
			return err
		}
	}
	return s.learn(t, with, err)
}

func (s *Set) send(t Attempt, with mask) error { return t.Send(with.has) }

// believed returns those of the abilities that the store is believed to have.
func (s *Set) believed(all []Ability) (m mask) {
	for _, a := range all {
		if s.Has(a) {
			m |= 1 << a
		}
	}
	return m
}

// learn sends the request without what the refusal may be about, and without what the
// store refuses next. The lock for learning is held.
func (s *Set) learn(t Attempt, with mask, refusal error) error {
	var proved, tried mask
	suspects, last := s.suspects(t.Optional, with, refusal), refusal
	for maskOf(suspects) != tried {
		for _, without := range subsets(suspects) {
			left := maskOf(without)
			if left.without(tried) == 0 {
				continue // sent before
			}
			if err := t.prove(without, &proved); err != nil {
				s.untry(left) // it was not sent
				return err
			}
			if last = s.send(t, with.without(left)); last == nil {
				s.loseAll(t, without, refusal)
				return nil
			} else if !mayBeAbout(last) {
				return last
			}
		}
		tried = maskOf(suspects)
		suspects = append(suspects, s.suspects(t.Optional, with.without(tried), last)...)
	}
	return refusal
}

// loseAll learns that the store lacks abilities, but those whose value alone it
// refused, and those that one request cannot have.
func (s *Set) loseAll(t Attempt, all []Ability, refusal error) {
	for _, a := range all {
		switch {
		case t.Once != nil && t.Once(a):
			s.untry(1 << a)
		case !isInvalid(refusal, a):
			s.Lose(a)
		}
	}
}

// untry lets abilities be left away once more in this run.
func (s *Set) untry(m mask) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tried &^= m
}

// subsets returns the abilities to leave out in each try: the fewest first.
func subsets(suspects []Ability) [][]Ability {
	all := make([][]Ability, 0, 1<<len(suspects))
	for m := range mask(1) << len(suspects) {
		var some []Ability
		for i, a := range suspects {
			if m.has(Ability(i)) { //nolint:gosec // A few.
				some = append(some, a)
			}
		}
		if len(some) > 0 {
			all = append(all, some)
		}
	}
	slices.SortStableFunc(all, func(a, b []Ability) int { return len(a) - len(b) })
	return all
}

// suspects returns the abilities that a refusal may be about: those that it names,
// else those that were not tried before in this run, or all after a 501, which says
// that something is not implemented.
func (s *Set) suspects(all []Ability, with mask, refusal error) []Ability {
	have := slices.DeleteFunc(slices.Clone(all), func(a Ability) bool { return !with.has(a) || s.Insists(a) })
	named := slices.DeleteFunc(slices.Clone(have), func(a Ability) bool { return !a.named(refusal) })
	if len(named) > 0 {
		return named
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if notImplemented(refusal) {
		return have
	}
	fresh := slices.DeleteFunc(have, func(a Ability) bool { return s.tried.has(a) })
	s.tried |= maskOf(fresh)
	return fresh
}

// prove asks once for the proof of each ability.
func (t *Attempt) prove(without []Ability, proved *mask) error {
	if t.Prove == nil {
		return nil
	}
	for _, a := range without {
		if proved.has(a) {
			continue
		}
		if err := t.Prove(a); err != nil {
			return err
		}
		*proved |= 1 << a
	}
	return nil
}

// isInvalid reports whether a refusal is about the value of the ability's header: it
// says nothing about other values.
func isInvalid(err error, a Ability) bool {
	return a == Redirects && codeOf(err) == "InvalidRedirectLocation"
}

func codeOf(err error) string {
	var r Refusal
	if errors.As(err, &r) {
		return r.ErrorCode()
	}
	return ""
}

func notImplemented(err error) bool {
	var r Refusal
	return errors.As(err, &r) && (r.HTTPStatusCode() == http.StatusNotImplemented || r.ErrorCode() == "NotImplemented")
}

// aboutContent are the codes of status 400 that say which other mistake a request
// has: leaving headers away would change nothing.
var aboutContent = []string{
	"BadDigest", "InvalidDigest", "IncompleteBody", "XAmzContentChecksumMismatch", "XAmzContentSHA256Mismatch", "RequestTimeout",
	"EntityTooLarge", "EntityTooSmall", "KeyTooLongError", "MetadataTooLarge", "InvalidPart", "InvalidPartOrder", "NoSuchUpload",
	"ExpiredToken", "InvalidToken", "TokenRefreshRequired", "AuthorizationHeaderMalformed", "InvalidAccessKeyId", "InvalidBucketName",
	"InvalidObjectName", "XMinioInvalidObjectName", "IllegalLocationConstraintException", "MissingContentLength", "InvalidTag",
	"InvalidStorageClass", "KMS.NotFoundException", "KMS.DisabledException", "InvalidEncryptionAlgorithmError", "BucketRegionError",
}

// mayBeAbout reports whether an error may be about a header that the store does not
// know: 501, or a 400 with a code that names no other cause.
func mayBeAbout(err error) bool {
	var r Refusal
	if !errors.As(err, &r) {
		return false
	}
	return notImplemented(err) || r.HTTPStatusCode() == http.StatusBadRequest && !slices.Contains(aboutContent, r.ErrorCode())
}

// MayBeAbout reports whether a refusal may be about a header, or a request, that
// the store does not know.
func MayBeAbout(err error) bool { return mayBeAbout(err) }
