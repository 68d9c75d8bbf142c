package s3server

import (
	"encoding/base64"
	"encoding/xml"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/johannesboyne/gofakes3"
)

const pageLimit = 1000 // keys and common prefixes

// listResult is the answer to both versions of the listing; the fields that a
// version lacks are empty.
type listResult struct {
	XMLName               xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ ListBucketResult"`
	Name                  string
	Prefix                string
	Marker                *string
	StartAfter            string `xml:",omitempty"`
	ContinuationToken     string `xml:",omitempty"`
	NextContinuationToken string `xml:",omitempty"`
	NextMarker            string `xml:",omitempty"`
	KeyCount              *int
	MaxKeys               int64
	Delimiter             string `xml:",omitempty"`
	EncodingType          string `xml:",omitempty"`
	IsTruncated           bool
	Contents              []listItem
	CommonPrefixes        []gofakes3.CommonPrefix
}

type listItem struct {
	Key          string
	LastModified string
	ETag         string `xml:",omitempty"`
	Size         int64
	StorageClass gofakes3.StorageClass
	Owner        *gofakes3.UserInfo
}

// list answers ListObjects and ListObjectsV2.
func (h *handler) list(w http.ResponseWriter, r *http.Request, bucket, _ string) error {
	q := r.URL.Query()
	h.quirks.listing.readQuery(q)
	page, err := pageOf(q)
	if err != nil {
		return err
	}
	page.MaxKeys = h.quirks.listing.limit(page.MaxKeys)
	prefix := gofakes3.Prefix{
		HasPrefix: q.Get("prefix") != "", Prefix: q.Get("prefix"),
		HasDelimiter: q.Get("delimiter") != "", Delimiter: q.Get("delimiter"),
	}
	list := &gofakes3.ObjectList{}
	if page.MaxKeys > 0 {
		if list, err = h.listPage(bucket, &prefix, page); err != nil {
			return err
		}
	}
	out := h.newListResult(q, list)
	out.Name, out.MaxKeys = bucket, page.MaxKeys
	h.quirks.listing.alter(&out, q)
	h.quirks.listing.encodeKeys(&out)
	answerXML(w, r, http.StatusOK, out)
	return nil
}

// listPage reads one page from the store.
func (h *handler) listPage(bucket string, prefix *gofakes3.Prefix, page gofakes3.ListBucketPage) (*gofakes3.ObjectList, error) {
	if h.quirks.listing.order == nil {
		return h.store.ListBucket(bucket, prefix, page)
	}
	return h.quirks.listing.ordered(h.store, bucket, prefix, page)
}

// pageOf reads where a page starts and how long it may be.
func pageOf(q url.Values) (gofakes3.ListBucketPage, error) {
	page := gofakes3.ListBucketPage{MaxKeys: pageLimit}
	if v := q.Get("max-keys"); v != "" {
		n, err := strconv.ParseInt(v, 10, 32)
		if err != nil || n < 0 {
			return page, gofakes3.ErrorInvalidArgument("max-keys", v, "Provided max-keys not an integer or within integer range")
		}
		page.MaxKeys = min(n, pageLimit)
	}
	switch {
	case q.Get("list-type") != "2":
		page.Marker = q.Get("marker")
	case q.Has("continuation-token"):
		b, err := base64.URLEncoding.DecodeString(q.Get("continuation-token"))
		if err != nil || len(b) == 0 {
			return page, gofakes3.ErrorInvalidArgument("continuation-token", q.Get("continuation-token"), "The continuation token provided is incorrect")
		}
		page.Marker = strings.TrimPrefix(string(b), skipped)
	default:
		page.Marker = q.Get("start-after")
	}
	page.HasMarker = page.Marker != ""
	return page, nil
}

func (h *handler) newListResult(q url.Values, list *gofakes3.ObjectList) listResult {
	out := listResult{
		Prefix: q.Get("prefix"), Delimiter: q.Get("delimiter"), EncodingType: q.Get("encoding-type"),
		IsTruncated: list.IsTruncated, CommonPrefixes: list.CommonPrefixes,
	}
	v2 := q.Get("list-type") == "2"
	for _, c := range list.Contents {
		item := h.newListed(c)
		if !v2 || q.Get("fetch-owner") == "true" {
			item.Owner = &gofakes3.UserInfo{ID: "s3server", DisplayName: "s3server"}
		}
		out.Contents = append(out.Contents, item)
	}
	if !v2 {
		marker := q.Get("marker")
		out.Marker = &marker
		if out.Delimiter != "" && list.IsTruncated {
			out.NextMarker = list.NextMarker
		}
		return out
	}
	count := len(out.Contents) + len(out.CommonPrefixes)
	out.KeyCount = &count
	out.StartAfter, out.ContinuationToken = q.Get("start-after"), q.Get("continuation-token")
	if list.IsTruncated {
		out.NextContinuationToken = base64.URLEncoding.EncodeToString([]byte(list.NextMarker))
	}
	return out
}

func (h *handler) newListed(c *gofakes3.Content) listItem {
	item := listItem{Key: c.Key, LastModified: h.listTime(c.LastModified.Time), Size: c.Size, StorageClass: c.StorageClass}
	item.ETag = h.quirks.showETag(unquote(c.ETag))
	if item.StorageClass == "" {
		item.StorageClass = "STANDARD"
	}
	return item
}

// encodeKeys encodes all keys in the answer if the client asked for it: keys can
// have characters that XML cannot.
func (l listing) encodeKeys(out *listResult) {
	if out.EncodingType != "url" {
		out.EncodingType = ""
		return
	}
	encodeKey := l.keyEncoding(out)
	for _, s := range []*string{&out.Prefix, &out.Delimiter, &out.StartAfter, &out.NextMarker} {
		*s = encodeKey(*s)
	}
	if out.Marker != nil {
		marker := encodeKey(*out.Marker)
		out.Marker = &marker
	}
	for i := range out.Contents {
		out.Contents[i].Key = encodeKey(out.Contents[i].Key)
	}
	out.CommonPrefixes = slices.Clone(out.CommonPrefixes)
	for i := range out.CommonPrefixes {
		out.CommonPrefixes[i].Prefix = encodeKey(out.CommonPrefixes[i].Prefix)
	}
}

// encodeKey encodes as AWS does: a space is a plus sign, and slashes and
// asterisks stay.
func encodeKey(key string) string {
	return strings.NewReplacer("%2F", "/", "%2A", "*", "~", "%7E").Replace(url.QueryEscape(key))
}

// listTime is a time in XML: whole seconds, with a fraction of zero.
func listTime(t time.Time) string {
	return t.UTC().Truncate(time.Second).Format("2006-01-02T15:04:05.000Z")
}

// lastModified returns the time in an object's headers.
func lastModified(o *gofakes3.Object) time.Time {
	t, err := http.ParseTime(o.Metadata["Last-Modified"])
	if err != nil {
		return time.Time{}
	}
	return t
}
