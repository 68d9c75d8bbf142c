package wrap

import (
	"context"
	"iter"

	"github.com/s3fc/s3fc/core"
)

// infoOf passes the extensions that only give information. Without an inner one,
// each says no, as core assumes: no proof, no cost, no requests.
type infoOf struct{ inner core.Tree }

// PartSizes implements [core.Prover].
func (x infoOf) PartSizes(have core.Entry) []int64 {
	if p, ok := core.As[core.Prover](x.inner); ok {
		return p.PartSizes(have)
	}
	return nil
}

// Proves implements [core.Prover].
func (x infoOf) Proves(have core.Entry, e core.Evidence) bool {
	p, ok := core.As[core.Prover](x.inner)
	return ok && p.Proves(have, e)
}

// Fingerprint implements [core.Fingerprinter].
func (x infoOf) Fingerprint(have core.Entry) string {
	if f, ok := core.As[core.Fingerprinter](x.inner); ok {
		return f.Fingerprint(have)
	}
	return ""
}

// PartSize implements [core.Partitioner].
func (x infoOf) PartSize(size int64) int64 {
	if p, ok := core.As[core.Partitioner](x.inner); ok {
		return p.PartSize(size)
	}
	return 0
}

// Keys implements [core.KeyLister]. Keys that a decorator hides or adds make the
// hint worse, not wrong.
func (x infoOf) Keys(ctx context.Context) iter.Seq[string] {
	if k, ok := core.As[core.KeyLister](x.inner); ok {
		return k.Keys(ctx)
	}
	return func(func(string) bool) {}
}

// CheckPut implements [core.Checker].
func (x infoOf) CheckPut(e core.Entry) error { return core.CheckPut(x.inner, e) }

// PutCost implements [core.Coster].
func (x infoOf) PutCost(e core.Entry) core.Requests {
	if c, ok := core.As[core.Coster](x.inner); ok {
		return c.PutCost(e)
	}
	return core.Requests{}
}

// OpenCost implements [core.Coster].
func (x infoOf) OpenCost(e core.Entry) core.Requests {
	if c, ok := core.As[core.Coster](x.inner); ok {
		return c.OpenCost(e)
	}
	return core.Requests{}
}

// DeleteCost implements [core.Coster].
func (x infoOf) DeleteCost(n int64) core.Requests {
	if c, ok := core.As[core.Coster](x.inner); ok {
		return c.DeleteCost(n)
	}
	return core.Requests{}
}

// Requests implements [core.RequestCounter].
func (x infoOf) Requests() core.Requests {
	if m, ok := core.As[core.RequestCounter](x.inner); ok {
		return m.Requests()
	}
	return core.Requests{}
}

// Remember implements [core.Rememberer].
func (x infoOf) Remember(e core.Entry) {
	if r, ok := core.As[core.Rememberer](x.inner); ok {
		r.Remember(e)
	}
}

// Prices implements [core.Pricer].
func (x infoOf) Prices() (*core.Prices, bool) {
	if p, ok := core.As[core.Pricer](x.inner); ok {
		return p.Prices()
	}
	return nil, false
}

// Endpoint implements [core.Endpointer].
func (x infoOf) Endpoint() string {
	if e, ok := core.As[core.Endpointer](x.inner); ok {
		return e.Endpoint()
	}
	return ""
}

// Location implements [core.Locator].
func (x infoOf) Location() string {
	if l, ok := core.As[core.Locator](x.inner); ok {
		return l.Location()
	}
	return ""
}

// Created implements [core.Creator].
func (x infoOf) Created() bool {
	c, ok := core.As[core.Creator](x.inner)
	return ok && c.Created()
}

// Versioning implements [core.Versioner].
func (x infoOf) Versioning(ctx context.Context) (core.Versions, error) {
	if v, ok := core.As[core.Versioner](x.inner); ok {
		return v.Versioning(ctx)
	}
	return core.VersionsUnknown, nil
}

// Identity implements [core.Identifier]: it is the same tree, whatever is hidden.
func (x infoOf) Identity() string {
	if i, ok := core.As[core.Identifier](x.inner); ok {
		return i.Identity()
	}
	return ""
}

// finisherOf passes [core.Finisher].
type finisherOf struct{ inner core.Tree }

// Finish implements [core.Finisher].
func (x finisherOf) Finish(ctx context.Context, done core.Done) ([]string, error) {
	if f, ok := core.As[core.Finisher](x.inner); ok {
		return f.Finish(ctx, done)
	}
	return nil, nil
}

// dirsOf passes [core.DirRemover]. Without an inner one, there are no directories.
type dirsOf struct{ inner core.Tree }

// ListDirs implements [core.DirRemover].
func (x dirsOf) ListDirs(ctx context.Context, after string) iter.Seq2[core.Entry, error] {
	return core.ListDirs(ctx, x.inner, after)
}

// RemoveDir implements [core.DirRemover].
func (x dirsOf) RemoveDir(ctx context.Context, dir string) error {
	if d, ok := core.As[core.DirRemover](x.inner); ok {
		return d.RemoveDir(ctx, dir)
	}
	return nil
}

// batch is a [core.BatchDeleter] made of a function, for decorators of
// backends that have one.
type batch struct {
	size int
	del  func(ctx context.Context, olds []core.Entry) []error
}

// BatchSize implements [core.BatchDeleter].
func (b batch) BatchSize() int { return b.size }

// DeleteBatch implements [core.BatchDeleter].
func (b batch) DeleteBatch(ctx context.Context, olds []core.Entry) []error { return b.del(ctx, olds) }

// sameError is err for each of n entries.
func sameError(n int, err error) []error {
	errs := make([]error, n)
	for i := range errs {
		errs[i] = err
	}
	return errs
}

// deleteSome deletes those entries of a batch for which refuse is nil and
// returns one error an entry.
func deleteSome(ctx context.Context, d core.BatchDeleter, olds []core.Entry, refuse func(core.Entry) error) []error {
	errs := make([]error, len(olds))
	var pass []core.Entry
	var place []int
	for i, old := range olds {
		if errs[i] = refuse(old); errs[i] == nil {
			pass, place = append(pass, old), append(place, i)
		}
	}
	if len(pass) == 0 {
		return errs
	}
	for i, err := range d.DeleteBatch(ctx, pass) {
		errs[place[i]] = err
	}
	return errs
}
