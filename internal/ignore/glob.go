package ignore

import "strings"

// tokenKind is the kind of a glob's token.
type tokenKind uint8

const (
	literal  tokenKind = iota // one given byte
	anyByte                   // ?
	class                     // [...]
	star                      // *: any bytes but slashes
	deep                      // **: any bytes
	optional                  // in front of deep and a slash: all three may match nothing
)

type token struct {
	kind tokenKind
	lit  byte
	set  *byteSet // of a class
}

// byteSet is a set of bytes.
type byteSet [4]uint64

func (s *byteSet) add(c byte)      { s[c>>6] |= 1 << (c & 63) }
func (s *byteSet) has(c byte) bool { return s[c>>6]&(1<<(c&63)) != 0 }

func (s *byteSet) addRange(lo, hi byte) {
	for c := int(lo); c <= int(hi); c++ {
		s.add(byte(c))
	}
}

func (s *byteSet) invert() {
	for i := range s {
		s[i] = ^s[i]
	}
}

// A glob is a compiled pattern. Text that must stand at its beginning is kept
// apart, and text that must stand at its end is known, so that most keys are
// told from most globs by a comparison or two.
type glob struct {
	prefix string
	tokens []token // after prefix
	suffix string  // that tokens end with
}

// compile reads a pattern. Not ok is one that can never match, such as one
// whose bracket is not closed.
func compile(pattern string) (g glob, ok bool) {
	n := 0
	for n < len(pattern) && !isSpecial(pattern[n]) {
		n++
	}
	g.prefix = pattern[:n]
	g.tokens, ok = tokenize(pattern[n:])
	g.suffix = literalEnd(g.tokens)
	return g, ok
}

// literalEnd returns the text that the tokens end with: whatever is matched
// before it, it is matched by the last bytes. A slash that may be left out is
// none of it.
func literalEnd(tokens []token) string {
	i := len(tokens)
	for i > 0 && tokens[i-1].kind == literal && !(i > 2 && tokens[i-3].kind == optional) {
		i--
	}
	var b []byte
	for _, t := range tokens[i:] {
		b = append(b, t.lit)
	}
	return string(b)
}

func isSpecial(c byte) bool { return c == '*' || c == '?' || c == '[' || c == '\\' }

func tokenize(p string) ([]token, bool) {
	var out []token
	for i := 0; i < len(p); {
		switch p[i] {
		case '*':
			ts, next := starTokens(p, i)
			out, i = append(out, ts...), next
		case '?':
			out, i = append(out, token{kind: anyByte}), i+1
		case '[':
			set, next, ok := parseClass(p, i+1)
			if !ok {
				return nil, false
			}
			out, i = append(out, token{kind: class, set: set}), next
		case '\\':
			if i+1 == len(p) {
				return nil, false
			}
			out, i = append(out, token{lit: p[i+1]}), i+2
		default:
			out, i = append(out, token{lit: p[i]}), i+1
		}
	}
	return out, true
}

// starTokens reads the asterisks at p[i]. Two or more mean any number of
// directories where they fill a whole segment; else they are one. As in git,
// asterisks that follow the pattern's plain beginning count as the begin of a
// segment.
func starTokens(p string, i int) (ts []token, next int) {
	next = i
	for next < len(p) && p[next] == '*' {
		next++
	}
	rest := p[next:]
	switch {
	case next-i < 2 || i > 0 && p[i-1] != '/':
		return []token{{kind: star}}, next
	case rest == "" || strings.HasPrefix(rest, `\/`):
		return []token{{kind: deep}}, next
	case rest[0] == '/':
		return []token{{kind: optional}, {kind: deep}, {lit: '/'}}, next + 1
	}
	return []token{{kind: star}}, next
}

// match reports whether g matches the whole of s. It takes time proportional
// to the product of both lengths, whatever the pattern.
func (g *glob) match(s string) bool {
	rest, ok := strings.CutPrefix(s, g.prefix)
	if len(g.tokens) == 0 || !ok {
		return ok && rest == ""
	}
	return strings.HasSuffix(rest, g.suffix) && g.run(rest)
}

// run matches s against the tokens after the prefix. It is apart from match so that
// keys which another prefix tells from the glob need little of the stack.
func (g *glob) run(s string) bool {
	var buf [2 * 64]bool
	now, next := buf[:64], buf[64:]
	if n := len(g.tokens) + 1; n > 64 {
		now, next = make([]bool, n), make([]bool, n)
	}
	g.enter(now, 0)
	for i := range len(s) {
		clear(next)
		if !g.step(now, next, s[i]) {
			return false
		}
		now, next = next, now
	}
	return now[len(g.tokens)]
}

// enter marks that the text so far was matched by the tokens before i, and all
// that follows from it.
func (g *glob) enter(states []bool, i int) {
	if states[i] {
		return
	}
	states[i] = true
	if i == len(g.tokens) {
		return
	}
	switch g.tokens[i].kind {
	case star, deep:
		g.enter(states, i+1)
	case optional:
		g.enter(states, i+1)
		g.enter(states, i+3)
	}
}

// step consumes one byte; false means that no match is possible any more.
func (g *glob) step(now, next []bool, c byte) bool {
	alive := false
	for i, t := range g.tokens {
		if !now[i] || !t.takes(c) {
			continue
		}
		alive = true
		if t.kind == star || t.kind == deep {
			g.enter(next, i)
		} else {
			g.enter(next, i+1)
		}
	}
	return alive
}

func (t token) takes(c byte) bool {
	switch t.kind {
	case literal:
		return c == t.lit
	case class:
		return c != '/' && t.set.has(c)
	case deep:
		return true
	case optional:
		return false
	}
	return c != '/'
}
