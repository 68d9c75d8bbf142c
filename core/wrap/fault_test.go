package wrap_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/s3fc/s3fc/backends/memory"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/wrap"
)

func TestMeterCounts(t *testing.T) {
	var c wrap.Counts
	b := wrap.Meter(memory.NewOpaque(memory.All), &c, nil)
	e := put(t, b, "f", "content")
	g := put(t, b, "g", "more")
	names(t, b)
	statOf(t, b, "f")
	rc, _, err := b.Open(t.Context(), "f")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(rc); err != nil {
		t.Error(err)
	}
	d, _ := core.As[core.BatchDeleter](b)
	if err := errors.Join(d.DeleteBatch(t.Context(), []core.Entry{e, g})...); err != nil {
		t.Error(err)
	}
	got := []int64{c.Lists.Load(), c.Entries.Load(), c.Stats.Load(), c.Opens.Load(), c.Puts.Load(), c.Deletes.Load(), c.Batches.Load(), c.Down.Load(), c.Up.Load(), c.Operations()}
	want := []int64{1, 2, 1, 1, 2, 2, 1, 7, 11, 7}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("counted %v, want %v", got, want)
			break
		}
	}
}

func TestMeterKeepsToItsBudget(t *testing.T) {
	m := memory.NewOpaque(memory.All)
	e, g := put(t, m, "f", "content"), put(t, m, "g", "more")
	b := wrap.Meter(m, new(wrap.Counts), core.NewBudget(2))
	statOf(t, b, "f")
	d, _ := core.As[core.BatchDeleter](b)
	errs := d.DeleteBatch(t.Context(), []core.Entry{e, g})
	wantError(t, "the second operation", errs[0], nil)
	wantError(t, "the third", errs[1], core.ErrBudget)
	_, err := b.Stat(t.Context(), "g")
	wantError(t, "Stat", err, core.ErrBudget)
	_, _, err = b.Open(t.Context(), "g")
	wantError(t, "Open", err, core.ErrBudget)
	_, err = b.Put(t.Context(), file("h", ""), strings.NewReader(""), nil)
	wantError(t, "Put", err, core.ErrBudget)
	wantError(t, "Delete", b.Delete(t.Context(), g), core.ErrBudget)
	for _, err := range b.List(t.Context(), "") {
		wantError(t, "List", err, core.ErrBudget)
	}
	wantNames(t, m, "g")
}

// recorded notes every operation.
func recorded(ops *[]string) wrap.Injector {
	return wrap.InjectorFunc(func(op wrap.Step) error {
		*ops = append(*ops, strings.TrimSpace(op.Kind+" "+op.Key))
		return nil
	})
}

func TestFaultIsAskedAboutEveryStep(t *testing.T) {
	var ops []string
	b := wrap.Fault(memory.NewOpaque(memory.All), recorded(&ops))
	e := put(t, b, "f", "content")
	names(t, b)
	statOf(t, b, "f")
	rc, _, err := b.Open(t.Context(), "f")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(rc, make([]byte, 7)); err != nil {
		t.Error(err)
	}
	if err := b.Delete(t.Context(), e); err != nil {
		t.Error(err)
	}
	d, _ := core.As[core.BatchDeleter](b)
	d.DeleteBatch(t.Context(), []core.Entry{e})
	f, _ := core.As[core.Finisher](b)
	if _, err := f.Finish(t.Context(), core.Done{}); err != nil {
		t.Error(err)
	}
	want := "put f, send f, send f, stored f, list, next f, stat f, open f, read f, delete f, gone f, batch, delete f, gone f, finish"
	if got := strings.Join(ops, ", "); got != want {
		t.Errorf("asked about %s,\nwant %s", got, want)
	}
}

func TestFaultCutsBodies(t *testing.T) {
	content := strings.Repeat("0123456789", 20_000)
	m := memory.New()
	b := wrap.Fault(m, wrap.OnKind(wrap.StepSend, wrap.OnIndex(2, errGood)))
	_, err := b.Put(t.Context(), file("f", content), strings.NewReader(content), nil)
	wantError(t, "Put", err, errGood)
	wantNames(t, m, "")
	put(t, m, "f", content)
	b = wrap.Fault(m, wrap.OnKind(wrap.StepRead, wrap.OnIndex(2, errLater)))
	rc, _, err := b.Open(t.Context(), "f")
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(rc)
	if len(got) == 0 || len(got) >= len(content) || !strings.HasPrefix(content, string(got)) || !core.IsTransient(err) {
		t.Errorf("%d bytes and %v, want a part and a transient error", len(got), err)
	}
}

func TestFaultEndsBodiesBeforeTheirTime(t *testing.T) {
	m := memory.New()
	put(t, m, "f", "0123456789")
	b := wrap.Fault(m, wrap.Any(wrap.OnKind(wrap.StepRead, wrap.Always(wrap.ErrEnd)), wrap.OnKind(wrap.StepSend, wrap.Always(wrap.ErrEnd))))
	rc, _, err := b.Open(t.Context(), "f")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(rc); string(got) != "01234" || err != nil {
		t.Errorf("read %q, %v; want half, and no error", got, err)
	}
	_, err = b.Put(t.Context(), file("g", "0123456789"), strings.NewReader("0123456789"), nil)
	wantError(t, "Put", err, core.ErrCorrupt)
	wantNames(t, m, "f")
}

func TestFaultLosesAnswers(t *testing.T) {
	m := memory.New()
	b := wrap.Fault(m, wrap.OnKind(wrap.StepStored, wrap.OnKey("f", wrap.Always(errLater))))
	_, err := b.Put(t.Context(), file("f", "x"), strings.NewReader("x"), nil)
	wantError(t, "Put", err, errLater)
	wantNames(t, m, "f")
	b = wrap.Fault(m, wrap.OnKind(wrap.StepGone, wrap.Always(errLater)))
	wantError(t, "Delete", b.Delete(t.Context(), statOf(t, m, "f")), errLater)
	wantNames(t, m, "")
}

func TestFaultInAListingEndsItUnlessItIsOfAKey(t *testing.T) {
	m := memory.New()
	for _, key := range []string{"a", "b", "c"} {
		put(t, m, key, "x")
	}
	ofKey := &core.Error{Op: "list", Key: "b", Err: errGood}
	for err, want := range map[error]int{errGood: 2, error(ofKey): 3} {
		n, last := 0, error(nil)
		for _, e := range wrap.Fault(m, wrap.OnKey("b", wrap.Always(err))).List(t.Context(), "") {
			if n++; e != nil {
				last = e
			}
		}
		wantError(t, "List", last, errGood)
		if n != want {
			t.Errorf("%v: %d yields, want %d", err, n, want)
		}
	}
}

func TestInjectorsCompose(t *testing.T) {
	count := new(wrap.StepCounter)
	in := wrap.OnKind(wrap.StepStat, wrap.Any(count, wrap.OnIndex(2, errGood), wrap.OnKey("k", wrap.Always(errLater))))
	for _, c := range []struct {
		op   wrap.Step
		want error
	}{
		{wrap.Step{Kind: wrap.StepPut, Key: "k"}, nil}, {wrap.Step{Kind: wrap.StepStat, Key: "a"}, nil}, {wrap.Step{Kind: wrap.StepStat, Key: "k"}, errGood},
		{wrap.Step{Kind: wrap.StepStat, Key: "k"}, errLater}, {wrap.Step{Kind: wrap.StepStat, Key: "b"}, nil},
	} {
		if got := in.Inject(c.op); got != c.want { //nolint:errorlint // The very error.
			t.Errorf("%s %s: %v, want %v", c.op.Kind, c.op.Key, got, c.want)
		}
	}
	if count.Count() != 4 {
		t.Errorf("counted %d, want 4", count.Count())
	}
}
