package listing

import (
	"bytes"
	"time"
	"unicode/utf8"
)

// scanner reads plain XML from the front of rest.
type scanner struct {
	rest   []byte
	empty  bool // the element that was opened last is closed too: <a/>
	failed bool

	plain []byte     // the texts of an object that had entities
	both  [2048]byte // a key and its ETag
	when  []byte     // the text of the last time that was read, and its value
	last  time.Time
}

func (s *scanner) fail() []byte {
	s.failed = true
	return nil
}

func (s *scanner) space() { s.rest = bytes.TrimLeft(s.rest, " \t\r\n") }

// prolog passes an XML declaration of version 1.0 and UTF-8.
func (s *scanner) prolog() {
	s.space()
	if !bytes.HasPrefix(s.rest, []byte("<?xml ")) {
		return
	}
	head, rest, ok := bytes.Cut(s.rest, []byte("?>"))
	known := bytes.HasPrefix(head, []byte(`<?xml version="1.0"`)) || bytes.HasPrefix(head, []byte(`<?xml version='1.0'`))
	enc := bytes.ToLower(head)
	if !ok || !known || bytes.Contains(enc, []byte("encoding")) && !bytes.Contains(enc, []byte("utf-8")) {
		s.failed = true
	}
	s.rest = rest
}

// open passes the next opening tag and returns its name, which is empty before a
// closing tag.
func (s *scanner) open() []byte {
	s.space()
	if s.failed || len(s.rest) < 3 || s.rest[0] != '<' {
		return s.fail()
	}
	if s.rest[1] == '/' {
		return nil
	}
	end := bytes.IndexByte(s.rest, '>')
	if end < 2 {
		return s.fail()
	}
	tag := s.rest[1:end]
	s.rest = s.rest[end+1:]
	if s.empty = tag[len(tag)-1] == '/'; s.empty {
		tag = tag[:len(tag)-1]
	}
	return s.name(tag)
}

// name is the name in a tag, which may have attributes that declare its name
// space.
func (s *scanner) name(tag []byte) []byte {
	name, attr, has := bytes.Cut(tag, []byte(" "))
	if has && !plainAttr(attr) || !plainName(name) {
		return s.fail()
	}
	return name
}

// plainAttr reports whether attr is one attribute, xmlns, in double quotes.
func plainAttr(attr []byte) bool {
	value, ok := bytes.CutPrefix(bytes.TrimSpace(attr), []byte(`xmlns="`))
	if !ok || len(value) == 0 || value[len(value)-1] != '"' {
		return false
	}
	return !bytes.ContainsAny(value[:len(value)-1], "\"<&") && plainText(value)
}

func plainName(name []byte) bool {
	for _, c := range name {
		if (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return len(name) > 0 && (name[0] < '0' || name[0] > '9')
}

// close passes the closing tag of name.
func (s *scanner) close(name []byte) {
	if s.failed || len(s.rest) < len(name)+3 || !bytes.Equal(s.rest[2:2+len(name)], name) || s.rest[2+len(name)] != '>' {
		s.failed = true
		return
	}
	s.rest = s.rest[len(name)+3:]
}

// text returns the text of the element name, which was opened, and passes its
// closing tag. It is valid until the next object.
func (s *scanner) text(name []byte) []byte {
	if s.empty || s.failed {
		return nil
	}
	end := bytes.IndexByte(s.rest, '<')
	if end < 0 || end+1 == len(s.rest) || s.rest[end+1] != '/' || !plainText(s.rest[:end]) {
		s.failed = true
		return nil
	}
	text := s.rest[:end]
	s.rest = s.rest[end:]
	s.close(name)
	if bytes.IndexByte(text, '&') < 0 {
		return text
	}
	start := len(s.plain)
	var ok bool
	s.plain, ok = unescape(s.plain, text)
	s.failed = s.failed || !ok
	return s.plain[start:]
}

// plainText reports whether text means itself, but for entities: characters
// that XML does not allow, or changes, are not our business.
func plainText(text []byte) bool {
	for _, c := range text {
		if c < ' ' && c != '\n' && c != '\t' || c == 0xef { // U+FFFE and U+FFFF begin so
			return false
		}
	}
	return utf8.Valid(text) && !bytes.Contains(text, []byte("]]>"))
}

var entities = map[string]string{"amp": "&", "lt": "<", "gt": ">", "quot": `"`, "apos": "'", "#34": `"`, "#38": "&", "#39": "'", "#60": "<", "#62": ">"}

// unescape appends text to out with its entities resolved.
func unescape(out, text []byte) ([]byte, bool) {
	for {
		i := bytes.IndexByte(text, '&')
		if i < 0 {
			return append(out, text...), true
		}
		out, text = append(out, text[:i]...), text[i+1:]
		i = bytes.IndexByte(text, ';')
		if i < 0 {
			return out, false
		}
		c, known := entities[string(text[:i])]
		if !known {
			return out, false
		}
		out, text = append(out, c...), text[i+1:]
	}
}

// skip passes the element name, which was opened, with all that is in it.
func (s *scanner) skip(name []byte) {
	if s.empty || s.failed {
		s.empty = false
		return
	}
	if end := bytes.IndexByte(s.rest, '<'); end >= 0 && end+1 < len(s.rest) && s.rest[end+1] == '/' {
		s.text(name)
		return
	}
	for !s.failed {
		inner := s.open()
		if len(inner) == 0 {
			s.close(name)
			return
		}
		s.skip(inner)
	}
}

// int reads a size; one that is written in another way than sizes are is not
// for the scanner.
func (s *scanner) int(text []byte) (n int64) {
	if len(text) == 0 || len(text) > 18 {
		s.failed = true
	}
	for _, c := range text {
		if c < '0' || c > '9' {
			s.failed = true
			break
		}
		n = n*10 + int64(c-'0')
	}
	return n
}

// stamp is parseTime; objects that were put together often have the same.
func (s *scanner) stamp(text []byte) time.Time {
	if !bytes.Equal(text, s.when) || text == nil {
		s.when, s.last = append(s.when[:0], text...), parseTime(string(text))
	}
	return s.last
}

func (s *scanner) bool(text []byte) bool {
	switch string(text) {
	case "true":
		return true
	case "false":
		return false
	}
	s.failed = true
	return false
}
