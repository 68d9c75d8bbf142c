package core

import "context"

// A WebsiteHost is a tree whose store can be told how to show it to visitors.
type WebsiteHost interface {
	WebsiteReader
	// SetWebsite turns the website on with this index document, a name, and this
	// document for errors, a key of the whole site or "" for none. All else about the
	// website stays. A website that sends all visitors elsewhere is an error.
	SetWebsite(ctx context.Context, index, errorKey string) error
	// WebsiteAddress returns the URL at which visitors find the site, without a slash at
	// its end, or "" if that is not known. It sends no request, and is surer after
	// Website was called.
	WebsiteAddress() string
	// WebsitePolicies returns rules of access for this tree, for the user to look at and
	// set: the store is not changed.
	WebsitePolicies() []Policy
}

// A Policy is a document with rules of access.
type Policy struct {
	Name string `json:"name"` // one word
	// About says what the policy allows, and how it is set.
	About string `json:"about"`
	// Text is the document.
	Text string `json:"text"`
}
