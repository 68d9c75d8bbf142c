package s3

import (
	"slices"
	"sync"
)

// ability is something that S3 does and that some stores do not.
type ability uint8

const (
	canCondition       ability = iota // If-Match and If-None-Match on writes
	canConditionDelete                // If-Match on a delete
	canConditionBatch                 // an ETag for each key of a batch delete
	canRedirect                       // takes the redirect header
	canRange                          // answers ranges of one version of an object
	abilities
)

var lostAbility = [abilities]string{
	canCondition:       "this store refuses conditional writes: a change that somebody else makes at the same moment can be overwritten unseen",
	canConditionDelete: "this store refuses conditional deletes: a change that somebody else makes at the same moment can be deleted unseen",
	canConditionBatch:  "this store refuses conditional deletes: a change that somebody else makes at the same moment can be deleted unseen",
	canRange:           "this store does not keep to the ranges that it is asked for: large files come over one connection each",
	canRedirect:        "this store refuses redirects: links are stored as pages that lead on in a browser, and come back as links, but no visitor gets a 301",
}

const noteDropped = "this store drops redirects without a word: links are stored as pages that lead on in a browser, and come back as links, but no visitor gets a 301"

// store is what was learnt of the store in this run. It is safe for concurrent
// use.
type store struct {
	mu         sync.Mutex
	lacks      [abilities]bool
	drops      bool // takes redirects and forgets them
	linkLooked bool // the first link written was, or is being, read back
	routes     bool // the routing rules are looked after
	notes      []string
}

// can reports whether the store is still believed to have an ability.
func (s *store) can(a ability) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.lacks[a]
}

// lost remembers that the store lacks an ability, and notes it once.
func (s *store) lost(a ability) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lacks[a] = true
	s.note(lostAbility[a])
}

func (s *store) note(text string) {
	if !slices.Contains(s.notes, text) {
		s.notes = append(s.notes, text)
	}
}

// dropped remembers, and notes, that a redirect which was accepted is not there.
func (s *store) dropped() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drops = true
	s.note(noteDropped)
}

// keepsRedirects reports whether the store is still believed to keep them.
func (s *store) keepsRedirects() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.drops && !s.lacks[canRedirect]
}

// claimFirstLink reports, to one caller in a run, that it wrote the first link.
func (s *store) claimFirstLink() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	first := !s.linkLooked
	s.linkLooked = true
	return first
}

// lookAfterRoutes remembers that somebody looks after the routing rules.
func (s *store) lookAfterRoutes() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.routes = true
}

func (s *store) looksAfterRoutes() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.routes
}

// takeNotes returns the notes of this run and begins the next.
func (s *store) takeNotes() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	notes := s.notes
	s.notes, s.linkLooked = nil, false
	return notes
}
