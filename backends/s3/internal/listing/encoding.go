package listing

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
)

// An encoding is how the keys of a page are written.
type encoding uint8

const (
	plain    encoding = 1 << iota // as they are
	asQuery                       // as in a URL's query: a space is "+", as AWS does it
	asPath                        // as in a URL's path: a plus sign is itself
	anything = plain | asQuery | asPath
)

// names are the encodings as a person names them.
var names = map[string]encoding{"none": plain, "query": asQuery, "path": asPath}

// Encoding is how a store is known to encode the keys of its listings. Some stores
// encode otherwise than their answers say, and each page proves which encodings are
// impossible: an encoded key has no byte that encoders always encode, one that has
// "%20" is not written as in a query, and each key begins with the prefix. Its zero
// value believes the answers until they prove wrong. It is safe for concurrent use.
type Encoding struct {
	mu       sync.Mutex
	excluded encoding // proved not to be the store's
	used     encoding // of the last page
	inferred encoding // from the order of keys; 0: none
	doubt    bool     // a key was listed that other encodings read as another key
}

// NewEncoding returns the encoding with this name: query, as AWS has it, path, or
// none. An empty name leaves it to the answers.
func NewEncoding(name string) (*Encoding, error) {
	if name == "" {
		return new(Encoding), nil
	}
	use, ok := names[name]
	if !ok {
		return nil, fmt.Errorf("%q is no encoding of keys: expected query, path or none", name)
	}
	return &Encoding{excluded: anything &^ use}, nil
}

// decode decodes the keys of a page that was listed under a prefix.
func (e *Encoding) decode(p *Page, prefix string) error {
	excluded := p.excluded(prefix)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.excluded |= excluded
	possible := anything &^ e.excluded
	use, keys := e.read(p, possible)
	switch {
	case use == 0:
		return p.undecodable(prefix)
	case e.used != use && e.doubt:
		return fmt.Errorf("the store encodes the keys of its listings as %s, which shows only now: add key_encoding=%[1]s to the URL", use)
	}
	e.used = use
	for i, key := range keys {
		p.Objects[i].Key = key
		e.doubt = e.doubt || len(possible.others(use, key)) > 0
	}
	p.Encoded = false
	return nil
}

// Others returns the keys that a listed key may be instead, because it is not known
// how the store encodes keys; none if it is known, or makes no difference.
func (e *Encoding) Others(key string) []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.doubt {
		return nil
	}
	return (anything &^ e.excluded).others(e.used, key)
}

// Confirm notes that a listed key which has Others is right.
func (e *Encoding) Confirm() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.excluded, e.doubt = anything&^e.used, false
}

// Name returns the name of the encoding in which a listed key is another one.
func (e *Encoding) Name(key, other string) string {
	e.mu.Lock()
	defer e.mu.Unlock()
	text := e.used.encode(key)
	for _, name := range []string{"query", "path", "none"} {
		if k, ok := names[name].decode(text); ok && k == other {
			return name
		}
	}
	return ""
}

// read returns the encoding of a page, and its keys: the encoding that the answer
// says, if that is possible, unless an encoded form of the keys is in order and that
// one is not.
func (e *Encoding) read(p *Page, possible encoding) (use encoding, keys []string) {
	order := []encoding{e.inferred, plain, asPath, asQuery}
	if p.Encoded {
		order = []encoding{e.inferred, asQuery, asPath, plain}
	}
	order = slices.DeleteFunc(order, func(use encoding) bool { return use&possible == 0 })
	if len(order) == 0 {
		return 0, nil
	}
	keys, ordered := p.keys(order[0])
	if ordered || e.inferred != 0 {
		return order[0], keys
	}
	for _, use := range order[1:] {
		if others, ordered := p.keys(use); ordered && use != plain {
			e.inferred = use
			return use, others
		}
	}
	return order[0], keys
}

// keys returns the keys of the page in a possible encoding, and whether they are in
// order.
func (p *Page) keys(use encoding) (keys []string, ordered bool) {
	keys, ordered = make([]string, len(p.Objects)), true
	for i := range p.Objects {
		keys[i], _ = use.decode(p.Objects[i].Key) // valid: it is possible
		ordered = ordered && (i == 0 || keys[i-1] < keys[i])
	}
	return keys, ordered
}

// excluded returns the encodings that the page cannot have.
func (p *Page) excluded(prefix string) (no encoding) {
	oddPrefix := odd(prefix)
	var seen text
	for i := range p.Objects {
		key := p.Objects[i].Key
		seen.add(key)
		if oddPrefix || !strings.HasPrefix(key, prefix) {
			no |= without(key, prefix)
		}
	}
	if seen.raw {
		no |= asQuery | asPath
	}
	switch {
	case seen.space:
		no |= asQuery
	case seen.plus:
		no |= asPath
	}
	return no
}

// without returns the encodings in which a key does not begin with the prefix.
func without(key, prefix string) (no encoding) {
	for _, use := range []encoding{plain, asQuery, asPath} {
		if decoded, ok := use.decode(key); !ok || !strings.HasPrefix(decoded, prefix) {
			no |= use
		}
	}
	return no
}

// text is the features of a page's keys, before they are decoded.
type text struct {
	raw   bool // a byte that every encoder encodes, or "%" without two digits
	space bool // an encoded one
	plus  bool // an encoded one
}

func (t *text) add(key string) {
	for i := 0; i < len(key); i++ {
		switch c := key[i]; {
		case c <= ' ' || c >= 0x7f:
			t.raw = true
		case c != '%':
		case i+2 >= len(key) || !isHex(key[i+1]) || !isHex(key[i+2]):
			t.raw = true
		default:
			t.space = t.space || key[i+1:i+3] == "20"
			t.plus = t.plus || strings.EqualFold(key[i+1:i+3], "2B")
			i += 2
		}
	}
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

// undecodable is the error of a page that no encoding explains.
func (p *Page) undecodable(prefix string) error {
	for i := range p.Objects {
		key, fits := p.Objects[i].Key, false
		for _, use := range []encoding{plain, asQuery, asPath} {
			decoded, ok := use.decode(key)
			fits = fits || ok && strings.HasPrefix(decoded, prefix)
		}
		if !fits {
			return fmt.Errorf("the store listed %q under the prefix %q", key, prefix)
		}
	}
	return fmt.Errorf("the store encodes the keys of its listings in more than one way, as %q", p.Objects[0].Key)
}

// decode decodes a key. It is not ok if an encoder cannot have written it so.
func (e encoding) decode(key string) (decoded string, ok bool) {
	if e == plain {
		return key, true
	}
	var seen text
	if seen.add(key); seen.raw {
		return "", false
	}
	var err error
	if e == asQuery {
		decoded, err = url.QueryUnescape(key)
	} else {
		decoded, err = url.PathUnescape(key)
	}
	return decoded, err == nil
}

// encode returns the text that stands for a key.
func (e encoding) encode(key string) string {
	switch e {
	case asQuery:
		return strings.ReplaceAll(url.QueryEscape(key), "%2F", "/")
	case asPath:
		return strings.NewReplacer("%2F", "/", "%2B", "+").Replace(url.PathEscape(key))
	}
	return key
}

// others returns the keys that a key decoded from one encoding would be in the other
// possible ones.
func (e encoding) others(use encoding, key string) (others []string) {
	if !odd(key) {
		return nil
	}
	text := use.encode(key)
	for _, other := range []encoding{plain, asQuery, asPath} {
		if other == use || e&other == 0 {
			continue
		}
		if k, ok := other.decode(text); ok && k != key {
			others = append(others, k)
		}
	}
	return others
}

// odd reports whether encodings write a key differently.
func odd(key string) bool {
	for i := range len(key) {
		c := key[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '-' || c > '9') && c != '_' && c != '~' {
			return true
		}
	}
	return false
}

// String returns the name of the encoding.
func (e encoding) String() string {
	for name, is := range names {
		if is == e {
			return name
		}
	}
	return "unknown"
}
