package filestore

import (
	"bytes"
	"errors"
	"time"

	"github.com/johannesboyne/gofakes3"
	bolt "go.etcd.io/bbolt"
)

// ListBuckets implements [gofakes3.Backend], by name.
func (s *Store) ListBuckets() ([]gofakes3.BucketInfo, error) {
	var list []gofakes3.BucketInfo
	err := s.db.View(func(tx *bolt.Tx) error {
		return tx.Bucket(bucketsBucket).ForEach(func(name, v []byte) error {
			d := decoder{b: v}
			list = append(list, gofakes3.BucketInfo{Name: string(name), CreationDate: gofakes3.NewContentTime(d.time())})
			return d.err
		})
	})
	return list, err
}

// CreateBucket implements [gofakes3.Backend].
func (s *Store) CreateBucket(name string) error {
	return s.index.update(func(tx *bolt.Tx) error {
		if tx.Bucket(objectsOf(name)) != nil {
			return gofakes3.ResourceError(gofakes3.ErrBucketAlreadyExists, name)
		}
		var e encoder
		e.time(time.Now())
		_, err1 := tx.CreateBucket(objectsOf(name))
		_, err2 := tx.CreateBucket(configOf(name))
		return indexError(errors.Join(err1, err2, tx.Bucket(bucketsBucket).Put([]byte(name), e.b)))
	})
}

// BucketExists implements [gofakes3.Backend].
func (s *Store) BucketExists(name string) (exists bool, err error) {
	err = s.db.View(func(tx *bolt.Tx) error {
		exists = tx.Bucket(objectsOf(name)) != nil
		return nil
	})
	return exists, err
}

// DeleteBucket implements [gofakes3.Backend]. Unfinished uploads go with it.
func (s *Store) DeleteBucket(name string) error {
	return s.deleteBucket(name, func(objects *bolt.Bucket) error {
		if k, _ := objects.Cursor().First(); k != nil {
			return gofakes3.ResourceError(gofakes3.ErrBucketNotEmpty, name)
		}
		return nil
	})
}

// ForceDeleteBucket implements [gofakes3.Backend]: all objects go with it.
func (s *Store) ForceDeleteBucket(name string) error {
	return s.deleteBucket(name, func(*bolt.Bucket) error { return nil })
}

func (s *Store) deleteBucket(name string, allowed func(*bolt.Bucket) error) error {
	var dead []segment
	err := s.index.update(func(tx *bolt.Tx) error {
		objects := tx.Bucket(objectsOf(name))
		if objects == nil {
			return gofakes3.BucketNotFound(name)
		}
		if err := allowed(objects); err != nil {
			return err
		}
		err := objects.ForEach(func(_, v []byte) error {
			o, err := decodeObject(v)
			dead = append(dead, o.segments...)
			return err
		})
		if err != nil {
			return err
		}
		if err := deleteUploadsOf(tx, name, &dead); err != nil {
			return indexError(err)
		}
		return indexError(errors.Join(tx.DeleteBucket(objectsOf(name)), tx.DeleteBucket(configOf(name)), tx.Bucket(bucketsBucket).Delete([]byte(name))))
	})
	if err != nil {
		return err
	}
	s.blobs.release(dead)
	return nil
}

// BucketConfig implements [s3server.Store].
func (s *Store) BucketConfig(bucket, name string) (value []byte, err error) {
	err = s.db.View(func(tx *bolt.Tx) error {
		config := tx.Bucket(configOf(bucket))
		if config == nil {
			return gofakes3.BucketNotFound(bucket)
		}
		value = bytes.Clone(config.Get([]byte(name)))
		return nil
	})
	return value, err
}

// SetBucketConfig implements [s3server.Store].
func (s *Store) SetBucketConfig(bucket, name string, value []byte) error {
	return s.index.update(func(tx *bolt.Tx) error {
		config := tx.Bucket(configOf(bucket))
		if config == nil {
			return gofakes3.BucketNotFound(bucket)
		}
		if value == nil {
			return indexError(config.Delete([]byte(name)))
		}
		return indexError(config.Put([]byte(name), value))
	})
}
