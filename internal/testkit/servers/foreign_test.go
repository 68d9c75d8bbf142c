package servers_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// foreign has objects of other tools pulled, replaced and deleted.
func foreign(l *lab) (cell, error) {
	want := l.site()
	if err := l.plant(want); err != nil {
		return cell{}, fmt.Errorf("planting: %w", err)
	}
	back, err := l.pull()
	if err != nil {
		return cell{}, err
	}
	if err := want.differs(back); err != nil {
		return cell{}, err
	}
	for name := range want.snapshot() {
		back.write(name, "replaced")
	}
	if err := l.pushed(back); err != nil {
		return cell{}, err
	}
	for name := range want.snapshot() {
		back.remove(name)
	}
	back.write("last", "one")
	_, err = l.does("copy", "--max-delete=100", string(back), l.url())
	return yes, err
}

// plant stores objects as other tools do, and adds them to want.
func (l *lab) plant(want site) error {
	want.write("plain", "plain")
	want.write("meta", "with metadata")
	want.write("parts", string(make([]byte, 6<<20)))
	errs := []error{
		l.put("plain", "plain"),
		l.put("meta", "with metadata", func(in *s3.PutObjectInput) { in.Metadata = map[string]string{"Mtime": "1700000000.5", "other": "x"} }),
		l.putParts("parts", make([]byte, 5<<20), make([]byte, 1<<20)),
		l.put("marker/", ""),
	}
	if l.server.Data != "" {
		want.write("direct", "put into the directory")
		path := filepath.Join(l.server.Data, l.bucket, l.prefix, "direct")
		errs = append(errs, os.WriteFile(path, []byte("put into the directory"), 0o644))
	}
	return errors.Join(errs...)
}

// putParts stores an object in parts.
func (l *lab) putParts(name string, parts ...[]byte) error {
	c, key := l.server.Client(), l.key(name)
	up, err := c.CreateMultipartUpload(l.ctx, &s3.CreateMultipartUploadInput{Bucket: &l.bucket, Key: key})
	if err != nil {
		return err
	}
	var done []types.CompletedPart
	for i, b := range parts {
		n := aws.Int32(int32(i + 1)) //nolint:gosec // A few.
		p, err := c.UploadPart(l.ctx, &s3.UploadPartInput{Bucket: &l.bucket, Key: key, UploadId: up.UploadId, PartNumber: n, Body: bytesReader(b)})
		if err != nil {
			return err
		}
		done = append(done, types.CompletedPart{ETag: p.ETag, PartNumber: n})
	}
	_, err = c.CompleteMultipartUpload(l.ctx, &s3.CompleteMultipartUploadInput{
		Bucket: &l.bucket, Key: key, UploadId: up.UploadId, MultipartUpload: &types.CompletedMultipartUpload{Parts: done},
	})
	return err
}
