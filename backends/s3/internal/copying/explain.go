package copying

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/s3fc/s3fc/backends/s3/internal/ability"
	"github.com/s3fc/s3fc/backends/s3/internal/wire"
	"github.com/s3fc/s3fc/core"
)

// explain returns the error that a refused copy means. A failed condition is of the
// source or of the destination, and the answer does not say which. Most other
// refusals mean that the content has to be read, and sent.
func (j *job) explain(ctx context.Context, err error) error {
	var refusal *wire.Error
	if !errors.As(err, &refusal) {
		return err
	}
	kind := wire.KindOf(refusal.Status, refusal.Code)
	switch {
	case refusal.Status == http.StatusPreconditionFailed, refusal.Status == http.StatusNotFound && refusal.Code != "NoSuchBucket":
		return j.unmet(ctx, refusal)
	case kind != nil && !errors.Is(kind, core.ErrCorrupt) && refusal.Status != http.StatusForbidden:
		return err
	case refusal.Status == http.StatusForbidden:
		j.refuse(j.from.Bucket)
		return ErrNotCopied
	case refusal.Status == http.StatusNotImplemented, refusal.Status == http.StatusMethodNotAllowed:
		if !j.Can.Lose(ability.Copies) {
			return err
		}
		return ErrNotCopied
	case refusal.Status >= 400 && refusal.Status < 500 && refusal.Status != http.StatusConflict && refusal.Status != http.StatusTooManyRequests:
		return ErrNotCopied
	}
	return err
}

// unmet returns the error that a 412 or 404 means. If the source is still the
// version to copy, it is about the destination; but if the only condition was a
// free key, a 404 is about the copy.
func (j *job) unmet(ctx context.Context, refusal *wire.Error) error {
	a, err := j.from.Objects.Head(ctx, j.from.Key)
	switch {
	case err != nil || a.ETag() != j.e.Token:
		return ErrNotCopied
	case refusal.Status == http.StatusNotFound && j.to.Old == nil:
		j.notFound(j.from.Key)
		return ErrNotCopied
	}
	return fmt.Errorf("%w: the object at the destination is not the one that was listed", core.ErrChanged)
}
