package s3

import (
	"context"
	"fmt"
	"net/http"
	"sync"

	"github.com/s3fc/s3fc/backends/s3/internal/listing"
	"github.com/s3fc/s3fc/backends/s3/internal/objects"
)

// listedKeys tells whether a listed key is the key of an object. Where a listing
// does not tell how its keys are encoded, a key may have been decoded wrongly:
// nothing is deleted by such a key, nor taken for absent, before an object of that
// key was seen. It is safe for concurrent use.
type listedKeys struct {
	encoding *listing.Encoding
	objects  *objects.Store

	mu sync.Mutex // held while the store is asked
}

// check returns an error if a key in the bucket is not known to be the one that was
// listed: no request where it is known, else one HEAD in a run.
func (k *listedKeys) check(ctx context.Context, key string) error {
	if len(k.encoding.Others(key)) == 0 {
		return nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	others := k.encoding.Others(key)
	if len(others) == 0 {
		return nil
	}
	_, err := k.objects.Head(ctx, key)
	switch {
	case err == nil:
		k.encoding.Confirm()
		return nil
	case !refused(err, http.StatusNotFound):
		return err
	}
	for _, other := range others {
		switch _, err := k.objects.Head(ctx, other); {
		case err == nil:
			return fmt.Errorf("the store has no such object, and one with the key %q: it encodes the keys of its listings otherwise than it says; add %s=%s to the URL",
				other, paramKeyEncoding, k.encoding.Name(key, other))
		case !refused(err, http.StatusNotFound):
			return err
		}
	}
	return nil
}

// absent returns err, which says that there is no object with the key, or a better
// reason.
func (k *listedKeys) absent(ctx context.Context, key string, err error) error {
	if !refused(err, http.StatusNotFound) || code(err) == "NoSuchBucket" {
		return err
	}
	if other := k.check(ctx, key); other != nil {
		return other
	}
	return err
}
