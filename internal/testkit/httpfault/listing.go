package httpfault

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

func isList(r *http.Request) bool {
	return r.Method == http.MethodGet && r.URL.Query().Get("list-type") == "2"
}

func isLaterPage(r *http.Request) bool { return isList(r) && r.URL.Query().Has("continuation-token") }

func isBatchDelete(r *http.Request) bool {
	return r.Method == http.MethodPost && r.URL.Query().Has("delete")
}

// Pages limits the pages of listings to this many keys.
func Pages(keys int) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if isList(r) {
				q := r.URL.Query()
				q.Set("max-keys", fmt.Sprint(keys))
				r.URL.RawQuery = q.Encode()
			}
			next.ServeHTTP(w, r)
		})
	}
}

// rewrite edits the body of the answer.
func rewrite(edit func([]byte) []byte) func(http.ResponseWriter, *http.Request, http.Handler) {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		rec := record(r, next)
		b := edit(rec.Body.Bytes())
		rec.Body = bytes.NewBuffer(b)
		sendPart(w, rec, len(b), len(b))
	}
}

// firstPage answers with the first page again.
func firstPage(w http.ResponseWriter, r *http.Request, next http.Handler) {
	q := r.URL.Query()
	q.Del("continuation-token")
	r.URL.RawQuery = q.Encode()
	next.ServeHTTP(w, r)
}

var contents = regexp.MustCompile(`(?s)<Contents>.*?</Contents>`)

// backwards reverses the objects of a page.
func backwards(page []byte) []byte {
	objects := contents.FindAll(page, -1)
	for i := range objects {
		objects[i] = bytes.Clone(objects[i])
	}
	slices.Reverse(objects)
	i := -1
	return contents.ReplaceAllFunc(page, func([]byte) []byte {
		i++
		return objects[i]
	})
}

var nextToken = regexp.MustCompile(`(?s)<NextContinuationToken>.*?</NextContinuationToken>`)

// endless says that the listing is truncated, and removes the token.
func endless(page []byte) []byte {
	page = nextToken.ReplaceAll(page, nil)
	return bytes.ReplaceAll(page, []byte("<IsTruncated>false"), []byte("<IsTruncated>true"))
}

// refuseEverySecond deletes every second key of a batch, and refuses the others
// within a good answer.
func refuseEverySecond(w http.ResponseWriter, r *http.Request, next http.Handler) {
	var in struct {
		XMLName xml.Name `xml:"Delete"`
		Object  []struct {
			Key  string
			ETag string `xml:",omitempty"`
		}
	}
	b, _ := io.ReadAll(r.Body) // a body that is cut does not parse
	if err := xml.Unmarshal(b, &in); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	var refused strings.Builder
	kept := in.Object[:0:0]
	for i, o := range in.Object {
		if i%2 == 1 {
			kept = append(kept, o)
			continue
		}
		refused.WriteString("<Error><Key>")
		_ = xml.EscapeText(&refused, []byte(o.Key)) // a builder takes all
		refused.WriteString("</Key><Code>InternalError</Code><Message>injected</Message></Error>")
	}
	answer := []byte("<DeleteResult></DeleteResult>")
	if in.Object = kept; len(kept) > 0 {
		b, _ = xml.Marshal(in) // strings only
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(b)), int64(len(b))
		for _, name := range []string{"Content-Md5", "Content-Length", "X-Amz-Checksum-Crc32", "X-Amz-Content-Sha256"} {
			r.Header.Del(name)
		}
		answer = record(r, next).Body.Bytes()
	}
	_, _ = w.Write(bytes.Replace(answer, []byte("</DeleteResult>"), []byte(refused.String()+"</DeleteResult>"), 1))
}
