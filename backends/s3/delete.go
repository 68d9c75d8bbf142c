package s3

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/s3fc/s3fc/backends/s3/internal/format"
	"github.com/s3fc/s3fc/backends/s3/internal/wire"
	"github.com/s3fc/s3fc/core"
)

// batchSize is how many keys S3 deletes in one request.
const batchSize = 1000

var _ core.BatchDeleter = (*Tree)(nil)

// Delete implements [core.Backend] with one DELETE, and one HEAD if the store
// says that the object is not what old describes.
func (t *Tree) Delete(ctx context.Context, old core.Entry) error {
	if !t.readable(old.Key) {
		return nil // it cannot be there
	}
	r := wire.NewRequest(http.MethodDelete, t.full(old.Key))
	conditional := old.Token != "" && t.store.can(canConditionDelete)
	if conditional {
		r.Set(wire.IfMatch, format.QuoteETag(old.Token))
	}
	_, err := t.wire.Send(ctx, r)
	if err != nil && conditional && headerRefused(err) {
		r.Set(wire.IfMatch, "")
		if _, err = t.wire.Send(ctx, r); err == nil {
			t.store.lost(canConditionDelete)
		}
	}
	return t.fail("delete", old.Key, t.deleted(ctx, old.Key, err))
}

// deleted judges the answer to a delete: what is not there is deleted. Stores
// differ in what they say to a condition on what is not there.
func (t *Tree) deleted(ctx context.Context, key string, err error) error {
	switch {
	case err == nil:
		return nil
	case refused(err, http.StatusNotFound) && code(err) != "NoSuchBucket", code(err) == "NoSuchKey":
		return nil
	case refused(err, http.StatusPreconditionFailed), code(err) == "PreconditionFailed":
		if _, herr := t.head(ctx, t.full(key)); refused(herr, http.StatusNotFound) {
			return nil
		}
		return fmt.Errorf("%w: the object is not the one that was to be deleted", core.ErrChanged)
	}
	return err
}

// BatchSize implements [core.BatchDeleter]. A store that keeps keys as paths is
// a gateway, of which versitygw silently ignores the condition of each key in a
// batch, and heeds that of a single delete: there it is 1.
func (t *Tree) BatchSize() int {
	if t.opts.NotFlat {
		return 1
	}
	return batchSize
}

// DeleteBatch implements [core.BatchDeleter] with one request for each
// BatchSize keys.
func (t *Tree) DeleteBatch(ctx context.Context, olds []core.Entry) []error {
	if t.BatchSize() == 1 {
		errs := make([]error, len(olds))
		for i, old := range olds {
			errs[i] = t.Delete(ctx, old)
		}
		return errs
	}
	errs := make([]error, 0, len(olds))
	for len(olds) > 0 {
		n := min(len(olds), batchSize)
		errs = append(errs, t.deleteSome(ctx, olds[:n])...)
		olds = olds[n:]
	}
	return errs
}

func (t *Tree) deleteSome(ctx context.Context, olds []core.Entry) []error {
	conditional := t.store.can(canConditionBatch)
	out, err := t.deleteObjects(ctx, olds, conditional)
	if err != nil && conditional && batchTagRefused(err) {
		if out, err = t.deleteObjects(ctx, olds, false); err == nil {
			t.store.lost(canConditionBatch)
		}
	}
	errs := make([]error, len(olds))
	if err != nil {
		for i, old := range olds {
			errs[i] = t.fail("delete", old.Key, err)
		}
		return errs
	}
	for i, old := range olds {
		errs[i] = t.fail("delete", old.Key, t.answer(ctx, old.Key, out))
	}
	return errs
}

// batchTagRefused reports whether the store does not know the ETag element: it
// then calls the whole request malformed.
func batchTagRefused(err error) bool {
	return headerRefused(err) || code(err) == "MalformedXML"
}

func (t *Tree) deleteObjects(ctx context.Context, olds []core.Entry, conditional bool) (map[string]wire.Deletion, error) {
	all := make([]wire.Deletion, 0, len(olds))
	for _, old := range olds {
		d := wire.Deletion{Key: t.full(old.Key)}
		if conditional && old.Token != "" {
			d.ETag = format.QuoteETag(old.Token)
		}
		all = append(all, d)
	}
	return t.wire.DeleteBatch(ctx, all)
}

// keyError is the refusal of one key in an answer that is otherwise good.
func (t *Tree) keyError(d wire.Deletion) error {
	api := &APIError{Code: d.Code, Message: d.Message, cause: errRefusedKey}
	switch api.Code {
	case "", "NoSuchKey", "NotFound":
		return nil
	case "PreconditionFailed":
		api.Status = http.StatusPreconditionFailed
	case "AccessDenied":
		api.Status = http.StatusForbidden
	}
	api.Hint, api.kind = t.explain(api, "")
	return api
}

var errRefusedKey = errors.New("refused in a batch delete")

func (t *Tree) answer(ctx context.Context, key string, byKey map[string]wire.Deletion) error {
	d, ok := byKey[t.full(key)]
	if !ok {
		return errors.New("the store's answer does not say whether it was deleted")
	}
	err := t.keyError(d)
	if errors.Is(err, core.ErrChanged) {
		if _, herr := t.head(ctx, t.full(key)); refused(herr, http.StatusNotFound) {
			return nil
		}
	}
	return err
}
