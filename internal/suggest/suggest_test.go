package suggest

import "testing"

func TestNearest(t *testing.T) {
	known := []string{"cache-control", "content-type", "content-encoding", "content-language", "acl", "match"}
	for word, want := range map[string]string{
		"cache_control":   "cache-control",
		"Cache-Control":   "cache-control",
		"content-tpye":    "content-type",
		"content-endoing": "content-encoding",
		"alc":             "acl",
		"mach":            "match",
		"match":           "match",
		"expires":         "",
		"":                "",
		"x":               "",
	} {
		if got := Nearest(word, known); got != want {
			t.Errorf("%q: got %q, want %q", word, got, want)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "ab", 2}, {"ab", "", 2}, {"ab", "ba", 1}, {"kitten", "sitting", 3}, {"a", "a", 0}, {"abcd", "badc", 2}} {
		if got := distance(c.a, c.b); got != c.want {
			t.Errorf("%q, %q: got %d, want %d", c.a, c.b, got, c.want)
		}
	}
}
