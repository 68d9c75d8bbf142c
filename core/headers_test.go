package core

import (
	"reflect"
	"testing"
)

// TestHeadersHaveAFieldForEachName checks that no field is left out of Set, Get,
// Equal and Over, which all go through one list.
func TestHeadersHaveAFieldForEachName(t *testing.T) {
	if got, want := len(HeaderNames), reflect.TypeFor[Headers]().NumField()-1; got != want {
		t.Errorf("%d names for %d fields", got, want)
	}
	for _, name := range HeaderNames {
		h := new(Headers)
		if !h.Set(name, "x") || h.Get(name) != "x" || h.Empty() || h.Equal(nil) || !h.Equal(h.Over(&Headers{})) {
			t.Errorf("%s is not set, found, compared or carried over", name)
		}
	}
	if new(Headers).Set("expires", "x") {
		t.Error("an unknown name is set")
	}
}

func TestHeadersOver(t *testing.T) {
	under := &Headers{CacheControl: "no-cache", ContentLanguage: "de", Metadata: map[string]string{"a": "1", "b": "1"}}
	over := &Headers{CacheControl: "immutable", Metadata: map[string]string{"b": "2"}}
	want := &Headers{CacheControl: "immutable", ContentLanguage: "de", Metadata: map[string]string{"a": "1", "b": "2"}}
	if got := over.Over(under); !got.Equal(want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if under.Metadata["b"] != "1" || len(over.Metadata) != 1 {
		t.Errorf("the operands were changed: %+v, %+v", under, over)
	}
	var none *Headers
	if got := none.Over(under); got != under {
		t.Errorf("nothing over something: %+v", got)
	}
	if got := under.Over(none); got != under {
		t.Errorf("something over nothing: %+v", got)
	}
	if !none.Equal(&Headers{}) || none.Equal(under) {
		t.Error("nil gives no headers")
	}
}
