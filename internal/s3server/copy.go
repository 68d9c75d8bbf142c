package s3server

import (
	"encoding/xml"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/johannesboyne/gofakes3"
)

const copySource = "X-Amz-Copy-Source"

// copyObject copies on the server. The redirect is never copied, and the other
// headers are those of the source, or with REPLACE those of the request.
func (h *handler) copyObject(w http.ResponseWriter, r *http.Request, bucket, key string) error {
	srcBucket, srcKey, err := h.parseCopySource(r.Header.Get(copySource))
	if err != nil {
		return err
	}
	replace := r.Header.Get("X-Amz-Metadata-Directive") == "REPLACE"
	if srcBucket == bucket && srcKey == key && !replace && !changesItself(r.Header) {
		return gofakes3.ErrorMessage(errInvalidRequest, "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.")
	}
	cond, err := h.writeConditions(r.Header)
	if err != nil {
		return err
	}
	src, err := h.openSource(r, srcBucket, srcKey, nil)
	if err != nil {
		return err
	}
	defer src.Contents.Close() //nolint:errcheck // Reading is over.
	meta, err := h.copiedHeaders(r.Header, src.Metadata, replace)
	if err != nil {
		return err
	}
	if err := h.merge(bucket, key, meta); err != nil {
		return err
	}
	if _, err := h.store.PutObject(bucket, key, meta, src.Contents, src.Size, cond); err != nil {
		return err
	}
	return h.copied(w, r, bucket, key)
}

func (h *handler) copied(w http.ResponseWriter, r *http.Request, bucket, key string) error {
	o, err := h.store.HeadObject(bucket, key)
	if err != nil {
		return err
	}
	defer o.Contents.Close() //nolint:errcheck // A HEAD has no content.
	h.quirks.showEncryption(w.Header())
	answerXML(w, r, http.StatusOK, copyResult{
		XMLName: xml.Name{Local: "CopyObjectResult"}, ETag: h.quirks.showETag(ETagOf(o)), LastModified: listTime(lastModified(o)),
	})
	return nil
}

type copyResult struct {
	XMLName      xml.Name
	ETag         string
	LastModified string
}

// parseCopySource reads /bucket/key, percent-encoded whole or in part, with a
// version perhaps.
func (h *handler) parseCopySource(v string) (bucket, key string, err error) {
	path, query, _ := strings.Cut(v, "?")
	if q, err := url.ParseQuery(query); err != nil || q.Has("versionId") && q.Get("versionId") != "null" {
		return "", "", gofakes3.ErrNotImplemented
	}
	decode := url.QueryUnescape
	if h.quirks.keepReserved {
		decode = decodeURI
	}
	path, err = decode(path)
	bucket, key, ok := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	if err != nil || !ok || key == "" {
		return "", "", gofakes3.ErrorInvalidArgument(strings.ToLower(copySource), v, "Invalid copy source object key")
	}
	return bucket, key, nil
}

// changesItself reports whether a copy of an object onto itself would change it.
func changesItself(in http.Header) bool {
	return in.Get(redirectHeader) != "" || in.Get("X-Amz-Storage-Class") != "" || in.Get("X-Amz-Server-Side-Encryption") != ""
}

// openSource opens the source of a copy if it meets the conditions of the request.
func (h *handler) openSource(r *http.Request, bucket, key string, rnge *gofakes3.ObjectRangeRequest) (*gofakes3.Object, error) {
	o, err := h.store.GetObject(bucket, key, rnge)
	if err != nil {
		return nil, err
	}
	etag := h.quirks.showETag(ETagOf(o))
	match, none := r.Header.Get(copySource+"-If-Match"), r.Header.Get(copySource+"-If-None-Match")
	if h.quirks.ignore.copySource {
		return o, nil
	}
	if match != "" && !listed(match, etag) || none != "" && listed(none, etag) {
		_ = o.Contents.Close()
		return nil, gofakes3.ErrPreconditionFailed
	}
	return o, nil
}

// copiedHeaders returns the headers of the copy.
func (h *handler) copiedHeaders(in http.Header, src map[string]string, replace bool) (map[string]string, error) {
	if h.quirks.copyRedirect && in.Get(redirectHeader) == "" && src[redirectHeader] != "" {
		in = in.Clone()
		in.Set(redirectHeader, src[redirectHeader])
	}
	if replace {
		return h.objectHeaders(in)
	}
	own := make(http.Header)
	for _, name := range []string{redirectHeader, "X-Amz-Storage-Class", "X-Amz-Server-Side-Encryption"} {
		if v := in.Get(name); v != "" {
			own.Set(name, v)
		}
	}
	meta, err := h.systemMetadata(own)
	if err != nil {
		return nil, err
	}
	kept := maps.Clone(src)
	maps.DeleteFunc(kept, func(name, _ string) bool {
		return name == ETagKey || name == PartsKey || name == redirectHeader || name == "X-Amz-Storage-Class"
	})
	delete(meta, "Content-Type")
	maps.Copy(kept, meta)
	return kept, nil
}

// copyPart copies an object, or a range of it, into a part of an upload.
func (h *handler) copyPart(w http.ResponseWriter, r *http.Request, bucket, key string) error {
	srcBucket, srcKey, err := h.parseCopySource(r.Header.Get(copySource))
	if err != nil {
		return err
	}
	rnge, err := parseCopyRange(r.Header.Get(copySource + "-Range"))
	if err != nil {
		return err
	}
	src, err := h.openSource(r, srcBucket, srcKey, rnge)
	if err != nil {
		return err
	}
	defer src.Contents.Close() //nolint:errcheck // Reading is over.
	number, err := partNumber(r)
	if err != nil {
		return err
	}
	size := src.Size
	if src.Range != nil {
		size = src.Range.Length
	}
	etag, err := h.store.UploadPart(bucket, key, uploadID(r), number, size, src.Contents)
	if err != nil {
		return err
	}
	answerXML(w, r, http.StatusOK, copyResult{XMLName: xml.Name{Local: "CopyPartResult"}, ETag: etag, LastModified: listTime(time.Now())})
	return nil
}

// parseCopyRange reads "bytes=first-last"; both are needed.
func parseCopyRange(v string) (*gofakes3.ObjectRangeRequest, error) {
	if v == "" {
		return nil, nil
	}
	first, last, ok := strings.Cut(strings.TrimPrefix(v, "bytes="), "-")
	start, err1 := strconv.ParseInt(first, 10, 64)
	end, err2 := strconv.ParseInt(last, 10, 64)
	if !ok || slices.ContainsFunc([]error{err1, err2}, func(err error) bool { return err != nil }) || start < 0 || end < start {
		return nil, gofakes3.ErrorInvalidArgument(strings.ToLower(copySource)+"-range", v, "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy")
	}
	return &gofakes3.ObjectRangeRequest{Start: start, End: end}, nil
}
