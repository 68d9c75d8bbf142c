package listing

import "bytes"

// scanPage reads a page, and allocates only its result. It gives up, with ok false,
// at anything that it does not expect.
func scanPage(b []byte) (p Page, ok bool) {
	s := &scanner{rest: b}
	s.prolog()
	if string(s.open()) != "ListBucketResult" || s.empty {
		return Page{}, false
	}
	ended := false // it said whether it goes on
	p.Count = -1
	p.Objects = make([]Object, 0, bytes.Count(b, []byte("<Contents>")))
	for !s.failed {
		name := s.open()
		switch string(name) {
		case "":
			s.close([]byte("ListBucketResult"))
			s.space()
			return p, !s.failed && len(s.rest) == 0 && ended
		case "Contents":
			p.Objects = append(p.Objects, s.object())
		case "IsTruncated":
			p.Truncated, ended = s.bool(s.text(name)), true
		case "KeyCount":
			p.Count = int(s.int(s.text(name)))
		case "NextContinuationToken":
			p.Next = string(s.text(name))
		case "EncodingType":
			p.Encoded = string(s.text(name)) == encodingURL
		default:
			s.skip(name)
		}
	}
	return Page{}, false
}

// object reads the elements of Contents. Key and ETag share one string.
func (s *scanner) object() (o Object) {
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
			o.Key, o.ETag = both[:len(key)], both[len(key):]
			return o
		case "Key":
			key = s.text(name)
		case "ETag":
			etag = s.text(name)
		case "Size":
			o.Size = s.int(s.text(name))
		case "LastModified":
			o.Changed = s.stamp(s.text(name))
		default:
			s.skip(name)
		}
	}
	return o
}
