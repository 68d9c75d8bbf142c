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
	if !s.Can.Has(ability.BatchConditions) || slices.ContainsFunc(targets, func(t Target) bool { return t.weak() }) {
		return s.deleteChecked(ctx, targets)
	}
	answers, err := s.sendBatch(ctx, targets, true)
	if err == nil {
		return s.outcomes(ctx, targets, answers)
	}
	if errs, ok := s.deleteWithoutETags(ctx, targets, err); ok {
		return errs
	}
	return s.deleteRefusedBatch(ctx, targets, err)
}

// deleteRefusedBatch deletes objects one a request after a batch was refused, if it is
// proved that single deletes go well.
func (s *Store) deleteRefusedBatch(ctx context.Context, targets []Target, refusal error) []error {
	if !batchRefused(refusal) || s.Can.Insists(ability.BatchDelete) {
		return all(refusal, len(targets))
	}
	first := s.Delete(ctx, targets[0])
	if first != nil && !errors.Is(first, core.ErrChanged) { // something else than the batch is wrong
		return all(refusal, len(targets))
	}
	s.Can.Lose(ability.BatchDelete)
	return append([]error{first}, s.deleteEach(ctx, targets[1:])...)
}

// deleteChecked deletes objects whose versions no condition of a batch can have: each
// is asked for first, and those that are still the version are deleted together.
func (s *Store) deleteChecked(ctx context.Context, targets []Target) []error {
	known, places, errs := s.checkEach(ctx, targets)
	if len(known) == 0 {
		return errs
	}
	answers, err := s.sendBatch(ctx, known, s.Can.Has(ability.BatchConditions))
	done := s.outcomes(ctx, known, answers)
	if err != nil {
		done = s.deleteRefusedBatch(ctx, known, err)
	}
	for i, err := range done {
		errs[places[i]] = err
	}
	return errs
}

// checkEach asks for each object, and returns those that are still the version, their
// places, and the errors of the others. That one is gone is no error. An ETag that
// shows is the version from then on.
func (s *Store) checkEach(ctx context.Context, targets []Target) (known []Target, places []int, errs []error) {
	errs = make([]error, len(targets))
	versions := make([]Version, len(targets))
	var g errgroup.Group
	g.SetLimit(max(1, s.Parallel))
	for i, t := range targets {
		g.Go(func() error {
			g := &guard{Store: s, key: t.Key, version: t.Version}
			errs[i] = g.check(ctx)
			versions[i] = Version{ETag: g.version.ETag}
			return nil
		})
	}
	_ = g.Wait() // each error is in its place
	for i, err := range errs {
		if errors.Is(err, errGone) {
			errs[i] = nil
		} else if err == nil {
			known, places = append(known, Target{targets[i].Key, versions[i]}), append(places, i)
		}
	}
	return known, places, errs
}

func all(err error, n int) []error {
	errs := make([]error, n)
	for i := range errs {
		errs[i] = err
	}
	return errs
}

// sendBatch sends a batch, with ETags if it is conditional.
func (s *Store) sendBatch(ctx context.Context, targets []Target, conditional bool) (map[string]wire.Deletion, error) {
	return s.Sender.DeleteBatch(ctx, deletions(targets, conditional, s.Can.Has(ability.QuotedConditions)))
}

// deleteWithoutETags deletes objects by a batch without ETags after one with ETags was
// refused: some stores call the whole document malformed then. Each object is asked
// for first. It is not ok if the ETags are not to blame.
func (s *Store) deleteWithoutETags(ctx context.Context, targets []Target, refusal error) (errs []error, ok bool) {
	if !ability.MayBeAbout(refusal) || s.Can.Insists(ability.BatchConditions) || wire.HasStatus(refusal, http.StatusMethodNotAllowed) {
		return nil, false
	}
	i := slices.IndexFunc(targets, func(t Target) bool { return t.ETag != "" })
	if i < 0 {
		return nil, false
	}
	first := guard{Store: s, key: targets[i].Key, version: targets[i].Version}
	if st, _ := first.head(ctx); st != same && st != gone {
		return nil, false
	}
	if _, err := s.sendBatch(ctx, targets[i:i+1], false); err != nil {
		return nil, false
	}
	s.Can.Lose(ability.BatchConditions)
	rest := slices.Delete(slices.Clone(targets), i, i+1)
	if s.Batches() {
		errs = s.deleteChecked(ctx, rest)
	} else {
		errs = s.deleteEach(ctx, rest)
	}
	return slices.Insert(errs, i, nil), true
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
			if errs[i] == nil && t.ETag != "" && s.Can.Has(ability.BatchConditions) {
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
	switch st, _ := g.head(ctx); st {
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
