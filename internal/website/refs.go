package website

import (
	"bytes"
	"regexp"
	"strings"

	"golang.org/x/net/html"
)

// references returns the URLs that a document refers to, as they are written, and
// the URL that they are relative to, if it names one. Only HTML and CSS refer to
// anything.
func references(mediaType string, content []byte) (refs []string, base string) {
	switch t, _, _ := strings.Cut(mediaType, ";"); strings.TrimSpace(t) {
	case "text/html", "application/xhtml+xml":
		return htmlReferences(content)
	case "text/css":
		return cssReferences(string(content)), ""
	}
	return nil, ""
}

// attributes are the attributes of HTML that hold one URL, by element; "*" is any
// element.
var attributes = map[string][]string{
	"*": {"background"}, "a": {"href"}, "area": {"href"}, "link": {"href"}, "img": {"src", "longdesc"}, "script": {"src"}, "iframe": {"src"},
	"frame": {"src"}, "embed": {"src"}, "object": {"data"}, "source": {"src"}, "track": {"src"}, "audio": {"src"}, "video": {"src", "poster"},
	"input": {"src"}, "blockquote": {"cite"}, "q": {"cite"}, "image": {"href", "xlink:href"}, "use": {"href", "xlink:href"},
}

// unvisited are values of a link's rel that name no document.
var unvisited = []string{"preconnect", "dns-prefetch"}

func htmlReferences(content []byte) (refs []string, base string) {
	z := html.NewTokenizer(bytes.NewReader(content))
	style := false
	for {
		switch z.Next() {
		case html.ErrorToken:
			return refs, base
		case html.TextToken:
			if style {
				refs = append(refs, cssReferences(string(z.Text()))...)
			}
		case html.EndTagToken:
			style = false
		case html.StartTagToken, html.SelfClosingTagToken:
			tag := z.Token()
			style = tag.Data == "style"
			if v, ok := attribute(tag, "href"); ok && tag.Data == "base" && base == "" {
				base = v
			}
			refs = append(refs, tagReferences(tag)...)
		}
	}
}

func attribute(tag html.Token, name string) (value string, ok bool) {
	for _, a := range tag.Attr {
		if a.Key == name && a.Namespace == "" {
			return strings.TrimSpace(a.Val), true
		}
	}
	return "", false
}

func tagReferences(tag html.Token) (refs []string) {
	if rel, _ := attribute(tag, "rel"); tag.Data == "link" && containsWord(unvisited, rel) {
		return nil
	}
	for _, name := range append(attributes[tag.Data], attributes["*"]...) {
		if v, ok := attribute(tag, name); ok {
			refs = append(refs, v)
		}
	}
	if v, ok := attribute(tag, "srcset"); ok {
		refs = append(refs, sources(v)...)
	}
	if v, ok := attribute(tag, "style"); ok {
		refs = append(refs, cssReferences(v)...)
	}
	if refresh, _ := attribute(tag, "http-equiv"); tag.Data == "meta" && strings.EqualFold(refresh, "refresh") {
		v, _ := attribute(tag, "content")
		if m := refreshURL.FindStringSubmatch(v); m != nil {
			refs = append(refs, strings.Trim(m[1], `'"`))
		}
	}
	return refs
}

func containsWord(words []string, list string) bool {
	for _, w := range strings.Fields(strings.ToLower(list)) {
		for _, word := range words {
			if w == word {
				return true
			}
		}
	}
	return false
}

var refreshURL = regexp.MustCompile(`(?i)^[^;,]*[;,]\s*url\s*=\s*(.+)$`)

// sources returns the URLs of a srcset: each ends at a space, and its descriptor at
// a comma.
func sources(srcset string) (refs []string) {
	for {
		srcset = strings.TrimLeft(srcset, ", \t\r\n\f")
		if srcset == "" {
			return refs
		}
		end := strings.IndexAny(srcset+" ", " \t\r\n\f")
		ref := srcset[:end]
		srcset = srcset[end:]
		if bare := strings.TrimRight(ref, ","); bare == ref {
			_, srcset, _ = strings.Cut(srcset, ",")
		} else {
			ref = bare
		}
		refs = append(refs, ref)
	}
}

var (
	cssComment = regexp.MustCompile(`(?s)/\*.*?\*/`)
	cssURL     = regexp.MustCompile(`(?i)url\(\s*(?:"([^"]*)"|'([^']*)'|([^)'"\s]+))\s*\)|@import\s+(?:"([^"]*)"|'([^']*)')`)
)

func cssReferences(css string) (refs []string) {
	for _, m := range cssURL.FindAllStringSubmatch(cssComment.ReplaceAllString(css, " "), -1) {
		refs = append(refs, strings.Join(m[1:], ""))
	}
	return refs
}
