package objects

import (
	"context"
	"errors"
	"io/fs"
	"net/http"

	"github.com/s3fc/s3fc/backends/s3/internal/ability"
	"github.com/s3fc/s3fc/backends/s3/internal/format"
	"github.com/s3fc/s3fc/backends/s3/internal/wire"
)

// guard makes requests that are to go well only while a version is there.
type guard struct {
	*Store
	key     string
	version Version
	ability ability.Ability // the kind of condition
	// ignorable says that some stores ignore the condition on requests of this kind
	// and take it on others: that such a request goes well proves nothing.
	ignorable bool
	// sealed says that the store answers nothing about the object, as for one that is
	// encrypted with a customer's key: that it refuses a condition on it, too, says
	// nothing of other objects.
	sealed bool
}

// state is a version's state as a HEAD shows it.
type state int

const (
	unknown state = iota
	same
	other
	gone
)

// head asks for the object at the key: one HEAD. The error is that of the HEAD, if it
// leaves the state unknown.
func (g *guard) head(ctx context.Context) (state, error) {
	a, err := g.Head(ctx, g.key)
	switch {
	case wire.HasStatus(err, http.StatusNotFound) && wire.CodeOf(err) != "NoSuchBucket":
		if g.version.None {
			return same, nil
		}
		return gone, nil
	case wire.HasStatus(err, http.StatusBadRequest) && g.version.ETag != "" && g.Listed != nil:
		return g.listed(ctx, err)
	case err != nil:
		return unknown, err
	case g.version.weak() && g.version.looksLike(a):
		return same, nil
	case !g.version.None && !g.version.weak() && a.ETag() == g.version.ETag:
		return same, nil
	}
	return other, nil
}

// listed looks an object up in a listing: one LIST. A store refuses each HEAD of an
// object that is encrypted with a customer's key.
func (g *guard) listed(ctx context.Context, refusal error) (state, error) {
	o, err := g.Listed(ctx, g.key)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return gone, nil
	case err != nil:
		return unknown, refusal
	case format.BareETag(&o.ETag) == g.version.ETag:
		g.sealed = true
		return same, nil
	}
	return other, nil
}

// check is an error unless a HEAD shows the version: the guard of a request that can
// have no condition. A version that may be any object costs no HEAD.
func (g *guard) check(ctx context.Context) error {
	switch {
	case g.version.weak():
		return g.identify(ctx)
	case !g.version.None && g.version.ETag == "":
		return nil
	}
	st, err := g.head(ctx)
	switch st {
	case gone:
		return errGone
	case other:
		return errOther
	}
	return err
}

// looksLike reports whether an answer shows an object of the size and time of v.
func (v Version) looksLike(a *wire.Answer) bool {
	return (a.Length < 0 || a.Length == v.Size) && a.Object("").Changed.Equal(v.Changed)
}

// identify looks for a version that only size and time tell: one HEAD. It is an
// error if something else is there by now. If the object has an ETag, that is the
// version from then on.
func (g *guard) identify(ctx context.Context) error {
	if !g.version.weak() {
		return nil
	}
	a, err := g.Head(ctx, g.key)
	switch {
	case wire.HasStatus(err, http.StatusNotFound) && wire.CodeOf(err) != "NoSuchBucket":
		return errGone
	case err != nil:
		return err
	case !g.version.looksLike(a):
		return errOther
	}
	g.version.ETag = a.ETag()
	return nil
}

// prove returns nil if the object is the planned version, so that a refusal is not
// about it. Otherwise the error is the version's, or the refusal itself.
func (g *guard) prove(ctx context.Context, refusal error) error {
	switch st, _ := g.head(ctx); st {
	case same:
		return nil
	case gone:
		return errGone
	case other:
		return errOther
	}
	return refusal
}

// send calls request with the header of the condition. After a 412 to a condition
// that a HEAD shows to be right, it is called with the other form of the condition,
// and then, if that is refused in the same way, without. Once a condition held, a 412
// is believed.
func (g *guard) send(ctx context.Context, request func(name, value string) error) error {
	quoted := g.Can.Has(ability.QuotedConditions)
	name, value := g.version.condition(quoted)
	err := request(name, value)
	if name != wire.IfMatch {
		return err
	}
	if err == nil {
		g.works()
		return nil
	}
	if !wire.HasStatus(err, http.StatusPreconditionFailed) {
		return g.missing(err)
	}
	held := g.Can.Proved(g.ability) && !g.ignorable     // asked first: a bare condition that holds is learnt before it counts
	if quoted && !g.Can.Has(ability.QuotedConditions) { // another request has learnt it meanwhile
		return g.missing(request(g.version.condition(false)))
	}
	if held {
		return err
	}
	if perr := g.prove(ctx, err); perr != nil {
		return perr
	}
	if quoted {
		if done, err := g.sendBare(ctx, request); done {
			return err
		}
	}
	if !g.Can.Lose(g.ability) {
		return err
	}
	return request("", "")
}

// sendBare calls request with the ETag without quotes. It is not done if that form,
// too, is refused although it is right.
func (g *guard) sendBare(ctx context.Context, request func(name, value string) error) (done bool, err error) {
	err = request(g.version.condition(false))
	switch {
	case err == nil:
		done = g.Can.Lose(ability.QuotedConditions)
		g.works()
		return done, nil
	case !wire.HasStatus(err, http.StatusPreconditionFailed):
		return true, g.missing(err)
	}
	if perr := g.prove(ctx, err); perr != nil {
		return true, perr
	}
	return false, err
}

// works notes that a condition held.
func (g *guard) works() {
	if !g.ignorable {
		g.Can.Works(g.ability)
	}
}

// missing returns the error for a condition on an object that is gone if err is a
// 404, which some stores send then.
func (g *guard) missing(err error) error {
	if wire.HasStatus(err, http.StatusNotFound) && wire.CodeOf(err) != "NoSuchBucket" && wire.CodeOf(err) != "NoSuchUpload" {
		return errGone
	}
	return err
}

// try sends a request with a condition and with optional headers, which Put names.
func (g *guard) try(ctx context.Context, optional []ability.Ability, request func(name, value string, with func(ability.Ability) bool) error) error {
	if err := g.identify(ctx); err != nil {
		return err
	}
	var refusal error
	if name, _ := g.version.condition(true); name != "" {
		optional = append([]ability.Ability{g.ability}, optional...)
	}
	return g.Can.Try(ability.Attempt{
		Optional: optional,
		Send: func(with func(ability.Ability) bool) error {
			if !with(g.ability) {
				refusal = request("", "", with)
				return refusal
			}
			refusal = g.send(ctx, func(name, value string) error { return request(name, value, with) })
			return refusal
		},
		Prove: func(a ability.Ability) error {
			if a != g.ability {
				return nil
			}
			return g.prove(ctx, refusal)
		},
		Once: func(a ability.Ability) bool { return a == g.ability && g.sealed },
	})
}
