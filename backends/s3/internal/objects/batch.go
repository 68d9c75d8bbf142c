package objects

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/s3fc/s3fc/backends/s3/internal/ability"
	"github.com/s3fc/s3fc/backends/s3/internal/wire"
	"github.com/s3fc/s3fc/core"
)

// deleteBatch deletes up to [BatchSize] objects with one request. Stores that know no
// batches, or no ETags in one, are told by a proof: a single delete that goes well,
// or a HEAD that shows the version which was to be deleted.
func (s *Store) deleteBatch(ctx context.Context, targets []Target) []error {
	if slices.ContainsFunc(targets, func(t Target) bool { return t.weak() }) {
		return s.deleteWeak(ctx, targets)
	}
	answers, err := s.sendBatch(ctx, targets)
	if err == nil {
		return s.outcomes(ctx, targets, answers)
	}
	if !batchRefused(err) || s.Can.Insists(ability.BatchDelete) {
		return all(err, len(targets))
	}
	first := s.Delete(ctx, targets[0])
	if first != nil && !errors.Is(first, core.ErrChanged) { // something else than the batch is wrong
		return all(err, len(targets))
	}
	s.Can.Lose(ability.BatchDelete)
	return append([]error{first}, s.deleteEach(ctx, targets[1:])...)
}

// deleteWeak deletes objects of which only size and time tell the version: each is
// looked at first.
func (s *Store) deleteWeak(ctx context.Context, targets []Target) []error {
	errs := make([]error, len(targets))
	var g errgroup.Group
	g.SetLimit(max(1, s.Parallel))
	for i := range targets {
		g.Go(func() error {
			g := &guard{Store: s, key: targets[i].Key, version: targets[i].Version}
			errs[i] = g.identify(ctx)
			targets[i].Version = Version{ETag: g.version.ETag}
			return nil
		})
	}
	_ = g.Wait() // each error is in its place
	var known []Target
	var places []int
	for i, err := range errs {
		if errors.Is(err, errGone) {
			errs[i] = nil
		} else if err == nil {
			known, places = append(known, targets[i]), append(places, i)
		}
	}
	if len(known) == 0 {
		return errs
	}
	for i, err := range s.deleteBatch(ctx, known) {
		errs[places[i]] = err
	}
	return errs
}

func all(err error, n int) []error {
	errs := make([]error, n)
	for i := range errs {
		errs[i] = err
	}
	return errs
}

// sendBatch sends a batch, without ETags if the store does not take them: some
// call the whole document malformed then.
func (s *Store) sendBatch(ctx context.Context, targets []Target) (answers map[string]wire.Deletion, err error) {
	first := guard{Store: s, version: Version{}, ability: ability.BatchConditions}
	for _, t := range targets {
		if t.ETag != "" {
			first.key, first.version.ETag = t.Key, t.ETag
			break
		}
	}
	send := func(conditional bool) error {
		answers, err = s.Sender.DeleteBatch(ctx, deletions(targets, conditional, s.Can.Has(ability.QuotedConditions)))
		return err
	}
	conditional := first.version.ETag != "" && s.Can.Has(ability.BatchConditions)
	err = send(conditional)
	if err == nil || !conditional || !ability.MayBeAbout(err) || s.Can.Insists(ability.BatchConditions) || wire.HasStatus(err, http.StatusMethodNotAllowed) {
		return answers, err
	}
	refusal := err
	if st := first.head(ctx); st != same && st != gone {
		return nil, refusal
	}
	if err := send(false); err != nil {
		return nil, refusal
	}
	s.Can.Lose(ability.BatchConditions)
	return answers, nil
}

// batchRefused reports whether the store may not know batches: stores say so with
// each of these.
func batchRefused(err error) bool {
	return ability.MayBeAbout(err) || wire.HasStatus(err, http.StatusMethodNotAllowed) ||
		wire.HasStatus(err, http.StatusNotFound) && wire.CodeOf(err) != "NoSuchBucket"
}

// outcomes returns the outcome of each object from the answer to a batch.
func (s *Store) outcomes(ctx context.Context, targets []Target, answers map[string]wire.Deletion) []error {
	errs := make([]error, len(targets))
	var again []int // refused by their conditions, which may be right
	for i, t := range targets {
		d, told := answers[t.Key]
		switch {
		case !told:
			if errs[i] = s.Delete(ctx, t); errs[i] != nil {
				errs[i] = fmt.Errorf("the store's answer to a batch does not say whether it was deleted, and alone: %w", errs[i])
			}
		case d.Code == "PreconditionFailed":
			again = append(again, i)
		default:
			errs[i] = keyError(d)
			if errs[i] == nil && t.ETag != "" {
				s.Can.Works(ability.BatchConditions)
			}
		}
	}
	for _, i := range again {
		errs[i] = s.deleteRefused(ctx, targets[i])
	}
	return errs
}

// deleteRefused finds the cause of a condition's refusal in a batch. If the object
// is the version to delete, and no condition in a batch ever passed, it is deleted
// alone.
func (s *Store) deleteRefused(ctx context.Context, t Target) error {
	g := &guard{Store: s, key: t.Key, version: t.Version, ability: ability.BatchConditions}
	switch g.head(ctx) {
	case gone:
		return nil
	case same:
		if s.Can.Proved(ability.BatchConditions) || s.Can.Insists(ability.BatchConditions) {
			return errOther
		}
		if err := s.Delete(ctx, t); err != nil {
			return err
		}
		s.Can.Lose(ability.BatchDelete) // whose conditions are not to be had, while single deletes have them
		return nil
	}
	return errOther
}

// keyError is the refusal of one key in an answer that is otherwise good.
func keyError(d wire.Deletion) error {
	switch d.Code {
	case "", "NoSuchKey", "NotFound":
		return nil
	}
	e := &wire.Error{Code: d.Code, Message: d.Message, Header: http.Header{}}
	if d.Code == "AccessDenied" {
		e.Status = http.StatusForbidden
	}
	return fmt.Errorf("%w", e)
}
