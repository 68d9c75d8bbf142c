// Package listing reads the listing of a bucket: it parses pages, asks for them
// one after the other, or several at once where it is known which keys a bucket
// is likely to have, and yields the objects in the store's order. It sends nothing
// itself: a function asks for a page.
package listing

import (
	"errors"
	"time"
)

// Query asks for a page: of the keys that follow After, or, with Token, of the
// keys that follow the page which had that token.
type Query struct{ After, Token string }

// Page is one answer to a listing.
type Page struct {
	Objects   []Object
	Encoded   bool   // the answer says that keys are encoded as in a URL's query
	Truncated bool   // more pages follow
	Next      string // the token that asks for the next page
	Count     int    // of objects, as the answer says; -1 if it does not say
}

// Missing returns how many objects the answer counts that the page does not have.
// It is negative if the page has more than are counted, and 0 if nothing is counted.
func (p *Page) Missing() int {
	if p.Count < 0 {
		return 0
	}
	return p.Count - len(p.Objects)
}

// Object is an object as a page shows it.
type Object struct {
	Key     string // in the bucket
	ETag    string // with its quotes
	Size    int64
	Changed time.Time // in whole seconds; zero if it cannot be read
}

// next asks for the page that follows p, which was the answer to q. It is nil if
// p is the last page.
func (p *Page) next(q Query) (*Query, error) {
	if !p.Truncated {
		return nil, nil
	}
	if p.Next == "" {
		return nil, errors.New("the store says that the listing goes on, but not where")
	}
	if p.Next == q.Token {
		return nil, errors.New("the store answers with the same page of the listing again and again")
	}
	return &Query{Token: p.Next}, nil
}

// last returns the last key of the page, which has one.
func (p *Page) last() string { return p.Objects[len(p.Objects)-1].Key }

// reaches reports whether the page has a key that is end or follows it.
func (p *Page) reaches(end string) bool {
	return end != "" && len(p.Objects) > 0 && p.last() >= end
}

// orderedAfter reports whether the keys of the page are in order and follow last,
// if that is not empty.
func (p *Page) orderedAfter(last string) bool {
	for i := range p.Objects {
		key := p.Objects[i].Key
		if key <= last && (i > 0 || last != "") {
			return false
		}
		last = key
	}
	return true
}
