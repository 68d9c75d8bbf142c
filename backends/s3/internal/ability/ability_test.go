package ability

import (
	"errors"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// refusal is an answer of a store.
type refusal struct {
	status     int
	code, text string
}

func (r refusal) Error() string       { return r.code + ": " + r.text }
func (r refusal) HTTPStatusCode() int { return r.status }
func (r refusal) ErrorCode() string   { return r.code }

// A store refuses requests that have one of these abilities, with no.
type store struct {
	lacks []Ability
	no    error
	sent  int
}

func (s *store) attempt(optional ...Ability) Attempt {
	return Attempt{Optional: optional, Send: func(with func(Ability) bool) error {
		s.sent++
		if slices.ContainsFunc(s.lacks, with) {
			return s.no
		}
		return nil
	}}
}

var (
	unimplemented = refusal{501, "NotImplemented", "A header you provided implies functionality that is not implemented"}
	vague         = refusal{400, "BadRequest", "Your request could not be handled."}
)

// TestEachAbilityHasItsRow checks that the table is whole.
func TestEachAbilityHasItsRow(t *testing.T) {
	names := Names()
	for a := range count {
		if a.Name() == "" || a.Note() == "" || slices.Index(names, a.Name()) != int(a) {
			t.Errorf("ability %d: name %q, note %q", a, a.Name(), a.Note())
		}
		if a.SavesTime() == strings.HasPrefix(a.Note(), Warning) && a != QuotedConditions {
			t.Errorf("%s: note %q; want a warning where a promise rests on it alone", a.Name(), a.Note())
		}
	}
}

// TestRefusedAbilitiesAreLearnt counts the requests of learning, and checks those
// from then on.
func TestRefusedAbilitiesAreLearnt(t *testing.T) {
	optional := []Ability{PutConditions, Redirects, CachePolicy}
	for name, c := range map[string]struct {
		lacks []Ability
		no    error
		tries int
	}{
		"nothing":                 {nil, nil, 1},
		"conditions, by 501":      {[]Ability{PutConditions}, unimplemented, 2},
		"redirects, by 501":       {[]Ability{Redirects}, unimplemented, 3},
		"both, by 501":            {[]Ability{PutConditions, Redirects}, unimplemented, 5},
		"redirects, by name":      {[]Ability{Redirects}, refusal{400, "InvalidArgument", "x-amz-website-redirect-location"}, 2},
		"conditions, by name":     {[]Ability{PutConditions}, refusal{501, "NotImplemented", "If-Match is not supported"}, 2},
		"cache policy, in a word": {[]Ability{CachePolicy}, vague, 4},
	} {
		t.Run(name, func(t *testing.T) {
			s, st := new(Set), &store{lacks: c.lacks, no: c.no}
			if err := s.Try(st.attempt(optional...)); err != nil || st.sent != c.tries {
				t.Errorf("%v after %d tries; want success after %d", err, st.sent, c.tries)
			}
			st.sent = 0
			if err := s.Try(st.attempt(optional...)); err != nil || st.sent != 1 {
				t.Errorf("the next request: %v after %d tries; want 1", err, st.sent)
			}
			for _, a := range optional {
				lost := slices.Contains(c.lacks, a)
				if s.Has(a) == lost {
					t.Errorf("Has(%s) = %v", a.Name(), !lost)
				}
			}
		})
	}
}

// TestRefusalsOneAfterTheOther checks that a store which refuses one header after the
// other, each by its name, is asked without both.
func TestRefusalsOneAfterTheOther(t *testing.T) {
	s, sent := new(Set), 0
	err := s.Try(Attempt{Optional: []Ability{PutConditions, Redirects, CachePolicy}, Send: func(with func(Ability) bool) error {
		sent++
		switch {
		case with(PutConditions):
			return refusal{501, "NotImplemented", "Conditional object PUTs are not supported."}
		case with(Redirects):
			return unimplemented
		}
		return nil
	}})
	if err != nil || sent > 5 || s.Has(PutConditions) || s.Has(Redirects) || !s.Has(CachePolicy) {
		t.Errorf("%v after %d tries, notes %q; want it to go well without conditions and redirects", err, sent, s.Notes())
	}
}

// TestARefusalThatNamesNothingIsTriedOnce checks that each ability is left away once
// a run, for as many requests as are refused.
func TestARefusalThatNamesNothingIsTriedOnce(t *testing.T) {
	s := new(Set)
	sent := 0
	always := Attempt{Optional: []Ability{PutConditions, Redirects}, Send: func(func(Ability) bool) error {
		sent++
		return vague
	}}
	for i, want := range []int{4, 1, 1} {
		sent = 0
		if err := s.Try(always); !errors.Is(err, vague) || sent != want {
			t.Errorf("request %d: %v after %d tries; want the refusal after %d", i, err, sent, want)
		}
	}
	if !s.Has(PutConditions) || !s.Has(Redirects) || len(s.Notes()) > 0 {
		t.Error("an ability was lost although nothing went well without it")
	}
}

// TestOtherErrorsAreLeftAlone checks that no header is left out because of an error
// with another cause.
func TestOtherErrorsAreLeftAlone(t *testing.T) {
	for _, err := range []error{
		errors.New("connection reset"), refusal{403, "AccessDenied", "no"}, refusal{412, "PreconditionFailed", "if-match"},
		refusal{400, "BadDigest", ""}, refusal{400, "ExpiredToken", ""}, refusal{500, "InternalError", ""}, refusal{404, "NoSuchBucket", ""},
	} {
		st := &store{lacks: []Ability{PutConditions}, no: err}
		if got := new(Set).Try(st.attempt(PutConditions, Redirects)); !errors.Is(got, err) || st.sent != 1 {
			t.Errorf("%v: %v after %d tries; want it after 1", err, got, st.sent)
		}
	}
}

// TestAPromiseIsGivenUpAfterAProofAlone checks that nothing is sent without an
// ability if the proof fails.
func TestAPromiseIsGivenUpAfterAProofAlone(t *testing.T) {
	changed := errors.New("changed")
	s, st := new(Set), &store{lacks: []Ability{PutConditions}, no: unimplemented}
	a := st.attempt(PutConditions)
	a.Prove = func(Ability) error { return changed }
	if err := s.Try(a); !errors.Is(err, changed) || st.sent != 1 || !s.Has(PutConditions) {
		t.Errorf("%v after %d requests; want the proof's error after 1, and the ability kept", err, st.sent)
	}
	a.Prove = func(Ability) error { return nil }
	if err := s.Try(a); err != nil || s.Has(PutConditions) {
		t.Errorf("%v; want the ability lost after its proof", err)
	}
}

// TestAnInvalidRedirectIsNoRefusalOfRedirects checks that one bad target does not cost
// all links their redirects.
func TestAnInvalidRedirectIsNoRefusalOfRedirects(t *testing.T) {
	s, st := new(Set), &store{lacks: []Ability{Redirects}, no: refusal{400, "InvalidRedirectLocation", "redirect"}}
	if err := s.Try(st.attempt(Redirects)); err != nil || !s.Has(Redirects) {
		t.Errorf("%v, Has %v; want the page alone, and redirects still", err, s.Has(Redirects))
	}
}

// TestManyRequestsLearnOnce checks that of requests that are refused at once, one finds
// out why.
func TestManyRequestsLearnOnce(t *testing.T) {
	s := new(Set)
	var mu sync.Mutex
	sent := 0
	var wg sync.WaitGroup
	ready := make(chan struct{})
	for range 20 {
		wg.Go(func() {
			first := true
			err := s.Try(Attempt{Optional: []Ability{PutConditions}, Send: func(with func(Ability) bool) error {
				if first {
					first = false
					<-ready
				}
				mu.Lock()
				defer mu.Unlock()
				sent++
				if with(PutConditions) {
					return unimplemented
				}
				return nil
			}})
			if err != nil {
				t.Error(err)
			}
		})
	}
	close(ready)
	wg.Wait()
	if sent > 40 {
		t.Errorf("%d requests; want at most two for each", sent)
	}
}

// TestThePersonDecides checks that has= and lacks= override learnt and remembered
// abilities.
func TestThePersonDecides(t *testing.T) {
	m := OpenMemory(t.TempDir(), "s")
	m.remember(Expect, time.Now())
	s, err := New("conditions, expect", "batch-delete", m)
	if err != nil {
		t.Fatal(err)
	}
	if !s.Has(Expect) || s.Has(BatchDelete) || !s.Insists(PutConditions) || s.Insists(BatchDelete) {
		t.Error("the parameters do not decide")
	}
	st := &store{lacks: []Ability{PutConditions}, no: unimplemented}
	if err := s.Try(st.attempt(PutConditions)); !errors.Is(err, unimplemented) || st.sent != 1 {
		t.Errorf("%v after %d requests; want the refusal", err, st.sent)
	}
	if s.Lose(PutConditions) {
		t.Error("an ability was lost that the person says the store has")
	}
	for has, lacks := range map[string]string{"nonsense": "", "expect": "expect", "": "x"} {
		if _, err := New(has, lacks, nil); err == nil {
			t.Errorf("has=%s, lacks=%s: no error", has, lacks)
		}
	}
}

// TestTimeSavingAbilitiesAreRememberedForAWeek checks that, and that no weakened promise is.
func TestTimeSavingAbilitiesAreRememberedForAWeek(t *testing.T) {
	dir := t.TempDir()
	open := func(store string) (*Set, *Memory) {
		m := OpenMemory(dir, "https://s3.example.com", store)
		s, err := New("", "", m)
		if err != nil {
			t.Fatal(err)
		}
		return s, m
	}
	s, _ := open("bucket")
	for a := range count {
		s.Lose(a)
	}
	again, m := open("bucket")
	for a := range count {
		if again.Has(a) == a.SavesTime() {
			t.Errorf("%s: remembered %v; want %v", a.Name(), !again.Has(a), a.SavesTime())
		}
	}
	if other, _ := open("other"); !other.Has(Expect) {
		t.Error("another bucket is believed to lack the same")
	}
	m.now = func() time.Time { return time.Now().Add(memoryTime + time.Hour) }
	if old := m.recall(); len(old) > 0 {
		t.Errorf("a week later: %v", old)
	}
	if err := os.WriteFile(m.path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if s, _ := open("bucket"); !s.Has(Expect) {
		t.Error("a file that cannot be read says something")
	}
	var none *Memory
	none.remember(Expect, time.Now())
	if none.recall() != nil || OpenMemory("", "x") != nil {
		t.Error("there is a memory without a directory")
	}
}

// TestNotesAreOfTheRunThatWentWithout checks that a lack is said once a run, in each
// run that it matters to.
func TestNotesAreOfTheRunThatWentWithout(t *testing.T) {
	s := new(Set)
	s.Lose(DeleteConditions)
	s.Lose(BatchConditions)
	if notes := s.Notes(); len(notes) != 2 || !strings.HasPrefix(notes[0], Warning) || strings.HasPrefix(notes[1], Warning) {
		t.Errorf("notes %q; want a warning that deletes have no conditions, and the price of batches", notes)
	}
	if notes := s.Notes(); len(notes) > 0 {
		t.Errorf("a run that deletes nothing: %q", notes)
	}
	if s.Has(DeleteConditions) || len(s.Notes()) != 1 {
		t.Error("a run that deletes: no note")
	}
}
