package listing

import (
	"encoding/xml"
	"errors"
	"time"

	"github.com/s3fc/s3fc/backends/s3/internal/format"
)

// ErrNoListing is an answer that is no listing, such as a login page.
var ErrNoListing = errors.New("the answer is no listing")

// encodingURL is the encoding type of keys that are encoded as in a URL's query.
const encodingURL = "url"

// Parse reads the answer to ListObjectsV2. XML that S3 does not write (CDATA,
// comments, name spaces with a prefix) is left to encoding/xml, which takes about
// twenty times as long. An answer that is no listing is [ErrNoListing], and one
// that breaks off is another error: neither is ever an empty page.
func Parse(b []byte) (Page, error) {
	p, ok := scanPage(b)
	if ok {
		return p, nil
	}
	return decodePage(b)
}

// decodePage is Parse by encoding/xml.
func decodePage(b []byte) (Page, error) {
	var doc struct {
		XMLName               xml.Name `xml:"ListBucketResult"`
		IsTruncated           *bool
		KeyCount              *int
		NextContinuationToken string
		EncodingType          string
		Contents              []struct {
			Key, ETag    string
			Size         int64
			LastModified string
		}
	}
	err := xml.Unmarshal(b, &doc)
	var other xml.UnmarshalError // of another name
	switch {
	case errors.As(err, &other), err == nil && doc.IsTruncated == nil:
		return Page{}, ErrNoListing
	case err != nil:
		return Page{}, err
	}
	p := Page{Count: -1, Encoded: doc.EncodingType == encodingURL, Truncated: *doc.IsTruncated, Next: doc.NextContinuationToken}
	if doc.KeyCount != nil {
		p.Count = *doc.KeyCount
	}
	for _, o := range doc.Contents {
		p.Objects = append(p.Objects, Object{o.Key, o.ETag, o.Size, parseTime(o.LastModified)})
	}
	return p, nil
}

// parseTime reads a time in whole seconds; the zero time stands for one that
// cannot be read.
func parseTime(s string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return time.Time{}
	}
	return format.WholeSeconds(&t)
}
