package s3

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/s3fc/s3fc/backends/s3/internal/format"
	"github.com/s3fc/s3fc/backends/s3/internal/objects"
	"github.com/s3fc/s3fc/backends/s3/internal/upload"
	"github.com/s3fc/s3fc/backends/s3/internal/wire"
	"github.com/s3fc/s3fc/core"
)

// putParts stores a large file. Until its upload is completed nothing of it can be
// seen; if it is not, it is aborted.
func (w *writer) putParts(ctx context.Context, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
	if body == nil {
		return e, fmt.Errorf("%w: %d bytes were promised, and there is no body", core.ErrCorrupt, e.Size)
	}
	if err := completeMD5(&e, body); err != nil {
		return e, err
	}
	body, kind, err := sniff(e, body)
	if err != nil {
		return e, err
	}
	r := wire.NewRequest("", "")
	w.objects.Seal(r)
	r.Set(wire.ContentType, kind)
	r.SetMetadata(format.FileMetadata(e))
	r.SetHeaders(e.Headers)
	etag, parts, err := w.uploads.Put(ctx, upload.File{Key: w.full(e.Key), Entry: e, Header: r.Header, Body: body}, objects.VersionOf(old))
	if err != nil {
		return e, err
	}
	e.Parts = parts
	return format.Stored(e, etag), nil
}

// completeMD5 makes sure that the md5 is known, which is stored before the first
// byte: it can be computed only if body can be read twice.
func completeMD5(e *core.Entry, body io.Reader) (err error) {
	content, ok := body.(io.ReadSeeker)
	if ok {
		err = checkLength(content, e.Size)
	}
	switch {
	case err != nil || e.MD5.Known():
		return err
	case !ok:
		return errors.New("the md5 of a large file has to be known before it is sent")
	}
	e.MD5, err = format.RestMD5(content)
	return err
}

// sniff returns the media type of body, and body with nothing read from it. One whose
// parts are known stays so.
func sniff(e core.Entry, body io.Reader) (io.Reader, string, error) {
	switch content := body.(type) {
	case core.PartSums:
		kind, err := contentType(e.Key, io.NewSectionReader(content, 0, e.Size))
		return body, kind, err
	case io.ReadSeeker:
		kind, err := contentType(e.Key, content)
		return body, kind, err
	}
	head := make([]byte, typeHead)
	n, err := io.ReadFull(body, head)
	if err != nil && !format.IsEnd(err) {
		return nil, "", err
	}
	kind, err := contentType(e.Key, bytes.NewReader(head[:n]))
	return io.MultiReader(bytes.NewReader(head[:n]), body), kind, err
}
