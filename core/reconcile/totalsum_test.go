package reconcile

import (
	"encoding/json"
	"reflect"
	"testing"
)

// TestEachTotalIsAddedAndSaved sets each field by itself, so that none can be
// forgotten.
func TestEachTotalIsAddedAndSaved(t *testing.T) {
	for i := range reflect.TypeFor[Totals]().NumField() {
		var one, two Totals
		name := reflect.TypeFor[Totals]().Field(i).Name
		set := func(t *Totals, n int64) {
			f := reflect.ValueOf(t).Elem().Field(i)
			if f.Kind() == reflect.Array {
				f = f.Index(0)
			}
			f.SetInt(n)
		}
		set(&one, 1)
		set(&two, 2)
		if got := one.Add(one); got != two {
			t.Errorf("%s: 1 and 1 are %+v", name, got)
		}
		b, err := json.Marshal(two)
		var back Totals
		if err == nil {
			err = json.Unmarshal(b, &back)
		}
		if err != nil || back != two {
			t.Errorf("%s: came back from %s as %+v, %v", name, b, back, err)
		}
	}
}
