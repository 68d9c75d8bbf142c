package upload

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"golang.org/x/sync/errgroup"

	"github.com/s3fc/s3fc/backends/s3/internal/format"
	"github.com/s3fc/s3fc/core"
)

// send sends the parts, a few of them at once. A body whose parts are known is read
// where it is wanted: the store checks each part by its md5. Any other is read
// once, in order, and checked by the promised md5.
func (u *upload) send(ctx context.Context, body io.Reader, known core.PartSums) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(partsAtOnce + 1) // and who reads or begins them
	g.Go(func() error {
		if known != nil {
			return u.begins(ctx, known, g)
		}
		return u.read(ctx, body, g)
	})
	return g.Wait()
}

// partSums returns body as one whose parts are known, and takes their md5s over;
// nil if they are not known, or other parts are.
func (u *upload) partSums(body io.Reader) core.PartSums {
	known, ok := body.(core.PartSums)
	if !ok {
		return nil
	}
	size, sums := known.PartSums()
	if size != u.size || len(sums) != len(u.sums) {
		return nil
	}
	copy(u.sums, sums)
	return known
}

// part is a part of the body that is ready to be sent.
type part struct {
	number  int // from 0
	content []byte
}

// length is the length of the part number i in bytes.
func (u *upload) length(i int) int64 { return min(u.size, u.e.Size-int64(i)*u.size) }

// begins sends the parts of a body that can be read anywhere.
func (u *upload) begins(ctx context.Context, body io.ReaderAt, g *errgroup.Group) error {
	for i := range u.parts {
		if err := ctx.Err(); err != nil {
			return err
		}
		if !u.had(i) {
			g.Go(func() error { return u.sendAt(ctx, body, i) })
		}
	}
	return nil
}

func (u *upload) sendAt(ctx context.Context, body io.ReaderAt, i int) error {
	buf, err := u.Buffers.Get(ctx, int(u.length(i)))
	if err != nil {
		return err
	}
	defer u.Buffers.Put(buf)
	off := int64(i) * u.size
	if n, err := body.ReadAt(buf, off); n < len(buf) {
		return shortBody(err, u.e.Size, off+int64(n))
	}
	return u.sendPart(ctx, part{i, buf})
}

// read reads the body in order, and hands over its parts as they come.
func (u *upload) read(ctx context.Context, body io.Reader, g *errgroup.Group) error {
	whole := format.NewMD5()
	for i := range u.parts {
		buf, err := u.Buffers.Get(ctx, int(u.length(i)))
		if err != nil {
			return err
		}
		if n, err := io.ReadFull(body, buf); err != nil {
			u.Buffers.Put(buf)
			return shortBody(err, u.e.Size, int64(i)*u.size+int64(n))
		}
		_, _ = whole.Write(buf) // a hash returns no error
		g.Go(func() error {
			defer u.Buffers.Put(buf)
			u.sums[i] = core.SumMD5(buf)
			if u.had(i) {
				return nil
			}
			return u.sendPart(ctx, part{i, buf})
		})
	}
	if err := format.AtEnd(body, u.e.Size); err != nil {
		return err
	}
	if sum := format.SumMD5(whole); sum != u.e.MD5 {
		return fmt.Errorf("%w: md5 %s was promised, and it is %s", core.ErrCorrupt, u.e.MD5, sum)
	}
	return nil
}

func shortBody(err error, size, got int64) error {
	if format.IsEnd(err) {
		return fmt.Errorf("%w: %d bytes were promised, and there are %d", core.ErrCorrupt, size, got)
	}
	return err
}

func (u *upload) sendPart(ctx context.Context, p part) error {
	sum := u.sums[p.number]
	done, err := u.Sender.UploadPart(ctx, u.key, u.id, p.number+1, bytes.NewReader(p.content), int64(len(p.content)), sum.Base64())
	if err != nil {
		return err
	}
	if format.BareETag(&done.ETag) == "" { // a store without ETags; S3's is the md5
		done.ETag = format.QuoteETag(sum.String())
	}
	u.parts[p.number] = done
	return nil
}
