package mutants

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

// A Survivor says why a mutant is known to survive.
type Survivor struct {
	// Same says that the mutant does what the program does, as far as any caller can
	// tell: it is slower, or keeps more, or has the same result on another way.
	Same bool
	// Conforms says that the mutant is another backend that keeps the contract, or that
	// the contract does not concern it: the suite must not catch it.
	Conforms bool
	Reason   string
}

// Survivors are the mutants of a package that are known to survive.
type Survivors struct {
	byName   map[string]Survivor
	prefixes []prefix
}

// A prefix stands for all mutants whose names begin so.
type prefix struct {
	text string
	why  Survivor
}

// Find returns why the mutant called name may survive.
func (s *Survivors) Find(name string) (Survivor, bool) {
	if why, ok := s.byName[name]; ok {
		return why, true
	}
	for _, p := range s.prefixes {
		if strings.HasPrefix(name, p.text) {
			return p.why, true
		}
	}
	return Survivor{}, false
}

// Unused returns the lines of the list that are for none of mutants.
func (s *Survivors) Unused(mutants []Mutant) (lines []string) {
	names := map[string]bool{}
	for _, m := range mutants {
		names[m.Name] = true
	}
	for name := range s.byName {
		if !names[name] {
			lines = append(lines, name)
		}
	}
	for _, p := range s.prefixes {
		if !slices.ContainsFunc(mutants, func(m Mutant) bool { return strings.HasPrefix(m.Name, p.text) }) {
			lines = append(lines, p.text+"*")
		}
	}
	slices.Sort(lines)
	return lines
}

// ReadSurvivors reads a list of survivors: a line "== same: reason", "== conforms:
// reason" or "== gap: reason", and below it the name of a mutant on each line, or the
// beginning of names with a star.
func ReadSurvivors(name string) (*Survivors, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	known := &Survivors{byName: map[string]Survivor{}}
	var current Survivor
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		head, isHead := strings.CutPrefix(line, "== ")
		begin, isPrefix := strings.CutSuffix(line, "*")
		switch {
		case isHead:
			if current, err = parseReason(head); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
		case line == "" || strings.HasPrefix(line, "#"):
		case current.Reason == "":
			return nil, fmt.Errorf("%s: %q has no reason", name, line)
		case isPrefix:
			known.prefixes = append(known.prefixes, prefix{begin, current})
		default:
			known.byName[line] = current
		}
	}
	return known, nil
}

// parseReason reads the line above a group.
func parseReason(head string) (Survivor, error) {
	class, reason, _ := strings.Cut(head, ": ")
	switch s := (Survivor{Reason: reason}); class {
	case "same":
		s.Same = true
		return s, nil
	case "conforms":
		s.Conforms = true
		return s, nil
	case "gap":
		return s, nil
	}
	return Survivor{}, fmt.Errorf("%q is neither same nor conforms nor gap", head)
}
