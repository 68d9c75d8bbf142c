package s3server

import (
	"net/http"
	"time"
)

// A Quirk is one way in which a real store, or a proxy in front of one, differs
// from AWS. It is an [Option], alone or beside others:
//
//	s3server.New(t, s3server.BareIfMatch, s3server.NoBatchDelete(501))
//
// Where two contradict each other, refusing goes before ignoring.
type Quirk struct {
	// Name is short and unique.
	Name string
	// Case is the number of the case from the field, "A1"; empty if it has none.
	Case string
	// Stores says which stores behave so.
	Stores string

	set   func(*quirkSet) // in the handler
	setup func(*config)
	layer layer
	wrap  func(*Server, http.Handler) http.Handler // around the handler
}

// A layer is the place of a quirk between store and client.
type layer int

const (
	storeLayer layer = iota // behind the check of signatures
	proxyLayer              // in front of it
	wireLayer               // in front of all else: the connection itself
)

func (q Quirk) apply(c *config) {
	c.quirks = append(c.quirks, q)
	if q.setup != nil {
		q.setup(c)
	}
}

// With puts quirks together as one option.
func With(quirks ...Quirk) Option {
	return optionFunc(func(c *config) {
		for _, q := range quirks {
			q.apply(c)
		}
	})
}

// layered puts the quirks of one layer around next, the first innermost.
func (s *Server) layered(l layer, quirks []Quirk, next http.Handler) http.Handler {
	for _, q := range quirks {
		if q.wrap != nil && q.layer == l {
			next = q.wrap(s, next)
		}
	}
	return next
}

// around returns a quirk's wrap for a function that answers requests, with next or
// without it.
func around(serve func(w http.ResponseWriter, r *http.Request, next http.Handler)) func(*Server, http.Handler) http.Handler {
	return func(_ *Server, next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { serve(w, r, next) })
	}
}

// refusing returns a quirk's wrap that sends the refusal that refuse returns, or
// passes the request on if that is nil.
func refusing(refuse func(*http.Request) *refusal) func(*Server, http.Handler) http.Handler {
	return around(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if no := refuse(r); no != nil {
			no.send(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// Quirks returns every quirk, with parameters as stores have them. Each call
// returns new ones, so that no state is shared between servers.
func Quirks() []Quirk {
	return []Quirk{
		BareIfMatch, IgnoresDeleteConditions, IgnoresCopyConditions, NoConditions, IgnoresConditions, NoBatchETags,
		NoCompleteETag, NoETags, OpaqueETags, OpaquePartsETags, KMS,
		RewritesAcceptEncoding, RefusesChecksums, RefusesUnknownHeaders,
		NoBatchDelete(http.StatusNotImplemented), NoBatchDelete(http.StatusMethodNotAllowed), NoBatchDelete(http.StatusBadRequest), IgnoresQuiet,
		Chunked, CloseDelimited, HeadWithoutLength, ClosesEarly(3), InflatesGzip, GzipsText, IgnoresRange, RefusesRange,
		RefusesExpect, RedirectsPut,
		RefusesHeader("If-None-Match"), RefusesHeader("If-Match"), RefusesHeader(redirectHeader), RefusesHeader("Cache-Control"), RefusesHeader("Expect"),
		KeepsReserved, NoCopy, IgnoresCopySource, CopiesRedirect,
		ExpiresToken(20),
		LosesLastPage, NoKeyCount, CountsKeysAlone, NoETagsInListings, EmptyPages, SmallPages(3), NoStartAfter, ListsV1, ListsMilliseconds,
		UTF16Order, DirectoryOrder, BackwardPages, PathEncodedKeys, EncodesSilently, SaysEncoded, IgnoresEncoding,
		DropsRedirect, RefusesRedirect, MergesMetadata,
		Stopped, Stops(12, time.Second), PlainPort, BadCertificate, DeniesWrites, RequesterPays, OtherRegion("eu-west-1"),
		SlowsDown(7, 3), TooManyRequests(7, 3), Conflicts(5), Slow(5 * time.Millisecond),
	}
}
