package s3fc_test

import (
	"context"
	"io"
	"net/url"
	"strings"
	"testing"

	"github.com/s3fc/s3fc"
	"github.com/s3fc/s3fc/backends/memory"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/wrap"
)

// lacking is a tree that is broken in one way.
type lacking struct {
	wrap.Base
	what string
}

func (l *lacking) Put(ctx context.Context, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
	switch {
	case l.what == "links stay" && old != nil && old.Kind == core.Link:
		return e, nil
	case l.what == "links become files" && e.Kind == core.Link:
		return l.Base.Put(ctx, core.Entry{Key: e.Key, Kind: core.File}, strings.NewReader(""), old)
	case l.what == "writes vanish":
		return e, nil
	case l.what == "no conditions":
		if now, err := l.Stat(ctx, e.Key); err == nil {
			old = &now
		}
	}
	return l.Base.Put(ctx, e, body, old)
}

// TestADiagnosisFindsTheOneThingThatATreeLacks checks the probes that every tree allows
// to trees that are broken in one way.
func TestADiagnosisFindsTheOneThingThatATreeLacks(t *testing.T) {
	for _, c := range []struct {
		what, check string
		want        core.Verdict
		text        string
	}{
		{"nothing", "write", core.VerdictOK, ""},
		{"links stay", "links", core.VerdictFault, "stays a link"},
		{"links become files", "links", core.VerdictFault, "comes back as file"},
		{"writes vanish", "write", core.VerdictFault, "is not there as it was written"},
		{"no conditions", "conditions", core.VerdictNote, "not kept for a new entry, a replacement"},
	} {
		tree := memory.New()
		mux := core.NewMux(core.Scheme{Name: "lacking", Open: func(context.Context, *url.URL, core.Env) (core.Backend, error) {
			return &lacking{wrap.Base{Backend: tree}, c.what}, nil
		}})
		var got core.Diagnosis
		_, err := s3fc.DiagnoseURL(t.Context(), mux, "lacking://x", s3fc.DiagnoseOptions{Report: func(d core.Diagnosis) {
			if d.Check == c.check && got.Verdict != core.VerdictFault {
				got = d
			}
		}})
		if err != nil || got.Verdict != c.want || !strings.Contains(got.Text, c.text) {
			t.Errorf("%s: %+v, %v; want %v with %q", c.what, got, err, c.want, c.text)
		}
		for e, err := range tree.List(t.Context(), "") {
			if err != nil || c.what != "links stay" {
				t.Errorf("%s: %s was left (%v)", c.what, e.Key, err)
			}
		}
	}
}
