package mutants

import (
	"fmt"
	"os"
	"strings"
)

// Survivors are the mutants that are known to survive, by name, each with the reason
// why that is no gap of the suite.
type Survivors map[string]string

// ReadSurvivors reads a list of them: a line "== reason", and below it one name a
// line.
func ReadSurvivors(name string) (Survivors, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	known, reason := Survivors{}, ""
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		switch after, isReason := strings.CutPrefix(line, "== "); {
		case isReason:
			reason = after
		case line == "" || strings.HasPrefix(line, "#"):
		case reason == "":
			return nil, fmt.Errorf("%s: %q has no reason", name, line)
		default:
			known[line] = reason
		}
	}
	return known, nil
}
