package ability

import "strings"

// Ability is something that S3 does and that some stores do not.
type Ability uint8

// The abilities.
const (
	// PutConditions: If-Match and If-None-Match on a write.
	PutConditions Ability = iota
	// QuotedConditions: conditions on writes compare ETags with their quotes.
	QuotedConditions
	// DeleteConditions: If-Match on a delete.
	DeleteConditions
	// BatchConditions: an ETag for each key of a batch.
	BatchConditions
	// Redirects: the header of a redirect is taken.
	Redirects
	// KeptRedirects: a redirect that was taken is there afterwards.
	KeptRedirects
	// Ranges: ranges of one version of an object.
	Ranges
	// BatchDelete: many objects are deleted with one request.
	BatchDelete
	// Expect: a body is sent once the store has said that it wants it.
	Expect
	// PlainMD5: an ETag of 32 hexadecimal digits is the md5 of the content.
	PlainMD5
	// ETags: each object has an ETag.
	ETags
	// Lengths: the answer to a GET or a HEAD says how long the object is.
	Lengths
	// Copies: an object is copied within the store.
	Copies
	// KeyCount: a page of a listing that says how many keys it has, says so rightly.
	KeyCount
	// FreshHeaders: a write keeps no header of the object that it replaces.
	FreshHeaders
	// CachePolicy: Cache-Control on a write.
	CachePolicy
	// ContentMD5: a body that does not fit its Content-MD5 is refused.
	ContentMD5
	// Order: listings are in the byte order of their keys.
	Order
	// PathConflicts: a store that keeps keys as paths refuses a/b beside a.
	PathConflicts
	// DotSegments: a\..\b is a key as any other.
	DotSegments
	// LongMetadata: a value of user metadata may be longer than 256 bytes.
	LongMetadata

	count
)

// row describes an ability.
type row struct {
	// name is the ability's in the URL parameters has= and lacks=.
	name string
	// savesTime: nothing but time and money rests on it.
	savesTime bool
	// words are in a refusal that names the ability, in lower case.
	words []string
	// note tells the user that the store lacks the ability, and the consequence.
	note string
}

const (
	overwritten = "a change that somebody else makes at the same moment can be overwritten unseen"
	deleted     = "a change that somebody else makes at the same moment can be deleted unseen"
	noVisitor   = "links are stored as pages that redirect in a browser, and are copied back as links, but no visitor gets a 301"
)

var table = [count]row{
	PutConditions: {
		name: "conditions", words: []string{"if-match", "if-none-match", "conditional", "precondition"},
		note: "this store refuses conditional writes: " + overwritten,
	},
	QuotedConditions: {
		name: "quoted-conditions",
		note: "this store compares conditions without quotes, and is asked so",
	},
	DeleteConditions: {
		name: "delete-conditions", words: []string{"if-match", "if-none-match", "conditional", "precondition"},
		note: "this store has no conditional deletes: each object is asked for just before it is deleted, and " + deleted,
	},
	BatchConditions: {
		name: "batch-conditions", savesTime: true, words: []string{"etag", "conditional", "precondition", "schema", "well-formed"},
		note: "this store has no conditions in a batch of deletes: each delete is a request",
	},
	Redirects: {
		name: "redirects", words: []string{"redirect"},
		note: "this store refuses redirects: " + noVisitor,
	},
	KeptRedirects: {
		name: "kept-redirects",
		note: "this store drops redirects without a word: " + noVisitor,
	},
	Ranges: {
		name: "ranges", savesTime: true, words: []string{"range"},
		note: "this store does not keep to the ranges that it is asked for: large files come over one connection each",
	},
	BatchDelete: {
		name: "batch-delete", savesTime: true,
		note: "this store deletes one object a request: deletes take longer, and each is a request",
	},
	Expect: {
		name: "expect", savesTime: true, words: []string{"expect"},
		note: "this store does not answer before a body is sent: a refused upload is sent as a whole",
	},
	PlainMD5: {
		name: "md5-etags",
		note: "this store's ETags are no md5s: content is compared by the md5 in the metadata, for which each object is asked once",
	},
	ETags: {
		name: "etags",
		note: "objects of this store have no ETag: " + overwritten + ", and unchanged files are asked about in each run",
	},
	Lengths: {
		name: "lengths",
		note: "this store does not say how long its answers are: lengths come from the listing, and content is checked by its md5",
	},
	Copies: {
		name: "copies", savesTime: true,
		note: "this store does not copy objects by itself: their content passes through this machine",
	},
	KeyCount: {
		name: "key-count",
		note: "this store counts the keys of its listings wrongly: a page that lacks some is not noticed",
	},
	FreshHeaders: {
		name: "fresh-headers",
		note: "this store keeps the headers of an object that is overwritten: a link is deleted before a file takes its place, which is away for that moment",
	},
	CachePolicy: {
		name: "cache-control", words: []string{"cache-control"},
		note: "this store refuses Cache-Control: browsers and caches may keep links that have changed",
	},
	ContentMD5: {
		name: "content-md5",
		note: "this store does not check Content-MD5: content is held against its md5 before it is sent, and against the ETag when it is stored",
	},
	Order: {
		name: "order", savesTime: true,
		note: "this store lists out of order: listings are sorted here",
	},
	PathConflicts: {
		name: "path-conflicts",
		note: "this store accepts an object below another, and hides one of them: each new key is looked up before it is written",
	},
	DotSegments: {
		name: "dot-segments",
		note: "this store refuses names such as a\\..\\b: they are not copied",
	},
	LongMetadata: {
		name: "long-metadata",
		note: "this store keeps no metadata longer than 256 bytes: a link with a longer target has its redirect alone",
	},
}

// Name returns the ability's name in URL parameters.
func (a Ability) Name() string { return table[a].name }

// SavesTime reports whether nothing but time and money rests on the ability.
func (a Ability) SavesTime() bool { return table[a].savesTime }

// Note returns the text for the user of a store that lacks the ability.
func (a Ability) Note() string {
	if a.SavesTime() || a == QuotedConditions {
		return table[a].note
	}
	return Warning + table[a].note
}

// Warning begins the notes about a promise that a store weakens.
const Warning = "warning: "

// Names returns the names of all abilities.
func Names() []string {
	names := make([]string, count)
	for a := range count {
		names[a] = a.Name()
	}
	return names
}

// named reports whether the text of an error names the ability.
func (a Ability) named(err error) bool {
	text := strings.ToLower(err.Error())
	for _, w := range table[a].words {
		if strings.Contains(text, w) {
			return true
		}
	}
	return false
}

// mask is a set of abilities.
type mask uint32

func maskOf(all []Ability) (m mask) {
	for _, a := range all {
		m |= 1 << a
	}
	return m
}

func (m mask) has(a Ability) bool       { return m&(1<<a) != 0 }
func (m mask) without(others mask) mask { return m &^ others }
