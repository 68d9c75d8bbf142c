package core

import "context"

// A Website is how a store shows a tree to visitors, as the website endpoint of
// S3 does. Paths and keys in it are those of the whole site.
type Website struct {
	// Prefix comes before each key of the tree. It is empty, or ends with a slash.
	Prefix string
	// Index is the name of the document that stands for a directory.
	Index string
	// Error is the key of the document for errors, or empty.
	Error string
	// RedirectAll is the scheme and host of another site that all visitors are
	// sent to, or empty.
	RedirectAll string
	// Rules send visitors elsewhere; the first that applies counts.
	Rules []WebsiteRule
}

// A WebsiteRule sends visitors elsewhere.
type WebsiteRule struct {
	// KeyPrefix is the beginning of the keys that the rule applies to.
	KeyPrefix string `json:"key_prefix,omitempty"`
	// Status is the error that the rule applies to; 0 if it applies before
	// anything is looked for.
	Status int `json:"status,omitempty"`

	Scheme string `json:"scheme,omitempty"` // of the new URL; empty for http
	Host   string `json:"host,omitempty"`   // of the new URL; empty for the same
	// NewKey replaces the key, and NewPrefix the KeyPrefix; nil for neither. At
	// most one of them is set.
	NewKey    *string `json:"new_key,omitempty"`
	NewPrefix *string `json:"new_prefix,omitempty"`
	// Code is the status of the redirect; 0 for 301.
	Code int `json:"code,omitempty"`
}

// A WebsiteReader is a tree whose store shows it to visitors.
type WebsiteReader interface {
	// Website returns how. Prefix is right even beside an error; a website that is
	// off has neither Index nor RedirectAll.
	Website(ctx context.Context) (*Website, error)
}

// On reports whether the website is on.
func (w *Website) On() bool { return w.Index != "" || w.RedirectAll != "" }
