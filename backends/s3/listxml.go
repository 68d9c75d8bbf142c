package s3

import (
	"bytes"
	"encoding/xml"
	"errors"
	"time"
	"unicode/utf8"

	"github.com/s3fc/s3fc/backends/s3/internal/format"
	"github.com/s3fc/s3fc/backends/s3/internal/wire"
)

// listPage is one answer to a listing.
type listPage struct {
	objects   []pageObject
	names     []string // what the keys of a level begin with, to its next slash
	encoded   bool     // keys are encoded as in a URL's query
	truncated bool     // there is more
	next      string   // the token that asks for it
	token     string   // that asked for this page
}

// pageObject is an object as a listing has it.
type pageObject struct {
	key, etag string // the etag with its quotes
	size      int64
	changed   time.Time
}

// parsePage reads the answer to ListObjectsV2. What is not plain (CDATA,
// comments, name spaces with a prefix) is left to encoding/xml, which takes
// about twenty times as long. An answer that is no listing is [wire.ErrNotS3], and
// one that was cut is another error: neither is ever an empty page.
func parsePage(b []byte) (listPage, error) {
	p, ok := scanPage(b)
	if ok {
		return p, nil
	}
	return decodePage(b)
}

// decodePage is parsePage by encoding/xml.
func decodePage(b []byte) (listPage, error) {
	var doc struct {
		XMLName               xml.Name `xml:"ListBucketResult"`
		IsTruncated           *bool
		NextContinuationToken string
		EncodingType          string
		Contents              []struct {
			Key, ETag    string
			Size         int64
			LastModified string
		}
		CommonPrefixes []struct{ Prefix string }
	}
	err := xml.Unmarshal(b, &doc)
	var other xml.UnmarshalError // of another name
	switch {
	case errors.As(err, &other), err == nil && doc.IsTruncated == nil:
		return listPage{}, wire.ErrNotS3
	case err != nil:
		return listPage{}, &wire.BrokenError{Err: err}
	}
	p := listPage{encoded: doc.EncodingType == encodingURL, truncated: *doc.IsTruncated, next: doc.NextContinuationToken}
	for _, o := range doc.Contents {
		p.objects = append(p.objects, pageObject{o.Key, o.ETag, o.Size, parseStamp(o.LastModified)})
	}
	for _, n := range doc.CommonPrefixes {
		p.names = append(p.names, n.Prefix)
	}
	return p, nil
}

const encodingURL = "url"

// parseStamp reads a time in whole seconds; what cannot be read is the zero
// time.
func parseStamp(s string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return time.Time{}
	}
	return format.WholeSeconds(&t)
}

// scanPage reads a page without allocating more than what it returns. It gives
// up, with ok false, at anything that it does not expect.
func scanPage(b []byte) (p listPage, ok bool) {
	s := &scanner{rest: b}
	s.prolog()
	if string(s.open()) != "ListBucketResult" || s.empty {
		return listPage{}, false
	}
	ended := false // it said whether it goes on
	p.objects = make([]pageObject, 0, bytes.Count(b, []byte("<Contents>")))
	for !s.failed {
		name := s.open()
		switch string(name) {
		case "":
			s.close([]byte("ListBucketResult"))
			s.space()
			return p, !s.failed && len(s.rest) == 0 && ended
		case "Contents":
			p.objects = append(p.objects, s.object())
		case "CommonPrefixes":
			p.names = append(p.names, s.commonPrefix())
		case "IsTruncated":
			p.truncated, ended = s.bool(s.text(name)), true
		case "NextContinuationToken":
			p.next = string(s.text(name))
		case "EncodingType":
			p.encoded = string(s.text(name)) == encodingURL
		default:
			s.skip(name)
		}
	}
	return listPage{}, false
}

// object reads what is in Contents. Key and ETag share one string.
func (s *scanner) object() (o pageObject) {
	if s.empty {
		return o
	}
	var key, etag []byte
	s.plain = s.plain[:0]
	for !s.failed {
		name := s.open()
		switch string(name) {
		case "":
			s.close([]byte("Contents"))
			both := string(append(append(s.both[:0], key...), etag...))
			o.key, o.etag = both[:len(key)], both[len(key):]
			return o
		case "Key":
			key = s.text(name)
		case "ETag":
			etag = s.text(name)
		case "Size":
			o.size = s.int(s.text(name))
		case "LastModified":
			o.changed = s.stamp(s.text(name))
		default:
			s.skip(name)
		}
	}
	return o
}

// commonPrefix reads what is in CommonPrefixes.
func (s *scanner) commonPrefix() (prefix string) {
	if s.empty {
		return ""
	}
	s.plain = s.plain[:0]
	for !s.failed {
		name := s.open()
		switch string(name) {
		case "":
			s.close([]byte("CommonPrefixes"))
			return prefix
		case "Prefix":
			prefix = string(s.text(name))
		default:
			s.skip(name)
		}
	}
	return ""
}

// scanner reads plain XML from the front of rest.
type scanner struct {
	rest   []byte
	empty  bool // the element that was opened last is closed too: <a/>
	failed bool

	plain []byte     // the texts of an object that had entities
	both  [2048]byte // a key and its ETag
	when  []byte     // the last time that was read, and what it says
	last  time.Time
}

func (s *scanner) fail() []byte {
	s.failed = true
	return nil
}

func (s *scanner) space() { s.rest = bytes.TrimLeft(s.rest, " \t\r\n") }

// prolog passes an XML declaration of UTF-8.
func (s *scanner) prolog() {
	s.space()
	if !bytes.HasPrefix(s.rest, []byte("<?xml ")) {
		return
	}
	head, rest, ok := bytes.Cut(s.rest, []byte("?>"))
	enc := bytes.ToLower(head)
	if !ok || bytes.Contains(enc, []byte("encoding")) && !bytes.Contains(enc, []byte("utf-8")) {
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

// stamp is parseStamp; objects that were put together often have the same.
func (s *scanner) stamp(text []byte) time.Time {
	if !bytes.Equal(text, s.when) || text == nil {
		s.when, s.last = append(s.when[:0], text...), parseStamp(string(text))
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
