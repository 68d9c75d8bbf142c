// Package near finds names that were probably meant.
package near

// Name returns the one of names that is the fewest edits away from name, or "" if
// none is near.
func Name(name string, names []string) string {
	best, limit := "", 1+len(name)/3
	for _, n := range names {
		if d := Edits(name, n); d <= limit {
			best, limit = n, d-1
		}
	}
	return best
}

// Edits returns how many bytes must be inserted, removed or replaced to make b of
// a.
func Edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
