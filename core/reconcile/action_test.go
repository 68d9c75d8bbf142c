package reconcile

import (
	"encoding/json"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/s3fc/s3fc/core"
)

func TestActionSurvivesJSON(t *testing.T) {
	when := time.Unix(1700000000, 123456789).UTC()
	for _, want := range []Action{
		{Op: OpPut, Key: "a", Reason: ReasonNew, Src: &core.Entry{Key: "a", Kind: core.File, Size: 3, MD5: core.SumMD5([]byte("abc")), ModTime: when, Token: "t"}},
		{Op: OpPut, Key: "l", Reason: ReasonTarget, Src: &core.Entry{Key: "l", Kind: core.Link, Target: core.Target{Key: "a", Dir: core.IsDir}}, Dst: &core.Entry{Key: "l", Kind: core.Link, Target: core.Target{URL: "https://x.org/"}}},
		{Op: OpDelete, Key: "d", Reason: ReasonInTheWay, Group: "a", Dst: &core.Entry{Key: "d", Kind: core.File, Partial: true, MaybeLink: true}},
		{Op: OpRefuse, Key: "bad\xff\x00", Reason: ReasonUncarriable, Src: &core.Entry{Key: "bad\xff\x00", Problem: errors.New("why")}, Err: errors.New("why")},
		{Op: OpKeep, Key: "x", Reason: ReasonProtected, Dst: &core.Entry{Key: "x", Problem: core.ErrExcluded}},
		{Op: OpPut, Key: "a/b", Reason: ReasonNew, Src: &core.Entry{Key: "a/b", Kind: core.File}, Obstacle: &core.Entry{Key: "a", Kind: core.Link, Target: core.Target{Key: "."}}},
	} {
		b, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var got Action
		if err := json.Unmarshal(b, &got); err != nil {
			t.Fatalf("%s: %v", b, err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s\ngot  %+v\nwant %+v", b, got, want)
		}
	}
}

func TestEventHasNoEntries(t *testing.T) {
	got := string(Action{Op: OpPut, Key: "a", Reason: ReasonNew, Src: &core.Entry{Key: "a", Kind: core.File, Size: 3}}.Event())
	if want := `{"event":"put","key":"a","reason":"new","size":3}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	got = string(Action{Op: OpPut, Key: "l", Reason: ReasonNew, Src: &core.Entry{Key: "l", Kind: core.Link, Target: core.Target{Key: "v2", Dir: core.IsDir}}}.Event())
	if want := `{"event":"link","key":"l","reason":"new","target":"v2/"}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestParseLimit(t *testing.T) {
	for s, allowed := range map[string][3]bool{ // 1, 50 and 100 deletes of 100
		"0": {}, "1": {true}, "50": {true, true}, "50%": {true, true}, "100%": {true, true, true}, "0%": {}, "1000": {true, true, true}, "": {true, true, false},
	} {
		var l DeleteLimit
		if s != "" {
			var err error
			if l, err = ParseDeleteLimit(s); err != nil {
				t.Fatal(err)
			}
		}
		for i, n := range []int64{1, 50, 100} {
			if got := l.allows(Totals{Deletes: n, NetDeletes: n, DstEntries: 100}); got != allowed[i] {
				t.Errorf("limit %q: %d of 100: %v", s, n, got)
			}
		}
		if l.String() != s {
			t.Errorf("%q prints as %q", s, l)
		}
	}
	for _, s := range []string{"-1", "x", "101%", "%", "1.5", "NaN%", ""} {
		if _, err := ParseDeleteLimit(s); err == nil {
			t.Errorf("%q is taken", s)
		}
	}
	var l DeleteLimit
	for _, c := range []struct {
		deletes, net, entries int64
		want                  bool
	}{
		{0, 0, 0, true}, {1, 1, 1, false}, {1, 0, 1, true}, {10, 10, 11, true}, {10, 10, 10, false}, {10, 0, 10, true}, {11, 0, 11, false},
		{11, 11, 21, false}, {11, 11, 22, true}, {20, 10, 21, true}, {5000, 5000, 10000, true}, {5001, 5001, 10000, false}, {9999, 5000, 10000, true},
		// As it was when plans had no count of net deletes.
		{1, -1, 1, false}, {100, -1, 101, true}, {101, -1, 150, false}, {101, -1, 202, true},
	} {
		if got := l.allows(Totals{Deletes: c.deletes, NetDeletes: c.net, DstEntries: c.entries}); got != c.want {
			t.Errorf("default: %d of %d, %d net: %v", c.deletes, c.entries, c.net, got)
		}
	}
}
