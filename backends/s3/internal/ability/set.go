package ability

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Set is the assumed abilities of a store. Its zero value is S3. It is safe for
// concurrent use.
type Set struct {
	memory *Memory // nil: nothing is remembered

	learning sync.Mutex // locked while one request learns which ability the store lacks

	mu     sync.Mutex
	forced mask // has= and lacks= decide
	lacks  mask
	tried  mask // were left away once, after a refusal that named nothing
	proved mask // a request that relies on it went well
	used   mask // a request of this run went without
}

// New returns the abilities of a store; has and lacks are those that the user
// states in a URL, by names with commas between them. The memory, which may be nil,
// has those that earlier runs learnt.
func New(has, lacks string, memory *Memory) (*Set, error) {
	s := &Set{memory: memory}
	for _, a := range memory.recall() {
		s.lacks |= 1 << a
	}
	for _, p := range []struct{ param, names string }{{"has", has}, {"lacks", lacks}} {
		for name := range strings.SplitSeq(p.names, ",") {
			if name = strings.TrimSpace(name); name == "" {
				continue
			}
			i := slices.Index(Names(), name)
			if i < 0 {
				return nil, fmt.Errorf("%s=%s: expected one of %s", p.param, name, strings.Join(Names(), ", "))
			}
			if s.forced.has(Ability(i)) {
				return nil, fmt.Errorf("has= and lacks= both name %s", name)
			}
			s.forced |= 1 << i
			if s.lacks &^= 1 << i; p.param == "lacks" {
				s.lacks |= 1 << i
			}
		}
	}
	return s, nil
}

// Has reports whether the store is believed to have an ability. A caller that goes
// without because of a no has it noted.
func (s *Set) Has(a Ability) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lacks.has(a) {
		s.used |= 1 << a
		return false
	}
	return true
}

// Works notes that a request went well which relies on an ability.
func (s *Set) Works(a Ability) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.proved |= 1 << a
}

// Proved reports whether a request went well which relies on an ability.
func (s *Set) Proved(a Ability) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.proved.has(a)
}

// Insists reports whether the person said that the store has an ability: without
// it, the request fails.
func (s *Set) Insists(a Ability) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.forced.has(a) && !s.lacks.has(a)
}

// Denied reports whether the person said that the store lacks an ability.
func (s *Set) Denied(a Ability) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.forced.has(a) && s.lacks.has(a)
}

// Lose learns that the store lacks an ability. It reports whether requests may go
// without: not if the person said that the store has it.
func (s *Set) Lose(a Ability) bool {
	s.mu.Lock()
	if s.forced.has(a) && !s.lacks.has(a) {
		s.mu.Unlock()
		return false
	}
	fresh := !s.lacks.has(a)
	s.lacks |= 1 << a
	s.used |= 1 << a
	s.mu.Unlock()
	if fresh && a.SavesTime() {
		s.memory.remember(a, time.Now())
	}
	return true
}

// Notes returns a sentence for each ability that the requests since the last call
// went without.
func (s *Set) Notes() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var notes []string
	for a := range count {
		if note := a.Note(); s.used.has(a) && !slices.Contains(notes, note) {
			notes = append(notes, note)
		}
	}
	s.used = 0
	return notes
}
