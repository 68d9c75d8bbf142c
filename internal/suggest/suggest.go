// Package suggest guesses the word that somebody meant to write.
package suggest

// Nearest returns the word of known that differs least from word, or "" if every
// one of them differs in more than a third of its letters. Of words that differ
// equally the first one counts.
func Nearest(word string, known []string) string {
	nearest, least := "", -1
	for _, k := range known {
		d := distance(word, k)
		if 3*d <= max(len(word), len(k)) && (least < 0 || d < least) {
			nearest, least = k, d
		}
	}
	return nearest
}

// distance returns the number of bytes to insert, delete, replace or swap with
// their neighbour that turn a into b (optimal string alignment).
func distance(a, b string) int {
	before, row, next := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		next[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			next[j] = min(row[j]+1, next[j-1]+1, row[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				next[j] = min(next[j], before[j-2]+1)
			}
		}
		before, row, next = row, next, before
	}
	return row[len(b)]
}
