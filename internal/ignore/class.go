package ignore

import "strings"

// parseClass reads a bracket expression whose first byte after "[" is p[i],
// and returns the index after its "]". Not ok is one that is not closed or
// names an unknown class; it matches nothing.
func parseClass(p string, i int) (set *byteSet, next int, ok bool) {
	set = new(byteSet)
	negated := i < len(p) && (p[i] == '!' || p[i] == '^')
	if negated {
		i++
	}
	var from byte // the start of a range, 0 for none
	for first := true; ; first = false {
		switch {
		case i >= len(p):
			return nil, 0, false
		case p[i] == ']' && !first:
			if negated {
				set.invert()
			}
			return set, i + 1, true
		case p[i] == '-' && from != 0 && i+1 < len(p) && p[i+1] != ']':
			hi, n, ok := classByte(p, i+1)
			if !ok {
				return nil, 0, false
			}
			set.addRange(from, hi)
			from, i = 0, n
		case strings.HasPrefix(p[i:], "[:"):
			n, named, ok := namedClass(set, p, i)
			if !ok {
				return nil, 0, false
			}
			if from = 0; !named {
				from = '['
			}
			i = n
		default:
			c, n, ok := classByte(p, i)
			if !ok {
				return nil, 0, false
			}
			set.add(c)
			from, i = c, n
		}
	}
}

// classByte reads one byte of a class, which a backslash may precede.
func classByte(p string, i int) (c byte, next int, ok bool) {
	if p[i] == '\\' {
		i++
	}
	if i >= len(p) {
		return 0, 0, false
	}
	return p[i], i + 1, true
}

// namedClass reads [:name:] at p[i]. A "[:" that begins no class is a bracket like
// any other byte, and named is false.
func namedClass(set *byteSet, p string, i int) (next int, named, ok bool) {
	end := strings.IndexByte(p[i+2:], ']')
	if end < 0 {
		return 0, false, false
	}
	name, isName := strings.CutSuffix(p[i+2:i+2+end], ":")
	if !isName {
		set.add('[')
		return i + 1, false, true
	}
	in, known := namedClasses[name]
	if !known {
		return 0, false, false
	}
	for c := range 128 {
		if in(byte(c)) {
			set.add(byte(c))
		}
	}
	return i + 2 + end + 1, true, true
}

// namedClasses are those of POSIX, in ASCII.
var namedClasses = map[string]func(c byte) bool{
	"alnum":  func(c byte) bool { return isAlpha(c) || isDigit(c) },
	"alpha":  isAlpha,
	"blank":  func(c byte) bool { return c == ' ' || c == '\t' },
	"cntrl":  func(c byte) bool { return c < ' ' || c == 0x7f },
	"digit":  isDigit,
	"graph":  isGraph,
	"lower":  func(c byte) bool { return 'a' <= c && c <= 'z' },
	"print":  func(c byte) bool { return c == ' ' || isGraph(c) },
	"punct":  func(c byte) bool { return isGraph(c) && !isAlpha(c) && !isDigit(c) },
	"space":  func(c byte) bool { return c == ' ' || '\t' <= c && c <= '\r' },
	"upper":  func(c byte) bool { return 'A' <= c && c <= 'Z' },
	"xdigit": func(c byte) bool { return isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'f' },
}

func isAlpha(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }
func isDigit(c byte) bool { return '0' <= c && c <= '9' }
func isGraph(c byte) bool { return '!' <= c && c <= '~' }
