package ignore

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/s3fc/s3fc/internal/testkit/long"
)

// git is a working tree in which git itself decides about keys.
type git struct {
	dir  string
	keys []string // files
	dirs []string
}

func newGit(t *testing.T) *git {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("git is needed as the oracle of this test")
		}
		t.Skip("NOT RUN: git is not installed, and it is the oracle of this test")
	}
	g := &git{dir: t.TempDir()}
	g.run(t, "", "init", "-q", ".")
	for _, d := range []string{".", "a", "a/b", "a/b/c", "b", "foo", "foo/bar", "foo/a", "ab"} {
		g.dirs = append(g.dirs, d)
		if err := os.MkdirAll(filepath.Join(g.dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"f", "ab", "foo", "a.b", "[x", "x ", "-", `b\`, "#c", "!d", "aa.txt"} {
			key := filepath.Join(d, name)
			if _, err := os.Lstat(filepath.Join(g.dir, key)); err == nil || slices.Contains([]string{"ab", "foo"}, key) {
				continue
			}
			if err := os.WriteFile(filepath.Join(g.dir, key), nil, 0o644); err != nil {
				t.Fatal(err)
			}
			g.keys = append(g.keys, key)
		}
	}
	return g
}

func (g *git) run(t *testing.T, stdin string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = g.dir
	cmd.Env = append(os.Environ(), "HOME="+g.dir, "XDG_CONFIG_HOME="+g.dir, "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull)
	cmd.Stdin = strings.NewReader(stdin)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil && cmd.ProcessState.ExitCode() != 1 { // 1: nothing is ignored
		t.Fatalf("git %v: %v: %s", args, err, &stderr)
	}
	return string(out)
}

// ignored returns the files that git ignores under these rules by directory.
func (g *git) ignored(t *testing.T, rules map[string]string) map[string]bool {
	t.Helper()
	for _, d := range g.dirs {
		name := filepath.Join(g.dir, d, ".gitignore")
		if text, ok := rules[d]; ok {
			if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		} else if err := os.Remove(name); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
	out := g.run(t, strings.Join(g.keys, "\x00"), "check-ignore", "--no-index", "-z", "--stdin")
	set := make(map[string]bool)
	for key := range strings.SplitSeq(out, "\x00") {
		set[key] = true
	}
	return set
}

// texts is a Source of rules that are given.
type texts map[string]string

func (m texts) ReadRules(dir string) (*Rules, error) { return Parse(m[dir]) }

func randomPattern(r *rand.Rand) string {
	pieces := []string{
		"a", "b", "c", "f", "foo", "bar", "ab", ".", "/", "/", "/", "*", "*", "**", "***", "?", "[ab]", "[!a]", "[^f]", "[a-f]",
		"[[:alpha:]]", "[[:punct:]]", "[]x]", "[", "[x", "[a-", `[\]]`, "[[:nope:]]", "[[:]x]", `[a\-f]`, "[!/]", `\`, `\*`, `\ `, `\/`, " ", "#", "!", "-", "/**/", "**/", "/**", "txt",
	}
	var b strings.Builder
	if r.IntN(5) == 0 {
		b.WriteByte('!')
	}
	for range 1 + r.IntN(5) {
		b.WriteString(pieces[r.IntN(len(pieces))])
	}
	return b.String()
}

func randomRules(r *rand.Rand, dirs []string) map[string]string {
	rules := make(map[string]string)
	for range 1 + r.IntN(3) {
		var lines []string
		for range 1 + r.IntN(4) {
			line := randomPattern(r)
			for _, err := Parse(line); err != nil; _, err = Parse(line) { // git ignores it, and Parse does not
				line = randomPattern(r)
			}
			lines = append(lines, line)
		}
		sep := []string{"\n", "\r\n", "\n\n"}[r.IntN(3)]
		rules[dirs[r.IntN(1+r.IntN(len(dirs)))]] = strings.Join(lines, sep)
	}
	return rules
}

func TestSetAgreesWithGit(t *testing.T) {
	g := newGit(t)
	rounds := 400
	if !long.Enabled() {
		rounds = 100
	}
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 1))
	for i := range rounds {
		rules := randomRules(r, g.dirs)
		want := g.ignored(t, rules)
		set := NewSet(nil, nil, texts(rules))
		for _, key := range g.keys {
			if got := set.Hidden(key); got != want[key] {
				t.Fatalf("seed %d, round %d: Hidden(%q) = %v, git says %v, under %s", seed, i, key, got, want[key], show(rules))
			}
		}
	}
}

func show(rules map[string]string) string {
	var b strings.Builder
	for dir, text := range rules {
		fmt.Fprintf(&b, "\n%s: %q", dir, text)
	}
	return b.String()
}
