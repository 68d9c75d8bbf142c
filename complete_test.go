package s3fc_test

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/s3fc/s3fc"
	"github.com/s3fc/s3fc/backends/memory"
	"github.com/s3fc/s3fc/core"
)

// knownHosts is a completer of a store whose hosts are known.
type knownHosts struct {
	ready bool
	asked *int
}

func (k knownHosts) Ready(*url.URL) bool { return k.ready }

func (k knownHosts) Hosts(context.Context, *url.URL) []string {
	*k.asked++
	return []string{"one", "other", "two"}
}

func (knownHosts) Values(option string) []string {
	if option == "profile" {
		return []string{"a&b", "prod"}
	}
	return nil
}

func TestCompleteURL(t *testing.T) {
	tree := memory.New()
	for _, key := range []string{"docs/a", "docs/b/c", "down/x", "file", "with space/x"} {
		if _, err := tree.Put(t.Context(), core.Entry{Key: key, Kind: core.File}, strings.NewReader(""), nil); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		begun string
		ready bool
		want  []string
	}{
		{"t://o", true, []string{"t://one/", "t://other/"}},
		{"t://o", false, nil},
		{"t://one/", true, []string{"t://one/docs/", "t://one/down/", "t://one/with%20space/"}},
		{"t://one/d", true, []string{"t://one/docs/", "t://one/down/"}},
		{"t://one/docs", true, []string{"t://one/docs/"}},
		{"t://one/d", false, nil},
		{"t://one/zzz", true, nil},
		{"t://one?", false, []string{"t://one?profile=", "t://one?mode="}},
		{"t://one?mode=", false, []string{"t://one?mode=slow", "t://one?mode=fast"}},
		{"t://one?mode=f", false, []string{"t://one?mode=fast"}},
		{"t://one?mode=fast&pro", false, []string{"t://one?mode=fast&profile="}},
		{"t://one?profile=", false, []string{"t://one?profile=a%26b", "t://one?profile=prod"}},
		{"t://one?none=", false, nil},
		{"none://o", true, nil},
		{"t", true, nil},
		{"t://%zz", true, nil},
	} {
		asked, opened := 0, 0
		mux := core.NewMux(core.Scheme{
			Name: "t", Completer: knownHosts{c.ready, &asked},
			Options: []core.Option{{Name: "profile"}, {Name: "mode", Values: []string{"slow", "fast"}}},
			Open: func(context.Context, *url.URL, core.Env) (core.Backend, error) {
				opened++
				return tree, nil
			},
		})
		if got := s3fc.CompleteURL(t.Context(), mux, c.begun); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.begun, got, c.want)
		}
		if !c.ready && asked+opened > 0 {
			t.Errorf("%s: the store was asked without credentials", c.begun)
		}
	}
}
