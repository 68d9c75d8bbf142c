package mutants

import (
	"fmt"
	"os"
	"strings"
)

// A Survivor says why a mutant is known to survive.
type Survivor struct {
	// Same says that no caller can tell the mutant from the program: it is slower,
	// or uses more memory, or has the same result in another way.
	Same   bool
	Reason string
}

// ReadSurvivors reads a list of survivors by the name of the mutant: a line
// "== same: reason" or "== gap: reason", and below it one name a line.
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
		gap, isGap := strings.CutPrefix(head, "gap: ")
		switch {
		case isHead && isSame:
			current = Survivor{true, same}
		case isHead && isGap:
			current = Survivor{false, gap}
		case isHead:
			return nil, fmt.Errorf("%s: %q is neither same nor gap", name, line)
		case line == "" || strings.HasPrefix(line, "#"):
		case current.Reason == "":
			return nil, fmt.Errorf("%s: %q has no reason", name, line)
		default:
			known[line] = current
		}
	}
	return known, nil
}
