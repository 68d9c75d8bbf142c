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

// A HeaderKeeper changes the headers of its files without their content. It is an
// ability of a tree with Features.Headers; without it, the content is put again.
type HeaderKeeper interface {
	// SetHeaders gives the file that old describes the headers of set and takes from
	// it those that drop names (metadata as "metadata.NAME"). All others stay, and so
	// do the content and everything else of the file. It returns the entry as Stat
	// does. If something else than old is there, the error is [ErrChanged]. An error
	// that is [errors.ErrUnsupported] says that the store does not do this, or not all
	// of it, and that the content has to be put again: in the place of the entry that
	// is returned, or of old if that has no key.
	SetHeaders(ctx context.Context, old Entry, set *Headers, drop []string) (Entry, error)
	// CheckSetHeaders returns, without I/O, the reason why SetHeaders cannot be done
	// for old, or nil.
	CheckSetHeaders(old Entry) error
	// SetHeadersCost is the number of requests that SetHeaders needs for old.
	SetHeadersCost(old Entry) Requests
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

// Describing returns the headers of h that describe the content, without those of the
// place where it is stored: storage class, encryption and ACL. A copy to another
// store takes the former along.
func (h *Headers) Describing() *Headers {
	if h == nil || h.StorageClass == "" && h.ServerSideEncryption == "" && h.ACL == "" {
		return h
	}
	d := *h
	d.StorageClass, d.ServerSideEncryption, d.ACL = "", "", ""
	return &d
}

// metadataPrefix begins the name of a metadata entry among names of headers.
const metadataPrefix = "metadata."

// Names returns the names of the headers that h gives, sorted; a metadata entry is
// named "metadata.NAME".
func (h *Headers) Names() (names []string) {
	if h == nil {
		return nil
	}
	for _, f := range h.fields() {
		if *f.value != "" {
			names = append(names, f.name)
		}
	}
	for name := range h.Metadata {
		names = append(names, metadataPrefix+name)
	}
	slices.Sort(names)
	return names
}

// Lookup returns the header or metadata entry of a name that [Headers.Names] returns,
// or "".
func (h *Headers) Lookup(name string) string {
	if meta, ok := strings.CutPrefix(name, metadataPrefix); ok && h != nil {
		return h.Metadata[meta]
	}
	return h.Get(name)
}

// Without returns h without the headers of these names. h is not changed.
func (h *Headers) Without(names []string) *Headers {
	if h == nil || len(names) == 0 {
		return h
	}
	rest := *h
	rest.Metadata = maps.Clone(h.Metadata)
	for _, name := range names {
		if meta, ok := strings.CutPrefix(name, metadataPrefix); ok {
			delete(rest.Metadata, meta)
		} else {
			rest.Set(name, "")
		}
	}
	return &rest
}

// Differing returns the names of the headers of h that are not those of set, and of
// those that drop names and set does not give, those that h has. An ACL is never among
// them: no store tells it.
func (h *Headers) Differing(set *Headers, drop []string) (names []string) {
	for _, name := range set.Names() {
		have, want := h.Lookup(name), set.Lookup(name)
		standard := name == "storage-class" && have == "" && want == "STANDARD" // S3 does not tell it
		if name != "acl" && have != want && !standard {
			names = append(names, name)
		}
	}
	for _, name := range drop {
		if set.Lookup(name) == "" && h.Lookup(name) != "" {
			names = append(names, name)
		}
	}
	return names
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
