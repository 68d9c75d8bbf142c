package s3server

import (
	"encoding/base64"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/johannesboyne/gofakes3"
)

// A listing is the sum of the quirks of listings.
type listing struct {
	order        func(a, b string) int // of keys; nil: of bytes
	reversed     bool
	encoding     keyEncoding
	emptyLast    bool
	emptyBetween bool
	noCount      bool
	countKeys    bool // and not the prefixes
	noETags      bool
	noStartAfter bool
	v1           bool
	milliseconds bool
	pageSize     int64 // keys; 0: as many as are asked for
}

// A keyEncoding is the encoding of a listing's keys for encoding-type=url, and
// whether the answer names it.
type keyEncoding int

const (
	encodeURL keyEncoding = iota
	encodePaths
	encodeSilently
	encodeNothing
	encodeNever
)

// skipped is the prefix of a token for an empty page before the page of the rest
// of the token.
const skipped = "\x00"

// readQuery removes from a query the parameters that the store ignores.
func (l listing) readQuery(q url.Values) {
	if l.v1 {
		q.Del("list-type")
	}
	if l.noStartAfter {
		q.Del("start-after")
	}
	if l.encoding == encodeNever {
		q.Del("encoding-type")
	}
}

// limit is the number of keys that a page has at most.
func (l listing) limit(asked int64) int64 {
	if l.pageSize > 0 {
		return min(asked, l.pageSize)
	}
	return asked
}

// alter applies the quirks to a correct page.
func (l listing) alter(out *listResult, q url.Values) {
	if l.reversed {
		slices.Reverse(out.Contents)
	}
	if l.emptyBetween {
		l.putBetween(out, q)
	}
	if l.countKeys && out.KeyCount != nil {
		count := len(out.Contents)
		out.KeyCount = &count
	}
	if l.emptyLast && !out.IsTruncated {
		out.Contents, out.CommonPrefixes = nil, nil
	}
	for i := range out.Contents {
		if l.noETags {
			out.Contents[i].ETag = ""
		}
	}
	if l.noCount {
		out.KeyCount = nil
	}
}

// putBetween empties the page if its token asks for that, and makes the next token
// ask for it.
func (l listing) putBetween(out *listResult, q url.Values) {
	token, _ := base64.URLEncoding.DecodeString(q.Get("continuation-token")) // was checked
	if rest, ok := strings.CutPrefix(string(token), skipped); ok {
		none := 0
		out.Contents, out.CommonPrefixes, out.KeyCount, out.IsTruncated = nil, nil, &none, true
		out.NextContinuationToken = base64.URLEncoding.EncodeToString([]byte(rest))
		return
	}
	if out.NextContinuationToken != "" {
		next, _ := base64.URLEncoding.DecodeString(out.NextContinuationToken) // our own
		out.NextContinuationToken = base64.URLEncoding.EncodeToString([]byte(skipped + string(next)))
	}
}

// keyEncoding returns the function that encodes keys, and sets the EncodingType
// of the page.
func (l listing) keyEncoding(out *listResult) func(string) string {
	switch l.encoding {
	case encodePaths:
		return encodePath
	case encodeSilently:
		out.EncodingType = ""
	case encodeNothing:
		return func(key string) string { return key }
	}
	return encodeKey
}

// encodePath encodes a key as the path of a URL.
func encodePath(key string) string { return (&url.URL{Path: "/" + key}).EscapedPath()[1:] }

// listTime is a time in a listing.
func (h *handler) listTime(t time.Time) string {
	if h.quirks.listing.milliseconds {
		return t.UTC().Truncate(time.Second).Add(123 * time.Millisecond).Format("2006-01-02T15:04:05.000Z")
	}
	return listTime(t)
}

// ordered returns a page in the order of l.
func (l listing) ordered(store Store, bucket string, prefix *gofakes3.Prefix, page gofakes3.ListBucketPage) (*gofakes3.ObjectList, error) {
	all, err := listAll(store, bucket, prefix.Prefix)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(all, func(a, b *gofakes3.Content) int { return l.order(a.Key, b.Key) })
	list := gofakes3.NewObjectList()
	seen := make(map[string]bool)
	for _, c := range all {
		name, common := c.Key, false
		if rest := c.Key[len(prefix.Prefix):]; prefix.Delimiter != "" {
			if i := strings.Index(rest, prefix.Delimiter); i >= 0 {
				name, common = c.Key[:len(prefix.Prefix)+i+len(prefix.Delimiter)], true
			}
		}
		if page.Marker != "" && l.order(name, page.Marker) <= 0 || seen[name] {
			continue
		}
		if int64(len(list.Contents)+len(list.CommonPrefixes)) == page.MaxKeys {
			list.IsTruncated = true
			return list, nil
		}
		list.NextMarker = name
		if common {
			seen[name] = true
			list.AddPrefix(name)
			continue
		}
		list.Add(c)
	}
	list.NextMarker = ""
	return list, nil
}

// listAll lists all objects below a prefix in byte order.
func listAll(store Store, bucket, prefix string) ([]*gofakes3.Content, error) {
	var all []*gofakes3.Content
	page := gofakes3.ListBucketPage{MaxKeys: pageLimit}
	for {
		list, err := store.ListBucket(bucket, &gofakes3.Prefix{HasPrefix: prefix != "", Prefix: prefix}, page)
		if err != nil {
			return nil, err
		}
		all = append(all, list.Contents...)
		if !list.IsTruncated {
			return all, nil
		}
		page.HasMarker, page.Marker = true, list.NextMarker
	}
}

func compareUTF16(a, b string) int {
	return slices.Compare(utf16.Encode([]rune(a)), utf16.Encode([]rune(b)))
}

func compareByDirectory(a, b string) int {
	return slices.Compare(strings.Split(a, "/"), strings.Split(b, "/"))
}
