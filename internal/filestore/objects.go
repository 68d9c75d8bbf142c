package filestore

import (
	"crypto/md5" //nolint:gosec // S3's ETag.
	"encoding/hex"
	"io"

	"github.com/johannesboyne/gofakes3"
	bolt "go.etcd.io/bbolt"

	"github.com/s3fc/s3fc/internal/s3server"
)

var _ s3server.Store = (*Store)(nil)

// hashOf returns the bytes of an ETag, which for an object of many parts are
// those before the number.
func hashOf(etag string) []byte {
	sum, err := hex.DecodeString(etag[:min(len(etag), 2*md5.Size)])
	if err != nil {
		return nil
	}
	return sum
}

// get returns the index record of an object.
func get(tx *bolt.Tx, bucket, key string) (*object, error) {
	objects := tx.Bucket(objectsOf(bucket))
	if objects == nil {
		return nil, gofakes3.BucketNotFound(bucket)
	}
	v := objects.Get([]byte(key))
	if v == nil {
		return nil, gofakes3.KeyNotFound(key)
	}
	return decodeObject(v)
}

// HeadObject implements [gofakes3.Backend].
func (s *Store) HeadObject(bucket, key string) (*gofakes3.Object, error) {
	var o *object
	err := s.db.View(func(tx *bolt.Tx) (err error) {
		o, err = get(tx, bucket, key)
		return err
	})
	if err != nil {
		return nil, err
	}
	return o.gofakes3(key), nil
}

// GetObject implements [gofakes3.Backend]. The content is one version's
// whatever happens to the object while it is read.
func (s *Store) GetObject(bucket, key string, rnge *gofakes3.ObjectRangeRequest) (*gofakes3.Object, error) {
	s.blobs.gate.RLock()
	defer s.blobs.gate.RUnlock()
	var o *object
	err := s.db.View(func(tx *bolt.Tx) (err error) {
		o, err = get(tx, bucket, key)
		return err
	})
	if err != nil {
		return nil, err
	}
	out := o.gofakes3(key)
	if out.Range, err = rnge.Range(o.size); err != nil {
		return nil, err
	}
	start, length := int64(0), o.size
	if out.Range != nil {
		start, length = out.Range.Start, out.Range.Length
	}
	s.blobs.pin(o.segments)
	out.Contents = newReader(s.blobs, o.segments, start, length)
	return out, nil
}

// PutObject implements [s3server.Store].
func (s *Store) PutObject(bucket, key string, meta map[string]string, input io.Reader, size int64, cond *gofakes3.PutConditions) (gofakes3.PutObjectResult, error) {
	segments, sum, err := s.blobs.write(input, size)
	if err != nil {
		return gofakes3.PutObjectResult{}, err
	}
	o := newObject(meta, size, hex.EncodeToString(sum[:]), segments)
	var dead []segment
	err = s.index.update(func(tx *bolt.Tx) error {
		dead, err = put(tx, bucket, key, o, cond)
		return err
	})
	if err != nil {
		s.blobs.release(segments)
		return gofakes3.PutObjectResult{}, err
	}
	s.blobs.release(dead)
	return gofakes3.PutObjectResult{}, nil
}

// put makes o the object at key if the conditions are met, and returns the contents
// that no object has any more.
func put(tx *bolt.Tx, bucket, key string, o *object, cond *gofakes3.PutConditions) (dead []segment, err error) {
	old, err := get(tx, bucket, key)
	exists := err == nil
	if err != nil && !gofakes3.HasErrorCode(err, gofakes3.ErrNoSuchKey) {
		return nil, err
	}
	etag := ""
	if exists {
		etag, dead = old.etag, old.segments
	}
	if err := s3server.CheckConditions(cond, exists, etag); err != nil {
		return nil, err
	}
	return dead, indexError(tx.Bucket(objectsOf(bucket)).Put([]byte(key), o.encode()))
}

// DeleteObject implements [gofakes3.Backend].
func (s *Store) DeleteObject(bucket, key string) (gofakes3.ObjectDeleteResult, error) {
	return gofakes3.ObjectDeleteResult{}, s.remove(bucket, key, "")
}

// DeleteObjectIf implements [s3server.Store].
func (s *Store) DeleteObjectIf(bucket, key, etag string) error { return s.remove(bucket, key, etag) }

// remove removes an object, if its ETag is etag or that is empty.
func (s *Store) remove(bucket, key, etag string) error {
	var dead []segment
	err := s.index.update(func(tx *bolt.Tx) error {
		old, err := get(tx, bucket, key)
		if gofakes3.HasErrorCode(err, gofakes3.ErrNoSuchKey) {
			return nil
		}
		if err != nil {
			return err
		}
		if etag != "" && etag != old.etag {
			return gofakes3.ErrPreconditionFailed
		}
		dead = old.segments
		return indexError(tx.Bucket(objectsOf(bucket)).Delete([]byte(key)))
	})
	if err != nil {
		return err
	}
	s.blobs.release(dead)
	return nil
}

// DeleteMulti implements [gofakes3.Backend].
func (s *Store) DeleteMulti(bucket string, keys ...string) (gofakes3.MultiDeleteResult, error) {
	var out gofakes3.MultiDeleteResult
	for _, key := range keys {
		if err := s.remove(bucket, key, ""); err != nil {
			res := gofakes3.ErrorResultFromError(err)
			res.Key = key
			out.Error = append(out.Error, res)
			continue
		}
		out.Deleted = append(out.Deleted, gofakes3.ObjectID{Key: key})
	}
	return out, nil
}

// CopyObject implements [gofakes3.Backend].
func (s *Store) CopyObject(srcBucket, srcKey, dstBucket, dstKey string, meta map[string]string) (gofakes3.CopyObjectResult, error) {
	src, err := s.GetObject(srcBucket, srcKey, nil)
	if err != nil {
		return gofakes3.CopyObjectResult{}, err
	}
	defer src.Contents.Close() //nolint:errcheck // Reading is over.
	if _, err := s.PutObject(dstBucket, dstKey, meta, src.Contents, src.Size, nil); err != nil {
		return gofakes3.CopyObjectResult{}, err
	}
	var o *object
	err = s.db.View(func(tx *bolt.Tx) (err error) {
		o, err = get(tx, dstBucket, dstKey)
		return err
	})
	if err != nil {
		return gofakes3.CopyObjectResult{}, err
	}
	return gofakes3.CopyObjectResult{ETag: `"` + o.etag + `"`, LastModified: gofakes3.NewContentTime(o.modTime)}, nil
}
