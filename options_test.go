package s3fc

import (
	"reflect"
	"slices"
	"testing"

	"github.com/s3fc/s3fc/core/reconcile"
)

// ofOneRun are the fields of Options that are not saved with a plan, with the
// reason.
var ofOneRun = map[string]string{
	"Backup": "belongs to the run that writes", "BackupTree": "belongs to the run that writes",
	"Exact": "every saved plan is", "MaxRequests": "a limit of one run", "Budget": "a limit of one run", "Reuse": "of one copy; the entries of a plan say what is reused", "GiveUp": "a limit of one run", "Jobs": "of the machine", "Memory": "of the machine",
	"Bandwidth": "of the machine", "CacheDir": "of the machine", "TempDir": "of the machine", "Prices": "for the estimate only",
	"Log": "of the program", "Start": "of the program", "Event": "of the program", "Keeps": "what is reported", "Range": "of one shard; its plan says which", "Notice": "of the program", "Progress": "of the program",
}

// TestEachOptionIsSavedWithAPlanOrIsOfOneRun sets every option of the table to
// something else than its default, and compares the Options that come back.
func TestEachOptionIsSavedWithAPlanOrIsOfOneRun(t *testing.T) {
	limit, err := reconcile.ParseDeleteLimit("25%")
	if err != nil {
		t.Fatal(err)
	}
	o := Options{
		Rules: []string{"*.tmp", "!keep.tmp"}, Pages: []string{"*.xml"}, SiteRules: "none", Headers: HeadersKeep, Links: "skip", LinkBody: "empty", DirLinks: DirLinksExpand,
		Delete: DeleteAll, Detect: DetectSizeTime, MaxDelete: limit, AllowEmptySource: true, DeleteReleases: true, Strict: true,
	}
	fields, zero := reflect.ValueOf(o), 0
	for i := range fields.NumField() {
		name := fields.Type().Field(i).Name
		_, once := ofOneRun[name]
		if fields.Field(i).IsZero() != once {
			t.Errorf("the field %s is set here: %v, of one run: %v; it must be one of the two, and saved if it is set", name, !fields.Field(i).IsZero(), once)
		}
		if once {
			zero++
		}
	}
	if zero != len(ofOneRun) {
		t.Errorf("%d of %d fields of one run exist", zero, len(ofOneRun))
	}
	back := Options{Jobs: 3, Delete: DeleteNever, Rules: []string{"other"}}
	if err := back.Restore(o.Saved()); err != nil {
		t.Fatal(err)
	}
	o.Jobs = 3
	if !reflect.DeepEqual(back, o) {
		t.Errorf("restored %+v, want %+v", back, o)
	}
}

func TestOptionsOfAPlanThatAreNotKnownAreRefused(t *testing.T) {
	for name, saved := range map[string]map[string][]string{
		"an unknown one":    {"colour": {"red"}},
		"a wrong word":      {"delete": {"sometimes"}},
		"a wrong number":    {"max-delete": {"many"}},
		"two values":        {"strict": {"true", "false"}},
		"no value":          {"links": {}},
		"an empty rule":     {"rules": {""}},
		"a wrong boolean":   {"allow-empty-source": {"perhaps"}},
		"an unknown, empty": {"colour": {""}},
	} {
		if err := new(Options).Restore(saved); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	var o Options
	if err := o.Restore(map[string][]string{"max-delete": {""}, "rules": {}}); err != nil || !reflect.DeepEqual(o.Saved(), new(Options).Saved()) {
		t.Errorf("the defaults: %+v, %v", o, err)
	}
}

func TestTheZeroOptionsAreBounded(t *testing.T) {
	e := new(Options).env()
	if e.Buffers == nil || e.Budget == nil || e.Budget.Limit() != DefaultMaxRequests || e.Jobs != reconcile.DefaultJobs {
		t.Errorf("%+v, want memory, requests and jobs bounded", e)
	}
	if b := (&Options{MaxRequests: -1}).env().Budget; b != nil {
		t.Errorf("MaxRequests -1: a limit of %d, want none", b.Limit())
	}
	if b := (&Options{MaxRequests: 7}).env().Budget; b == nil || b.Limit() != 7 {
		t.Error("MaxRequests 7 is not the limit")
	}
	if len(new(Options).params()) != 0 || !slices.Equal((&Options{Links: "keep", LinkBody: "empty"}).params()["link_body"], []string{"empty"}) {
		t.Error("only options that are not the default go to the backends")
	}
}

func TestOptionWordsHaveTheDefaultFirst(t *testing.T) {
	for _, name := range OptionNames() {
		words := OptionValues(name)
		if words == nil {
			continue
		}
		if got := new(Options).Get(name); !slices.Equal(got, words[:1]) {
			t.Errorf("%s is %q by default, and its words are %q", name, got, words)
		}
		for _, w := range words {
			var o Options
			if err := o.Set(name, w); err != nil || o.Get(name)[0] != w {
				t.Errorf("%s=%s: %v, %q", name, w, err, o.Get(name))
			}
		}
	}
	if err := new(Options).Set("colour", "red"); err == nil {
		t.Error("an unknown option was set")
	}
}
