package filestore

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"time"

	"github.com/johannesboyne/gofakes3"
	bolt "go.etcd.io/bbolt"

	"github.com/s3fc/s3fc/internal/s3server"
)

// partsPrefix begins the keys of an upload's parts.
func partsPrefix(id gofakes3.UploadID) []byte { return []byte(string(id) + "/") }

func partKey(id gofakes3.UploadID, number int) []byte {
	return binary.BigEndian.AppendUint16(partsPrefix(id), uint16(number)) //nolint:gosec // 1 to 10,000.
}

// findUpload returns the index record of an upload.
func findUpload(tx *bolt.Tx, bucket, key string, id gofakes3.UploadID) (*upload, error) {
	v := tx.Bucket(uploadsBucket).Get([]byte(id))
	if v == nil {
		return nil, s3server.NoSuchUpload()
	}
	u, err := decodeUpload(v)
	if err == nil && (u.bucket != bucket || u.key != key) {
		return nil, s3server.NoSuchUpload()
	}
	return u, err
}

// forEachPart calls f for the parts of an upload, in order, until it returns
// false.
func forEachPart(tx *bolt.Tx, id gofakes3.UploadID, f func(number int, p *part) bool) error {
	prefix := partsPrefix(id)
	c := tx.Bucket(partsBucket).Cursor()
	for k, v := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, v = c.Next() {
		p, err := decodePart(v)
		if err != nil {
			return err
		}
		if !f(int(binary.BigEndian.Uint16(k[len(prefix):])), p) {
			return nil
		}
	}
	return nil
}

// CreateMultipartUpload implements [gofakes3.MultipartBackend].
func (s *Store) CreateMultipartUpload(bucket, key string, meta map[string]string) (gofakes3.UploadID, error) {
	id := gofakes3.UploadID(rand.Text())
	u := &upload{bucket: bucket, key: key, meta: meta, started: time.Now()}
	return id, s.index.update(func(tx *bolt.Tx) error {
		if tx.Bucket(objectsOf(bucket)) == nil {
			return gofakes3.BucketNotFound(bucket)
		}
		return indexError(tx.Bucket(uploadsBucket).Put([]byte(id), u.encode()))
	})
}

// UploadPart implements [gofakes3.MultipartBackend].
func (s *Store) UploadPart(bucket, key string, id gofakes3.UploadID, number int, size int64, input io.Reader) (string, error) {
	segments, sum, err := s.blobs.write(input, size)
	if err != nil {
		return "", err
	}
	p := &part{Part: s3server.Part{Size: size, MD5: sum}, stored: time.Now(), segments: segments}
	var dead []segment
	err = s.index.update(func(tx *bolt.Tx) error {
		if _, err := findUpload(tx, bucket, key, id); err != nil {
			return err
		}
		parts := tx.Bucket(partsBucket)
		if v := parts.Get(partKey(id, number)); v != nil {
			old, err := decodePart(v)
			if err != nil {
				return err
			}
			dead = old.segments
		}
		return indexError(parts.Put(partKey(id, number), p.encode()))
	})
	if err != nil {
		s.blobs.release(segments)
		return "", err
	}
	s.blobs.release(dead)
	return `"` + hex.EncodeToString(sum[:]) + `"`, nil
}

// AbortMultipartUpload implements [gofakes3.MultipartBackend].
func (s *Store) AbortMultipartUpload(bucket, key string, id gofakes3.UploadID) error {
	var dead []segment
	err := s.index.update(func(tx *bolt.Tx) error {
		if _, err := findUpload(tx, bucket, key, id); err != nil {
			return err
		}
		return deleteUpload(tx, id, &dead)
	})
	if err != nil {
		return err
	}
	s.blobs.release(dead)
	return nil
}

// deleteUpload removes an upload from the index and adds its blobs to dead.
func deleteUpload(tx *bolt.Tx, id gofakes3.UploadID, dead *[]segment) error {
	var numbers []int
	err := forEachPart(tx, id, func(n int, p *part) bool {
		numbers = append(numbers, n)
		*dead = append(*dead, p.segments...)
		return true
	})
	if err != nil {
		return err
	}
	errs := []error{tx.Bucket(uploadsBucket).Delete([]byte(id))}
	for _, n := range numbers {
		errs = append(errs, tx.Bucket(partsBucket).Delete(partKey(id, n)))
	}
	return indexError(errors.Join(errs...))
}

// deleteUploadsOf removes the uploads of a bucket.
func deleteUploadsOf(tx *bolt.Tx, bucket string, dead *[]segment) error {
	items, err := uploadsOf(tx, bucket)
	if err != nil {
		return err
	}
	for _, u := range items {
		if err := deleteUpload(tx, u.UploadID, dead); err != nil {
			return err
		}
	}
	return nil
}

func uploadsOf(tx *bolt.Tx, bucket string) (items []gofakes3.ListMultipartUploadItem, err error) {
	err = tx.Bucket(uploadsBucket).ForEach(func(id, v []byte) error {
		u, err := decodeUpload(v)
		if err == nil && u.bucket == bucket {
			items = append(items, gofakes3.ListMultipartUploadItem{
				Key: u.key, UploadID: gofakes3.UploadID(id), Initiated: gofakes3.NewContentTime(u.started.Truncate(time.Second)),
			})
		}
		return err
	})
	return items, err
}

// CompleteMultipartUpload implements [gofakes3.MultipartBackend].
func (s *Store) CompleteMultipartUpload(bucket, key string, id gofakes3.UploadID, in *gofakes3.CompleteMultipartUploadRequest) (gofakes3.VersionID, string, error) {
	etag, err := s.CompleteMultipartUploadIf(bucket, key, id, in, nil)
	return "", etag, err
}

// CompleteMultipartUploadIf implements [s3server.Store]. The object is made of
// the blobs of its parts: no content is read or copied.
func (s *Store) CompleteMultipartUploadIf(bucket, key string, id gofakes3.UploadID, in *gofakes3.CompleteMultipartUploadRequest, cond *gofakes3.PutConditions) (string, error) {
	var dead []segment
	var etag string
	err := s.index.update(func(tx *bolt.Tx) error {
		u, err := findUpload(tx, bucket, key, id)
		if err != nil {
			return err
		}
		o, unused, err := assemble(tx, u, id, in)
		if err != nil {
			return err
		}
		replaced, err := put(tx, bucket, key, o, cond)
		if err != nil {
			return err
		}
		var all []segment // named by the object now
		etag, dead = o.etag, append(unused, replaced...)
		return indexError(deleteUpload(tx, id, &all))
	})
	if err != nil {
		return "", err
	}
	s.blobs.release(dead)
	return `"` + etag + `"`, nil
}

// assemble returns the object that an upload makes, and the blobs of the parts
// that the client left out.
func assemble(tx *bolt.Tx, u *upload, id gofakes3.UploadID, in *gofakes3.CompleteMultipartUploadRequest) (o *object, unused []segment, err error) {
	parts := make(map[int]*part)
	err = forEachPart(tx, id, func(n int, p *part) bool {
		parts[n] = p
		return true
	})
	if err != nil {
		return nil, nil, err
	}
	etag, err := s3server.AssembleParts(in, func(n int) (s3server.Part, bool) {
		p, ok := parts[n]
		if !ok {
			return s3server.Part{}, false
		}
		return p.Part, true
	})
	if err != nil {
		return nil, nil, err
	}
	sizes := s3server.PartSizes(in, func(n int) int64 { return parts[n].Size })
	var segments []segment
	size := int64(0)
	for _, c := range in.Parts {
		segments = append(segments, parts[c.PartNumber].segments...)
		size += parts[c.PartNumber].Size
		delete(parts, c.PartNumber)
	}
	for _, p := range parts {
		unused = append(unused, p.segments...)
	}
	o = newObject(u.meta, size, etag, segments)
	o.meta[s3server.PartsKey] = sizes
	return o, unused, nil
}

// ListParts implements [gofakes3.MultipartBackend].
func (s *Store) ListParts(bucket, key string, id gofakes3.UploadID, marker int, limit int64) (*gofakes3.ListMultipartUploadPartsResult, error) {
	out := &gofakes3.ListMultipartUploadPartsResult{Bucket: bucket, Key: key, UploadID: id, PartNumberMarker: marker, MaxParts: limit, StorageClass: "STANDARD"}
	err := s.db.View(func(tx *bolt.Tx) error {
		if _, err := findUpload(tx, bucket, key, id); err != nil {
			return err
		}
		return forEachPart(tx, id, func(n int, p *part) bool { return s3server.AddPart(out, n, p.Part, p.stored) })
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// ListMultipartUploads implements [gofakes3.MultipartBackend].
func (s *Store) ListMultipartUploads(bucket string, marker *gofakes3.UploadListMarker, prefix gofakes3.Prefix, limit int64) (*gofakes3.ListMultipartUploadsResult, error) {
	var items []gofakes3.ListMultipartUploadItem
	err := s.db.View(func(tx *bolt.Tx) (err error) {
		items, err = uploadsOf(tx, bucket)
		return err
	})
	if err != nil {
		return nil, err
	}
	return s3server.UploadPage(bucket, items, marker, prefix, limit), nil
}
