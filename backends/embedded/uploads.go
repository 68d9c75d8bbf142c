package embedded

import (
	"errors"

	"github.com/johannesboyne/gofakes3"

	"github.com/s3fc/s3fc/internal/s3server"
)

// abortUploads frees the uploads of processes that were killed. One process at a
// time has the store, and only it can use the server: at its start, whatever upload
// there is belongs to no process any more.
func abortUploads(store s3server.Store) error {
	buckets, err := store.ListBuckets()
	if err != nil {
		return err
	}
	var errs []error
	for _, b := range buckets {
		errs = append(errs, abortIn(store, b.Name))
	}
	return errors.Join(errs...)
}

func abortIn(store s3server.Store, bucket string) error {
	for {
		list, err := store.ListMultipartUploads(bucket, nil, gofakes3.Prefix{}, 1000)
		if err != nil || len(list.Uploads) == 0 {
			return err
		}
		for _, u := range list.Uploads {
			if err := store.AbortMultipartUpload(bucket, u.Key, u.UploadID); err != nil {
				return err
			}
		}
	}
}
