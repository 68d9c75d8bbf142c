package s3server

import (
	"bytes"
	"io"
	"sync"

	"github.com/johannesboyne/gofakes3"
)

// anyStore is a [Store] over any gofakes3 backend. A lock makes writes atomic for
// readers; multipart uploads and bucket configurations are in memory.
type anyStore struct {
	gofakes3.Backend
	memoryUploads
	mu     sync.RWMutex
	config map[string][]byte // by bucket and name
}

func newAnyStore(b gofakes3.Backend) *anyStore {
	return &anyStore{Backend: b, memoryUploads: memoryUploads{uploads: make(map[gofakes3.UploadID]*memoryUpload)}, config: make(map[string][]byte)}
}

// PutObject deletes the old object first: gofakes3's backends would merge its
// metadata into the new one.
func (s *anyStore) PutObject(bucket, key string, meta map[string]string, input io.Reader, size int64, cond *gofakes3.PutConditions) (gofakes3.PutObjectResult, error) {
	content, err := gofakes3.ReadAll(input, size)
	if err != nil {
		return gofakes3.PutObjectResult{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.put(bucket, key, meta, content, cond)
}

func (s *anyStore) put(bucket, key string, meta map[string]string, content []byte, cond *gofakes3.PutConditions) (gofakes3.PutObjectResult, error) {
	var none gofakes3.PutObjectResult
	etag, exists, err := s.etag(bucket, key)
	if err != nil {
		return none, err
	}
	if err := CheckConditions(cond, exists, etag); err != nil {
		return none, err
	}
	if exists {
		if _, err := s.Backend.DeleteObject(bucket, key); err != nil {
			return none, err
		}
	}
	return s.Backend.PutObject(bucket, key, meta, bytes.NewReader(content), int64(len(content)), nil)
}

// etag returns the ETag of the object at key.
func (s *anyStore) etag(bucket, key string) (etag string, exists bool, err error) {
	o, err := s.Backend.HeadObject(bucket, key)
	if gofakes3.HasErrorCode(err, gofakes3.ErrNoSuchKey) {
		return "", false, nil
	}
	if err != nil {
		return "", false, err
	}
	return ETagOf(o), true, o.Contents.Close()
}

// GetObject takes the lock until the backend has chosen a version.
func (s *anyStore) GetObject(bucket, key string, rnge *gofakes3.ObjectRangeRequest) (*gofakes3.Object, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.Backend.GetObject(bucket, key, rnge)
}

// HeadObject takes the lock until the backend has chosen a version.
func (s *anyStore) HeadObject(bucket, key string) (*gofakes3.Object, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.Backend.HeadObject(bucket, key)
}

// DeleteObject implements [gofakes3.Backend], one write at a time.
func (s *anyStore) DeleteObject(bucket, key string) (gofakes3.ObjectDeleteResult, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.Backend.DeleteObject(bucket, key)
}

// DeleteObjectIf implements [Store].
func (s *anyStore) DeleteObjectIf(bucket, key, etag string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	have, exists, err := s.etag(bucket, key)
	if err != nil || !exists {
		return err
	}
	if have != etag {
		return gofakes3.ErrPreconditionFailed
	}
	_, err = s.Backend.DeleteObject(bucket, key)
	return err
}

// ListBucket makes pages by a [Pager] of the backend's plain listing: s3mem counts
// and repeats common prefixes wrongly.
func (s *anyStore) ListBucket(bucket string, prefix *gofakes3.Prefix, page gofakes3.ListBucketPage) (*gofakes3.ObjectList, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	pager := NewPager(prefix, page)
	marker := page.Marker
	if before := justBefore(pager.Start()); marker < before {
		marker = before
	}
	for {
		next, err := s.listSome(bucket, marker, pager)
		if err != nil {
			return nil, err
		}
		if next == "" {
			return pager.List(), nil
		}
		marker = next
	}
}

// listSome adds the keys after marker to the pager, and returns the next marker,
// or "" at the end.
func (s *anyStore) listSome(bucket, marker string, pager *Pager) (next string, err error) {
	plain := &gofakes3.Prefix{HasPrefix: pager.prefix != "", Prefix: pager.prefix}
	list, err := s.Backend.ListBucket(bucket, plain, gofakes3.ListBucketPage{HasMarker: marker != "", Marker: marker, MaxKeys: pageLimit + 1})
	if err != nil {
		return "", err
	}
	for _, c := range list.Contents {
		if c.Key < marker {
			continue
		}
		seek, done := pager.Add(c.Key, func() *gofakes3.Content { return s.content(bucket, c) })
		if done {
			return "", nil
		}
		marker = max(marker, c.Key, seek)
	}
	if len(list.Contents) <= pageLimit {
		return "", nil
	}
	return marker, nil
}

// content adds the fields that the backend's listing lacks.
func (s *anyStore) content(bucket string, c *gofakes3.Content) *gofakes3.Content {
	o, err := s.Backend.HeadObject(bucket, c.Key)
	if err != nil {
		return c
	}
	defer o.Contents.Close() //nolint:errcheck // A HEAD has no content.
	c.ETag = quote(ETagOf(o))
	c.StorageClass = gofakes3.StorageClass(o.Metadata["X-Amz-Storage-Class"])
	if t := lastModified(o); !t.IsZero() {
		c.LastModified = gofakes3.NewContentTime(t)
	}
	return c
}

// justBefore returns a marker that sorts a little before key.
func justBefore(key string) string {
	if key == "" {
		return ""
	}
	last := len(key) - 1
	if key[last] == 0 {
		return key[:last]
	}
	return key[:last] + string([]byte{key[last] - 1, 0xff})
}

// CompleteMultipartUpload implements [gofakes3.MultipartBackend].
func (s *anyStore) CompleteMultipartUpload(bucket, key string, id gofakes3.UploadID, in *gofakes3.CompleteMultipartUploadRequest) (gofakes3.VersionID, string, error) {
	etag, err := s.CompleteMultipartUploadIf(bucket, key, id, in, nil)
	return "", etag, err
}

// CompleteMultipartUploadIf implements [Store].
func (s *anyStore) CompleteMultipartUploadIf(bucket, key string, id gofakes3.UploadID, in *gofakes3.CompleteMultipartUploadRequest, cond *gofakes3.PutConditions) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	meta, content, etag, err := s.assemble(bucket, key, id, in)
	if err != nil {
		return "", err
	}
	meta[ETagKey] = etag
	if _, err := s.put(bucket, key, meta, content, cond); err != nil {
		return "", err
	}
	return quote(etag), s.AbortMultipartUpload(bucket, key, id)
}

// BucketConfig implements [Store].
func (s *anyStore) BucketConfig(bucket, name string) ([]byte, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.config[bucket+"/"+name], nil
}

// SetBucketConfig implements [Store].
func (s *anyStore) SetBucketConfig(bucket, name string, value []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.config[bucket+"/"+name] = value
	return nil
}
