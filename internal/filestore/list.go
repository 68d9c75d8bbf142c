package filestore

import (
	"github.com/johannesboyne/gofakes3"
	bolt "go.etcd.io/bbolt"

	"github.com/s3fc/s3fc/internal/s3server"
)

// ListBucket implements [s3server.Store]. It looks at the keys of the page only,
// however large the bucket and whatever lies below a common prefix.
func (s *Store) ListBucket(name string, prefix *gofakes3.Prefix, page gofakes3.ListBucketPage) (*gofakes3.ObjectList, error) {
	pager := s3server.NewPager(prefix, page)
	err := s.db.View(func(tx *bolt.Tx) error {
		objects := tx.Bucket(objectsOf(name))
		if objects == nil {
			return gofakes3.BucketNotFound(name)
		}
		return fill(pager, objects.Cursor())
	})
	if err != nil {
		return nil, err
	}
	return pager.List(), nil
}

func fill(pager *s3server.Pager, c *bolt.Cursor) error {
	var d decoder
	k, v := c.Seek([]byte(pager.Start()))
	for k != nil && d.err == nil {
		key := string(k)
		seek, done := pager.Add(key, func() *gofakes3.Content {
			d = decoder{b: v}
			return decodeHead(&d).content(key)
		})
		switch {
		case done:
			return d.err
		case seek != "":
			k, v = c.Seek([]byte(seek))
		default:
			k, v = c.Next()
		}
	}
	return d.err
}
