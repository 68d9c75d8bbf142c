package core

import (
	"context"
	"maps"
	"slices"
	"strings"
)

// Headers are the response headers and store properties of a file that its
// content does not determine. An empty field means: none given. Headers are
// immutable once an [Entry] refers to them.
type Headers struct {
	ContentType        string `json:"content-type,omitempty"`
	CacheControl       string `json:"cache-control,omitempty"`
	ContentEncoding    string `json:"content-encoding,omitempty"`
	ContentDisposition string `json:"content-disposition,omitempty"`
	ContentLanguage    string `json:"content-language,omitempty"`

	StorageClass         string `json:"storage-class,omitempty"`
	ServerSideEncryption string `json:"server-side-encryption,omitempty"`
	ACL                  string `json:"acl,omitempty"` // a canned one; stores do not tell it

	// Metadata is the user metadata beside the store's own; names in lower case.
	Metadata map[string]string `json:"metadata,omitempty"`
}

// A HeaderKeeper stores a file with the Headers of the entry that is put. A backend
// that is none ignores them.
type HeaderKeeper interface {
	// Headers asks the store for the headers of the file at key, those that it chose
	// itself too. An absent key is [fs.ErrNotExist].
	Headers(ctx context.Context, key string) (*Headers, error)
}

// Empty reports whether no header is given.
func (h *Headers) Empty() bool {
	return h == nil || len(h.Metadata) == 0 && !slices.ContainsFunc(h.fields(), func(f field) bool { return *f.value != "" })
}

// Equal reports whether h and g give the same headers; nil gives none.
func (h *Headers) Equal(g *Headers) bool {
	if h.Empty() || g.Empty() {
		return h.Empty() == g.Empty()
	}
	return slices.EqualFunc(h.fields(), g.fields(), func(a, b field) bool { return *a.value == *b.value }) && maps.Equal(h.Metadata, g.Metadata)
}

// HeaderNames are the names that Set and Get know, metadata left out.
var HeaderNames = func() (names []string) {
	for _, f := range new(Headers).fields() {
		names = append(names, f.name)
	}
	return names
}()

// Set sets the header of that name and reports whether it is one of HeaderNames.
func (h *Headers) Set(name, value string) bool {
	for _, f := range h.fields() {
		if strings.EqualFold(f.name, name) {
			*f.value = value
			return true
		}
	}
	return false
}

// Get returns the header of that name, or "".
func (h *Headers) Get(name string) string {
	if h != nil {
		for _, f := range h.fields() {
			if strings.EqualFold(f.name, name) {
				return *f.value
			}
		}
	}
	return ""
}

// Over returns the headers of h, and for those that h does not give, the ones of
// under. Neither is changed.
func (h *Headers) Over(under *Headers) *Headers {
	switch {
	case under.Empty():
		return h
	case h.Empty():
		return under
	}
	sum := *under
	for i, f := range h.fields() {
		if *f.value != "" {
			*sum.fields()[i].value = *f.value
		}
	}
	sum.Metadata = maps.Clone(under.Metadata)
	for k, v := range h.Metadata {
		if sum.Metadata == nil {
			sum.Metadata = make(map[string]string)
		}
		sum.Metadata[k] = v
	}
	return &sum
}

type field struct {
	name  string
	value *string
}

func (h *Headers) fields() []field {
	return []field{
		{"content-type", &h.ContentType}, {"cache-control", &h.CacheControl}, {"content-encoding", &h.ContentEncoding},
		{"content-disposition", &h.ContentDisposition}, {"content-language", &h.ContentLanguage},
		{"storage-class", &h.StorageClass}, {"server-side-encryption", &h.ServerSideEncryption}, {"acl", &h.ACL},
	}
}
