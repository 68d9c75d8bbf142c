package reconcile_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/s3fc/s3fc/backends/memory"
	"github.com/s3fc/s3fc/core"

	"github.com/s3fc/s3fc/core/reconcile"
)

// prepared makes a plan, as one that is to be saved is made.
func prepared(t testing.TB, src core.Tree, dst core.Backend) (*reconcile.Reconciler, *reconcile.Plan) {
	t.Helper()
	r := &reconcile.Reconciler{Src: src, Dst: dst, Resolve: true, Exact: true, TempDir: t.TempDir()}
	p, err := r.Prepare(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return r, p
}

func written(t testing.TB, h reconcile.PlanHeader, p *reconcile.Plan) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := reconcile.WritePlan(&b, h, p); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func actions(t testing.TB, p *reconcile.Plan) []string {
	t.Helper()
	var all []string
	for act, err := range p.All() {
		if err != nil {
			t.Fatal(err)
		}
		if act.Op == reconcile.OpKeep {
			continue
		}
		b, err := act.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, string(b))
	}
	return all
}

func TestASavedPlanIsReadBackAsItWas(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 150 {
		s, d := trees(t, randomState(r, true, true), randomState(r, false, true), r.IntN(2) == 0)
		_, p := prepared(t, s, d)
		cost := 0.25
		h := reconcile.PlanHeader{
			Program: "test", Created: time.Unix(1e9, 0).UTC(), Source: reconcile.PlanTree{URL: "t://a"},
			Destination: reconcile.PlanTree{URL: "t://b", At: "there"}, Options: map[string][]string{"rules": {"*.tmp", "!x"}}, Cost: &cost,
		}
		text := written(t, h, p)
		got, back, err := reconcile.ReadPlan(bytes.NewReader(text), t.TempDir())
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		h.Format, h.Totals = 1, p.Totals()
		if !reflect.DeepEqual(got, h) || back.Totals() != p.Totals() {
			t.Errorf("header %+v, want %+v", got, h)
		}
		if got, want := actions(t, back), actions(t, p); !reflect.DeepEqual(got, want) {
			t.Errorf("got  %v\nwant %v", got, want)
		}
		_ = back.Close()
	}
}

// sign gives a plan file a good last line again.
func sign(lines []string, actions int) string {
	body := strings.Join(lines, "")
	sum := sha256.Sum256([]byte(body))
	return body + fmt.Sprintf(`{"event":"end","actions":%d,"sha256":"%s"}`+"\n", actions, hex.EncodeToString(sum[:]))
}

func TestAPlanFileThatIsNotAsItWasWrittenIsRefused(t *testing.T) {
	s, d := trees(t, state{"a": "1", "b/c": "2", "l": "-> a"}, state{"b": "3", "old": "4"}, false)
	_, p := prepared(t, s, d)
	text := string(written(t, reconcile.PlanHeader{Program: "s3fc 9.9"}, p))
	lines := strings.SplitAfter(strings.TrimSuffix(text, "\n"), "\n")
	lines[len(lines)-1] += "\n"
	head, acts, end := lines[0], lines[1:len(lines)-1], lines[len(lines)-1]
	swap := func(from, to string) string {
		if !strings.Contains(text, from) {
			t.Fatalf("no %s in %s", from, text)
		}
		return strings.Replace(text, from, to, 1)
	}
	resigned := func(from, to string) string {
		changed := strings.SplitAfter(swap(from, to), "\n")
		return sign(changed[:len(lines)-1], len(acts))
	}
	for name, c := range map[string]struct{ text, want string }{
		"empty":               {"", "the file is empty"},
		"not a plan":          {"hello\n", "not that of a plan"},
		"another JSON":        {`{"event":"put"}` + "\n", "not that of a plan"},
		"a newer format":      {swap(`"s3fc_plan":1`, `"s3fc_plan":4`), "it is of format 4, written by s3fc 9.9, and this program reads formats 1 to 3"},
		"an older format":     {swap(`"s3fc_plan":1`, `"s3fc_plan":0`), "format 0"},
		"no last line":        {strings.Join(lines[:len(lines)-1], ""), "cut off in line"},
		"cut in a line":       {text[:len(text)/2], "cut off in line"},
		"cut in the last":     {text[:len(text)-1], "cut off in line"},
		"a line less":         {head + strings.Join(acts[1:], "") + end, "checksum"},
		"a line twice":        {head + acts[0] + strings.Join(acts, "") + end, "checksum"},
		"another key":         {swap(`"key":"a"`, `"key":"c"`), "line 2 is damaged"},
		"another size":        {swap(`"size":1,`, `"size":7,`), "checksum"},
		"no JSON":             {swap(`{"event":"put"`, `{"event:"put"`), "line 2 is damaged"},
		"more behind the end": {text + end, "something follows"},
		"a number too many":   {sign(lines[:len(lines)-1], 9), "its last line says 9"},
		"a long line":         {head + strings.Repeat(" ", 2<<20) + "\n", "longer than any line"},
		"other totals":        {resigned(`"files":2`, `"files":3`), "its first line counts"},
		"a keep":              {resigned(`{"event":"put","key":"a"`, `{"event":"keep","key":"a"`), "no put and no delete"},
		"a hostile key":       {resigned(`{"event":"put","key":"a","reason":"new","size":1,"src":{"key":"a"`, `{"event":"put","key":"../a","reason":"new","size":1,"src":{"key":"../a"`), `".."`},
		"two keys":            {resigned(`"src":{"key":"a"`, `"src":{"key":"z"`), "at its key"},
		"no source":           {resigned(`"src":{"key":"a"`, `"srk":{"key":"a"`), "a put needs"},
		"a delete of nothing": {resigned(`"dst":{"key":"old"`, `"dsk":{"key":"old"`), "a delete needs"},
		"an unknown class":    {resigned(`"requests":{}`, `"requests":{"TRACE":1}`), "unknown class"},
		"an odd obstacle":     {resigned(`"obstacle":{"key":"b"`, `"obstacle":{"key":"old"`), "at a parent"},
		"an odd target":       {resigned(`"target":{"key":"a"`, `"target":{"key":"/etc"`), "begins with a slash"},
	} {
		_, got, err := reconcile.ReadPlan(strings.NewReader(c.text), t.TempDir())
		if !errors.Is(err, reconcile.ErrPlanFile) || got != nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	if _, _, err := reconcile.ReadPlan(strings.NewReader(text), t.TempDir()); err != nil {
		t.Error(err)
	}
}

// TestADeleteThatMakesWayFollowsItsPut checks that no edited plan moves the
// deletes of one replacement to another.
func TestADeleteThatMakesWayFollowsItsPut(t *testing.T) {
	s, d := trees(t, state{"d": "now a file", "e": "too"}, state{"d/x": "1", "e/y": "2"}, false)
	_, p := prepared(t, s, d)
	lines := strings.SplitAfter(string(written(t, reconcile.PlanHeader{}, p)), "\n")
	if len(lines) != 7 {
		t.Fatalf("%d lines: %s", len(lines), lines)
	}
	for name, order := range map[string][]int{"moved": {0, 1, 4, 2, 3}, "first": {0, 2, 1, 3, 4}, "alone": {0, 1, 2, 4, 3}} {
		var moved []string
		for _, i := range order {
			moved = append(moved, lines[i])
		}
		if _, _, err := reconcile.ReadPlan(strings.NewReader(sign(moved, 4)), t.TempDir()); !errors.Is(err, reconcile.ErrPlanFile) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzReadPlan(f *testing.F) {
	s, d := memory.New(), memory.New()
	plant(f, s, state{"a": "1", "l": "-> a"})
	plant(f, d, state{"old": "2"})
	_, p := prepared(f, s, d)
	f.Add(written(f, reconcile.PlanHeader{}, p))
	f.Add([]byte(`{"s3fc_plan":1}` + "\n" + `{"event":"end","actions":0,"sha256":""}` + "\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		h, p, err := reconcile.ReadPlan(bytes.NewReader(text), "")
		if err != nil {
			if !errors.Is(err, reconcile.ErrPlanFile) {
				t.Errorf("%v is not ErrPlanFile", err)
			}
			return
		}
		defer p.Close()
		for act, err := range p.All() {
			if err != nil {
				t.Fatal(err)
			}
			if act.Op == reconcile.OpPut && (act.Src == nil || !core.ValidKey(act.Key)) || act.Op == reconcile.OpDelete && act.Dst == nil {
				t.Errorf("%+v was taken", act)
			}
		}
		if _, _, err := reconcile.ReadPlan(bytes.NewReader(written(t, h, p)), ""); err != nil {
			t.Errorf("written again: %v", err)
		}
	})
}
