package ignore

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/s3fc/s3fc/backends/localfs"
)

// deepKeys are n keys of so many levels each.
func deepKeys(n, levels int) []string {
	keys := make([]string, n)
	for i := range keys {
		keys[i] = fmt.Sprintf("%d%s/file", i, strings.Repeat("/d", levels-2))
	}
	return keys
}

// BenchmarkDepth is the cost of the rules for ten files of 390 levels in a
// directory, for each look at all of them.
func BenchmarkDepth(b *testing.B) {
	for _, levels := range []int{50, 390} {
		b.Run(fmt.Sprint(levels), func(b *testing.B) {
			root, keys := b.TempDir(), deepKeys(10, levels)
			for _, key := range keys {
				if err := os.MkdirAll(filepath.Join(root, filepath.Dir(key)), 0o777); err != nil {
					b.Fatal(err)
				}
			}
			tree, err := localfs.New(root, localfs.Options{})
			if err != nil {
				b.Fatal(err)
			}
			defer tree.Close()
			for b.Loop() {
				s := NewSet(rules(b, "*.tmp"), rules(b, ".DS_Store"), OfTree(b.Context(), tree, "tree"))
				for _, key := range keys {
					if s.Hidden(key) || s.Err() != nil {
						b.Fatal(key, s.Err())
					}
				}
			}
			b.ReportMetric(float64(b.Elapsed())/float64(b.N)/float64(len(keys)*levels)/float64(time.Microsecond), "µs/level")
		})
	}
}

// counted counts the directories that are asked for rules.
type counted struct {
	texts
	n int
}

func (c *counted) ReadRules(dir string) (*Rules, error) {
	c.n++
	return c.texts.ReadRules(dir)
}

// TestEachDirectoryIsReadOnce checks that deep keys cost no more than their levels,
// also where there are more directories than are remembered.
func TestEachDirectoryIsReadOnce(t *testing.T) {
	keys := deepKeys(40, 390)
	src := &counted{}
	s := NewSet(rules(t), rules(t), src)
	for _, key := range keys {
		for range 3 { // as both listings and the plan ask
			if s.Hidden(key) {
				t.Fatal(key)
			}
		}
	}
	dirs := 1 + len(keys)*389
	if most := dirs + dirs/maxDirs; src.n < dirs || src.n > most {
		t.Errorf("%d directories were asked for rules, and %d are there", src.n, dirs)
	}
}
