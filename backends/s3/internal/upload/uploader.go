// Package upload sends large files in parts: nothing of a file can be seen until its
// upload is completed, and an upload that is not completed is aborted. Uploads are
// recorded, so that a run resumes, or aborts, those of a run that was killed.
package upload

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/s3fc/s3fc/backends/s3/internal/format"
	"github.com/s3fc/s3fc/backends/s3/internal/objects"
	"github.com/s3fc/s3fc/backends/s3/internal/wire"
	"github.com/s3fc/s3fc/core"
)

const (
	// partsAtOnce is how many parts of one file are under way at once.
	partsAtOnce = 4
	// copiesAtOnce is how many parts of one object are copied at once: their content
	// does not pass here.
	copiesAtOnce = 16
	// abortTime is how long the abort of an upload may take after the upload failed.
	abortTime = 10 * time.Second
)

// Uploader sends the large files of a bucket. Its fields are set before its first use;
// it is safe for concurrent use.
type Uploader struct {
	Sender  *wire.Sender
	Objects *objects.Store
	Buffers *core.Buffers
	Log     *slog.Logger
	Records *Records
	// Opaque says that no ETag of this bucket is an md5: parts are not recognised by
	// theirs, so that no upload is resumed.
	Opaque bool
	// ReadMD5 reads the version of an object with this ETag and returns its md5.
	ReadMD5 func(ctx context.Context, key, etag string) (core.MD5, error)
}

// File is a large file on its way to a bucket. The md5 of Entry is known.
type File struct {
	Key    string // in the bucket
	Entry  core.Entry
	Header http.Header // of the object
	Body   io.Reader
}

// Put sends a file in the place of a version. A body that is a [core.PartSums] is read
// where a part is wanted; any other is read once, in order, and compared with the md5
// that was promised. Put returns the ETag without quotes, and the hash of the parts.
func (u *Uploader) Put(ctx context.Context, f File, old objects.Version) (etag string, parts core.PartsHash, err error) {
	p := u.newUpload(f.Key, f.Entry, f.Header)
	known := p.partSums(f.Body)
	if !p.resume(ctx) {
		if err := p.begin(ctx); err != nil {
			return "", core.PartsHash{}, err
		}
	}
	if err = p.send(ctx, f.Body, known); err == nil {
		if etag, err = p.complete(ctx, old); err == nil {
			return etag, p.hash(), nil
		}
	}
	p.abort(ctx)
	return "", core.PartsHash{}, err
}

// Copy makes an object of parts that the store copies. The header source
// names the object to copy. Errors before the completion pass through explain.
func (u *Uploader) Copy(ctx context.Context, key string, e core.Entry, header, source http.Header, old objects.Version, explain func(error) error) (etag string, err error) {
	p := u.newUpload(key, e, header)
	if err := p.begin(ctx); err != nil {
		return "", explain(err)
	}
	if err = p.copyParts(ctx, source); err != nil {
		err = explain(err)
	} else if etag, err = p.complete(ctx, old); err == nil {
		return etag, nil
	}
	p.abort(ctx)
	return "", err
}

func (u *upload) copyParts(ctx context.Context, source http.Header) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(copiesAtOnce)
	for i := range u.parts {
		g.Go(func() error { return u.copyPart(ctx, source.Clone(), i) })
	}
	return g.Wait()
}

// errNoPart is a copied part without an ETag, by which it would be named.
var errNoPart = fmt.Errorf("the store's answer does not say which part it copied: %w", errors.ErrUnsupported)

func (u *upload) copyPart(ctx context.Context, header http.Header, i int) error {
	first := int64(i) * u.size
	header[wire.CopySourceRange] = []string{fmt.Sprintf("bytes=%d-%d", first, first+u.length(i)-1)}
	part, err := u.Sender.CopyPart(ctx, u.key, u.id, i+1, header)
	if err != nil {
		return err
	}
	tag := format.BareETag(&part.ETag)
	if tag == "" {
		return errNoPart
	}
	u.parts[i] = part
	u.sums[i], _ = core.ParseMD5(tag)
	return nil
}
