package wrap_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/s3fc/s3fc/backends/memory"
	"github.com/s3fc/s3fc/conformance"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/wrap"
	"github.com/s3fc/s3fc/internal/testkit/long"
)

// quiet changes nothing that matters.
type quiet struct{ wrap.Base }

func (q quiet) Stat(ctx context.Context, key string) (core.Entry, error) {
	return q.Base.Stat(ctx, key)
}

// keeper refuses to delete.
type keeper struct{ wrap.Base }

var errKept = errors.New("nothing is deleted here")

func (k keeper) Delete(context.Context, core.Entry) error { return errKept }

// carefulKeeper refuses batches too.
type carefulKeeper struct{ keeper }

func (k carefulKeeper) BatchSize() int { return 10 }

func (k carefulKeeper) DeleteBatch(ctx context.Context, olds []core.Entry) []error {
	return wrap.DeleteEach(ctx, k, olds)
}

// mover puts every file into a directory.
type mover struct{ wrap.Base }

func (m mover) Put(ctx context.Context, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
	e.Key = "moved/" + e.Key
	return m.Base.Put(ctx, e, body, old)
}

// carefulMover hides the abilities that lead around its Put.
type carefulMover struct {
	mover
	wrap.NoCopies
	wrap.NoSetHeaders
}

func (carefulMover) CheckPut(e core.Entry) error { return core.Features{Links: true}.CheckPut(e) }

func (carefulMover) Remember(core.Entry) {}

func (carefulMover) PartSizes(core.Entry) []int64 { return nil }

func (carefulMover) Proves(core.Entry, core.Evidence) bool { return false }

func TestBasePassesOnAllThatIsNotChanged(t *testing.T) {
	decorate := func(b core.Backend) core.Backend { return quiet{wrap.Base{Backend: b}} }
	if lost := conformance.LostAbilities(t.Context(), decorate); len(lost) > 0 {
		t.Errorf("lost: %q; want nothing", lost)
	}
	if err := conformance.CheckDecorator(t.Context(), decorate); err != nil {
		t.Error(err)
	}
	t.Run("all", func(t *testing.T) {
		long.Only(t)
		conformance.Test(t, func(testing.TB) core.Backend { return decorate(memory.NewOpaque(memory.All)) })
	})
}

// TestAForgottenAbilityIsFound checks that the suite finds the ability that leads
// around a method, and nothing where it is overridden too.
func TestAForgottenAbilityIsFound(t *testing.T) {
	base := func(b core.Backend) wrap.Base { return wrap.Base{Backend: b} }
	for name, c := range map[string]struct {
		decorate func(core.Backend) core.Backend
		found    string
	}{
		"Delete":                {func(b core.Backend) core.Backend { return keeper{base(b)} }, "DeleteBatch"},
		"Delete and its batch":  {func(b core.Backend) core.Backend { return carefulKeeper{keeper{base(b)}} }, ""},
		"Put":                   {func(b core.Backend) core.Backend { return mover{base(b)} }, "CopyFrom"},
		"Put and what leads by": {func(b core.Backend) core.Backend { return carefulMover{mover: mover{base(b)}} }, ""},
	} {
		err := conformance.CheckDecorator(t.Context(), c.decorate)
		if (err == nil) != (c.found == "") || err != nil && !strings.Contains(err.Error(), c.found) {
			t.Errorf("%s is overridden: %v; want %q in it", name, err, c.found)
		}
	}
	lost := conformance.LostAbilities(t.Context(), func(b core.Backend) core.Backend { return carefulMover{mover: mover{base(b)}} })
	if got := strings.Join(lost, " "); got != "Checker Copier HeaderKeeper Prover Rememberer" {
		t.Errorf("lost: %q", got)
	}
}
