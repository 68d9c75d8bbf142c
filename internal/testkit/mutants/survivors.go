package mutants

import (
	"fmt"
	"os"
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
	// Chance says that time or the order of goroutines decides whether a case catches
	// it, or that it is caught only where there is less memory or fewer open files.
	Chance bool
	Reason string
}

// ReadSurvivors reads a list of survivors by the name of the mutant: a line
// "== same: reason", "== conforms: reason", "== gap: reason" or "== chance: reason", and
// below it one name a line.
func ReadSurvivors(name string) (map[string]Survivor, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	known := map[string]Survivor{}
	var current Survivor
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		head, isHead := strings.CutPrefix(line, "== ")
		same, isSame := strings.CutPrefix(head, "same: ")
		conforms, isConforming := strings.CutPrefix(head, "conforms: ")
		gap, isGap := strings.CutPrefix(head, "gap: ")
		chance, isChance := strings.CutPrefix(head, "chance: ")
		switch {
		case isHead && isSame:
			current = Survivor{Same: true, Reason: same}
		case isHead && isConforming:
			current = Survivor{Conforms: true, Reason: conforms}
		case isHead && isGap:
			current = Survivor{Reason: gap}
		case isHead && isChance:
			current = Survivor{Chance: true, Reason: chance}
		case isHead:
			return nil, fmt.Errorf("%s: %q is none of same, conforms, gap and chance", name, line)
		case line == "" || strings.HasPrefix(line, "#"):
		case current.Reason == "":
			return nil, fmt.Errorf("%s: %q has no reason", name, line)
		default:
			known[line] = current
		}
	}
	return known, nil
}
