package objects

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/s3fc/s3fc/backends/s3/internal/ability"
	"github.com/s3fc/s3fc/backends/s3/internal/format"
	"github.com/s3fc/s3fc/backends/s3/internal/wire"
)

// BatchSize is how many keys S3 deletes in one request.
const BatchSize = 1000

// Target is an object to delete: its key, and the version that may be deleted.
type Target struct {
	Key string
	Version
}

// Delete deletes an object if it is still the version: one DELETE, and one HEAD if
// the store says that it is not, or before the DELETE if the store has no conditional
// deletes. That there is none is no error.
func (s *Store) Delete(ctx context.Context, t Target) error {
	g := &guard{Store: s, key: t.Key, version: t.Version, ability: ability.DeleteConditions}
	r := wire.NewRequest(http.MethodDelete, t.Key)
	if !s.Can.Has(ability.DeleteConditions) {
		err := g.check(ctx)
		if err == nil {
			_, err = s.Sender.Send(ctx, r)
		}
		return s.deleted(ctx, g, err)
	}
	err := g.try(ctx, nil, func(name, value string, _ func(ability.Ability) bool) error {
		setCondition(r, name, value)
		_, err := s.Sender.Send(ctx, r)
		return err
	})
	return s.deleted(ctx, g, err)
}

// deleted returns the error that the answer to a delete means: nil for a missing
// object. Stores differ in their answer to a condition on a missing object.
func (s *Store) deleted(ctx context.Context, g *guard, err error) error {
	switch {
	case err == nil, errors.Is(err, errGone), wire.CodeOf(err) == "NoSuchKey":
		return nil
	case wire.HasStatus(err, http.StatusNotFound) && wire.CodeOf(err) != "NoSuchBucket":
		return nil
	case wire.HasStatus(err, http.StatusPreconditionFailed), wire.CodeOf(err) == "PreconditionFailed":
		if st, _ := g.head(ctx); st == gone {
			return nil
		}
		return errOther
	}
	return err
}

// Batches reports whether objects are deleted in batches: not if the store's
// conditions are to be had for single deletes alone.
func (s *Store) Batches() bool {
	if !s.Can.Has(ability.BatchDelete) {
		return false
	}
	return s.Can.Has(ability.BatchConditions) || !s.Can.Has(ability.DeleteConditions)
}

// DeleteAll deletes objects, with one request for each [BatchSize] where the store
// can, and else several at once. The errors are in the order of the objects.
func (s *Store) DeleteAll(ctx context.Context, targets []Target) []error {
	errs := make([]error, 0, len(targets))
	for len(targets) > 0 {
		n := min(len(targets), BatchSize)
		if s.Batches() {
			errs = append(errs, s.deleteTogether(ctx, targets[:n])...)
		} else {
			errs = append(errs, s.deleteEach(ctx, targets[:n])...)
		}
		targets = targets[n:]
	}
	return errs
}

// deleteTogether deletes objects with one request, and those with a request each
// whose keys begin or end with white space: some servers trim the text of elements,
// and would delete another object.
func (s *Store) deleteTogether(ctx context.Context, targets []Target) []error {
	errs := make([]error, len(targets))
	var together, alone []Target
	var places, others []int
	for i, t := range targets {
		if strings.TrimSpace(t.Key) == t.Key {
			together, places = append(together, t), append(places, i)
		} else {
			alone, others = append(alone, t), append(others, i)
		}
	}
	if len(alone) == 0 {
		return s.deleteBatch(ctx, targets)
	}
	for i, err := range s.deleteEach(ctx, alone) {
		errs[others[i]] = err
	}
	if len(together) > 0 {
		for i, err := range s.deleteBatch(ctx, together) {
			errs[places[i]] = err
		}
	}
	return errs
}

// deleteEach deletes objects one a request.
func (s *Store) deleteEach(ctx context.Context, targets []Target) []error {
	errs := make([]error, len(targets))
	var g errgroup.Group
	g.SetLimit(max(1, s.Parallel))
	for i, t := range targets {
		g.Go(func() error {
			errs[i] = s.Delete(ctx, t)
			return nil
		})
	}
	_ = g.Wait() // each error is in its place
	return errs
}

// deletions are the elements of a batch.
func deletions(targets []Target, conditional, quoted bool) []wire.Deletion {
	all := make([]wire.Deletion, 0, len(targets))
	for _, t := range targets {
		d := wire.Deletion{Key: t.Key}
		if conditional && t.ETag != "" {
			d.ETag = t.ETag
			if quoted {
				d.ETag = format.QuoteETag(t.ETag)
			}
		}
		all = append(all, d)
	}
	return all
}
