package near

import "testing"

func TestName(t *testing.T) {
	names := []string{"copy", "diff", "ls", "backends", "dry-run", "delete"}
	for name, want := range map[string]string{
		"cpy": "copy", "cop": "copy", "dif": "diff", "l": "ls", "backend": "backends", "dryrun": "dry-run", "delte": "delete", "frobnicate": "", "xx": "",
	} {
		if got := Name(name, names); got != want {
			t.Errorf("Name(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestEdits(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"a", "", 1}, {"", "abc", 3}, {"abc", "abd", 1}, {"kitten", "sitting", 3}, {"ab", "ba", 2}} {
		if got := Edits(tt.a, tt.b); got != tt.want {
			t.Errorf("Edits(%q, %q) = %d, want %d", tt.a, tt.b, got, tt.want)
		}
	}
}
