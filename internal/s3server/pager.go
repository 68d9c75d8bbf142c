package s3server

import (
	"strings"

	"github.com/johannesboyne/gofakes3"
)

// A Pager makes one page of a listing from keys that a [Store] adds in order. It is
// not safe for concurrent use.
type Pager struct {
	prefix, delimiter, marker string
	max                       int64
	list                      *gofakes3.ObjectList
}

// NewPager returns a Pager for the arguments of ListBucket.
func NewPager(prefix *gofakes3.Prefix, page gofakes3.ListBucketPage) *Pager {
	p := &Pager{marker: page.Marker, max: page.MaxKeys, list: gofakes3.NewObjectList()}
	if prefix != nil {
		p.prefix, p.delimiter = prefix.Prefix, prefix.Delimiter
	}
	return p
}

// Start returns a lower bound of the keys on the page.
func (p *Pager) Start() string { return max(p.prefix, p.marker) }

// Add adds the next key; content returns its entry on the page. The store goes on
// with the first key that is not less than seek, or with the next one if seek is
// empty, until the page is done.
func (p *Pager) Add(key string, content func() *gofakes3.Content) (seek string, done bool) {
	rest, ok := strings.CutPrefix(key, p.prefix)
	if !ok {
		return p.prefix, key > p.prefix
	}
	if key <= p.marker && p.marker != "" {
		return "", false
	}
	head, common := p.common(rest)
	if common && p.prefix+head == p.marker {
		return past(p.marker), false
	}
	if p.max > 0 && int64(len(p.list.Contents)+len(p.list.CommonPrefixes)) == p.max {
		p.list.IsTruncated = true
		return "", true
	}
	if common {
		p.list.NextMarker = p.prefix + head
		p.list.AddPrefix(p.list.NextMarker)
		return past(p.list.NextMarker), false
	}
	p.list.NextMarker = key
	p.list.Add(content())
	return "", false
}

// common returns the part of a key, less the prefix, up to the delimiter.
func (p *Pager) common(rest string) (head string, ok bool) {
	if p.delimiter == "" {
		return "", false
	}
	i := strings.Index(rest, p.delimiter)
	if i < 0 {
		return "", false
	}
	return rest[:i+len(p.delimiter)], true
}

// past returns a string greater than every key with this prefix: valid UTF-8 never
// has the byte 0xff.
func past(prefix string) string { return prefix + "\xff" }

// List returns the page.
func (p *Pager) List() *gofakes3.ObjectList {
	if !p.list.IsTruncated {
		p.list.NextMarker = ""
	}
	return p.list
}
