package conformance

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/s3fc/s3fc/core"
)

// TestHooksThatAreNotGivenAreNamedAndCounted checks the text for a store without hooks
// and for one that has all but one.
func TestHooksThatAreNotGivenAreNamedAndCounted(t *testing.T) {
	s := Store{Another: func() (core.Backend, error) { return nil, errors.New("no") }}
	none := missingHooks(s, Checks())
	for _, h := range hooks {
		if !strings.Contains(none, h.name+" (") || strings.Contains(none, h.name+" (0)") {
			t.Errorf("%s is not named, or no case needs it: %s", h.name, none)
		}
	}
	v := reflect.ValueOf(&s).Elem()
	for i := range v.NumField() {
		if f := v.Field(i); f.Kind() == reflect.Func && v.Type().Field(i).Name != "LinkIn" {
			f.Set(reflect.MakeFunc(f.Type(), nil))
		}
	}
	if one := missingHooks(s, Checks()); !strings.HasPrefix(one, "1 of ") || !strings.Contains(one, ": LinkIn (1)") {
		t.Errorf("got %q", one)
	}
	s.LinkIn = func(_, _ string) error { return nil }
	if all := missingHooks(s, Checks()); all != "" {
		t.Errorf("got %q; want nothing", all)
	}
}
