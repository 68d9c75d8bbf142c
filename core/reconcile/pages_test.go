package reconcile_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/s3fc/s3fc/core/reconcile"
)

var withPages = state{"a.html": "1", "a/index.html": "2", "app.js": "3", "z.css": "4", "b-link": "-> z.css", "doc.HTML": "5"}

// order returns the puts and deletes of a log whose parts may come in any order.
func order(log []string, parts ...int) (out [][]string) {
	for _, n := range parts {
		part := slices.Sorted(slices.Values(log[:min(n, len(log))]))
		out, log = append(out, part), log[len(part):]
	}
	return append(out, log)
}

func TestOrderIsFilesThenPagesThenLinksThenDeletes(t *testing.T) {
	s, d := trees(t, withPages, state{"0": "old", "1": "old"}, true)
	var phases []string
	r := &reconcile.Reconciler{Src: s, Dst: d, Progress: func(p reconcile.Progress) {
		if phase := p.Phase.String(); !slices.Contains(phases, phase) {
			phases = append(phases, phase)
		}
	}}
	outcomes(t, r)
	got := order(d.log, 3, 2, 1)
	want := [][]string{{"put app.js", "put doc.HTML", "put z.css"}, {"put a.html", "put a/index.html"}, {"put b-link"}, {"delete 0", "delete 1"}}
	slices.Sort(got[3])
	if !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("got %v, want %v", got, want)
	}
	if want := []string{"files", "pages", "links", "deletes"}; !slices.Equal(phases, want) {
		t.Errorf("the progress shows %v, want %v", phases, want)
	}
}

func TestPagesAreThoseOfTheOption(t *testing.T) {
	s, d := trees(t, withPages, nil, true)
	outcomes(t, &reconcile.Reconciler{Src: s, Dst: d, IsPage: func(key string) bool { return key == "app.js" }})
	if got := order(d.log, 4, 1); !slices.Equal(got[1], []string{"put app.js"}) {
		t.Errorf("got %v", got)
	}
}

// TestASavedPlanKeepsItsPages checks that pages are marked in a plan, whatever the
// program that applies it takes for one, and that a plan without marks has none.
func TestASavedPlanKeepsItsPages(t *testing.T) {
	for name, marked := range map[string]bool{"saved now": true, "saved before": false} {
		s, d := trees(t, withPages, nil, true)
		r, p := prepared(t, s, d)
		text := written(t, reconcile.PlanHeader{}, p)
		if n := bytes.Count(text, []byte(`"page":true`)); n != 2 {
			t.Fatalf("%d pages are marked in %s", n, text)
		}
		if !marked {
			lines := strings.SplitAfter(strings.ReplaceAll(string(text), `"page":true,`, ""), "\n")
			text = []byte(sign(lines[:len(lines)-2], len(lines)-3))
		}
		_, read, err := reconcile.ReadPlan(bytes.NewReader(text), "")
		if err != nil {
			t.Fatal(err)
		}
		defer read.Close()
		r.IsPage = func(string) bool { return true }
		var phases []string
		r.Progress = func(p reconcile.Progress) { phases = append(phases, p.Phase.String()) }
		if _, err := r.Apply(t.Context(), read, nil); err != nil {
			t.Fatal(err)
		}
		if slices.Contains(phases, "pages") != marked {
			t.Errorf("%s: the phases are %v", name, slices.Compact(phases))
		}
		if got := order(d.log, 3, 2); marked && !slices.Equal(got[1], []string{"put a.html", "put a/index.html"}) {
			t.Errorf("%s: got %v", name, got)
		}
	}
}
