package wrap

import (
	"context"
	"errors"

	"github.com/s3fc/s3fc/core"
)

// Base is the beginning of a decorator: embed it, and override the methods that
// the decorator changes. All other methods, and every ability that [core.As] finds,
// pass on to the inner backend.
//
// An ability that leads around an overridden method has to be overridden with it:
// a batch delete with Delete ([DeleteEach]), a copy within the store with Put
// ([NoCopies]), a change of headers too ([NoSetHeaders]), CheckPut with a Put that refuses more. A test with
// conformance.CheckDecorator finds those that were forgotten, and
// conformance.LostAbilities those that the decorator loses.
type Base struct{ core.Backend }

// Unwrap lets [core.As] find the abilities of the inner backend.
func (b Base) Unwrap() core.Tree { return b.Backend }

// DeleteEach deletes olds from b one by one, for the DeleteBatch of a decorator
// whose Delete is not that of the inner backend. It returns one error an entry.
func DeleteEach(ctx context.Context, b core.Backend, olds []core.Entry) []error {
	errs := make([]error, len(olds))
	for i, old := range olds {
		errs[i] = b.Delete(ctx, old)
	}
	return errs
}

// NoCopies hides that a store can copy files by itself. A decorator that changes
// keys, contents or Put embeds it beside [Base].
type NoCopies struct{}

// CanCopy implements [core.Copier].
func (NoCopies) CanCopy(core.Tree, core.Entry) bool { return false }

// CopyCost implements [core.Copier].
func (NoCopies) CopyCost(core.Entry) core.Requests { return core.Requests{} }

// CopyFrom implements [core.Copier].
func (NoCopies) CopyFrom(_ context.Context, _ core.Tree, _ core.Entry, key string, _ *core.Entry) (core.Entry, error) {
	return core.Entry{}, &core.Error{Op: "copy", Key: key, Err: errors.ErrUnsupported}
}

// Origin implements [core.Originator].
func (NoCopies) Origin(core.Entry) (core.Tree, core.Entry, bool) { return nil, core.Entry{}, false }

// NoSetHeaders hides that a store can change headers without the content. A decorator
// that changes keys or Put embeds it beside [Base].
type NoSetHeaders struct{}

// SetHeaders implements [core.HeaderKeeper].
func (NoSetHeaders) SetHeaders(_ context.Context, old core.Entry, _ *core.Headers, _ []string) (core.Entry, error) {
	return core.Entry{}, &core.Error{Op: "headers", Key: old.Key, Err: errors.ErrUnsupported}
}

// CheckSetHeaders implements [core.HeaderKeeper].
func (NoSetHeaders) CheckSetHeaders(core.Entry) error { return errors.ErrUnsupported }

// SetHeadersCost implements [core.HeaderKeeper].
func (NoSetHeaders) SetHeadersCost(core.Entry) core.Requests { return core.Requests{} }
