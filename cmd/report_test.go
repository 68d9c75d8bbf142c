package cmd

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/s3fc/s3fc"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/reconcile"
	"github.com/s3fc/s3fc/internal/prices"
)

func file(key string, size int64) *core.Entry {
	return &core.Entry{Key: key, Kind: core.File, Size: size}
}

func link(key, to string, dir core.Dir) *core.Entry {
	return &core.Entry{Key: key, Kind: core.Link, Target: core.Target{Key: to, Dir: dir}}
}

func TestLinesForPeople(t *testing.T) {
	r := &textReport{con: newConsole(nil, nil), output: &output{}}
	for _, tt := range []struct {
		act  reconcile.Action
		want string
	}{
		{reconcile.Action{Op: reconcile.OpPut, Key: "a", Reason: reconcile.ReasonNew, Src: file("a", 4300)}, "A    a  (4.2 KiB)\n"},
		{reconcile.Action{Op: reconcile.OpPut, Key: "a", Reason: reconcile.ReasonSize, Src: file("a", 2), Dst: file("a", 1)}, "M    a  (2 B, was 1 B)\n"},
		{reconcile.Action{Op: reconcile.OpPut, Key: "a", Reason: reconcile.ReasonSize, Src: file("a", 1025), Dst: file("a", 1030)}, "M    a  (1,025 B, was 1,030 B)\n"},
		{reconcile.Action{Op: reconcile.OpPut, Key: "a", Reason: reconcile.ReasonMD5, Src: file("a", 2), Dst: file("a", 2)}, "M    a  (2 B, content differs)\n"},
		{reconcile.Action{Op: reconcile.OpPut, Key: "a", Reason: reconcile.ReasonKind, Src: file("a", 2), Dst: link("a", "b", 0)}, "M    a  (2 B, was a link)\n"},
		{reconcile.Action{Op: reconcile.OpPut, Key: "l", Reason: reconcile.ReasonNew, Src: link("l", "v2", core.IsDir)}, "A    l → v2/\n"},
		{reconcile.Action{Op: reconcile.OpPut, Key: "l", Reason: reconcile.ReasonNew, Src: link("l", ".", core.IsDir)}, "A    l → ./\n"},
		{reconcile.Action{Op: reconcile.OpPut, Key: "l", Reason: reconcile.ReasonTarget, Src: link("l", "b", 0), Dst: link("l", "c", 0)}, "L    l → b  (was → c)\n"},
		{reconcile.Action{Op: reconcile.OpDelete, Key: "a", Reason: reconcile.ReasonExtraneous, Dst: file("a", 1)}, "D    a\n"},
		{reconcile.Action{Op: reconcile.OpRemoveDir, Key: "a/b"}, "D    a/b/\n"},
		{reconcile.Action{Op: reconcile.OpDelete, Key: "a/b", Reason: reconcile.ReasonInTheWay, Group: "a", Dst: file("a/b", 1)}, "D    a/b  (makes way for a)\n"},
		{reconcile.Action{Op: reconcile.OpPut, Key: "a", Reason: reconcile.ReasonInTheWay, Group: "a", Src: file("a", 1)}, "A    a  (1 B, replaces the directory a/)\n"},
		{reconcile.Action{Op: reconcile.OpPut, Key: "a/b", Reason: reconcile.ReasonInTheWay, Obstacle: link("a", "c", 0), Src: file("a/b", 1)}, "A    a/b  (1 B, replaces the link a)\n"},
		{reconcile.Action{Op: reconcile.OpKeep, Key: "a", Reason: reconcile.ReasonProven, Src: file("a", 1)}, "=    a  (same)\n"},
		{reconcile.Action{Op: reconcile.OpPut, Key: "a\x1b[2J\n", Reason: reconcile.ReasonNew, Src: file("a", 1)}, `A    "a\x1b[2J\n"  (1 B)` + "\n"},
		{reconcile.Action{Op: reconcile.OpPut, Key: "l", Reason: reconcile.ReasonNew, Src: link("l", "x\x07", 0)}, `A    l → "x\a"` + "\n"},
	} {
		if got := r.line(tt.act); got != tt.want {
			t.Errorf("%s %s: %q, want %q", tt.act.Op, tt.act.Reason, got, tt.want)
		}
	}
}

// TestTroublesOfOneCauseAreGrouped checks that many errors, conflicts or refusals of one
// cause are a few lines, with the number of the others, and that -v lists all.
func TestTroublesOfOneCauseAreGrouped(t *testing.T) {
	for _, k := range troubleKinds {
		for _, o := range []*output{{}, {quiet: true}, {verbose: true}} {
			var errs bytes.Buffer
			r := &textReport{con: newConsole(io.Discard, &errs), output: o}
			for i := range 3000 {
				key := fmt.Sprintf("d/%d", i)
				r.action(reconcile.Action{Op: k.op, Key: key, Reason: reconcile.ReasonWrite, Err: &core.Error{Op: "put", Key: key, Err: errors.New("AccessDenied")}})
			}
			r.action(reconcile.Action{Op: k.op, Key: "other", Reason: reconcile.ReasonWrite, Err: errors.New("disk full")})
			r.summary(outcome{})
			want := k.name + ": put d/0: AccessDenied\n" + k.name + ": put d/1: AccessDenied\n" + k.name + ": put d/2: AccessDenied\n" +
				k.name + ": other: disk full\n" + k.name + ": 2,997 more: AccessDenied (--verbose lists them)\n"
			switch {
			case o.verbose:
				if n := strings.Count(errs.String(), k.name+": "); n != 3001 {
					t.Errorf("%s with --verbose: %d lines, want 3,001", k.name, n)
				}
			case o.quiet && k.op == reconcile.OpRefuse:
				if errs.Len() > 0 {
					t.Errorf("refusals with --quiet: %q", errs.String())
				}
			case errs.String() != want:
				t.Errorf("%s with %+v:\n%s\nwant:\n%s", k.name, *o, errs.String(), want)
			}
		}
	}
}

func TestSummaryForPeople(t *testing.T) {
	sum := reconcile.Summary{Files: 12, NewFiles: 9, Links: 2, NewLinks: 1, Deletes: 1, Kept: 4000, Refused: 1, Bytes: 3565158}
	for _, tt := range []struct {
		o    outcome
		want string
	}{
		{outcome{Result: s3fc.Result{Elapsed: 1234 * time.Millisecond}}, "nothing to do in 1.2s"},
		{outcome{Result: s3fc.Result{Summary: reconcile.Summary{Kept: 3}}}, "nothing to do, 3 unchanged in 0.0s"},
		{outcome{Result: s3fc.Result{Summary: reconcile.Summary{Errors: 1}}}, "nothing done, 1 error in 0.0s"},
		{outcome{Result: s3fc.Result{Summary: reconcile.Summary{Files: 1, Conflicts: 2, Undeleted: 5}}}, "1 changed (0 B), 5 not deleted because of errors, 2 conflicts in 0.0s"},
		{
			outcome{Result: s3fc.Result{Summary: sum, Requests: core.Requests{core.ClassList: 3, core.ClassPut: 14}, Cost: s3fc.Estimate{Dollars: 0.00012, Known: true}, Elapsed: 62 * time.Second}},
			"10 new, 3 changed (3.4 MiB), 1 retargeted, 1 deleted, 4,000 unchanged, 1 refused in 1m2s\nrequests: 3 LIST, 14 PUT (≈ $0.0001)",
		},
		{
			outcome{Result: s3fc.Result{Summary: reconcile.Summary{Files: 2, NewFiles: 2}, Planned: true, Requests: core.Requests{core.ClassList: 1}, Need: core.Requests{core.ClassPut: 2}}},
			"dry run: 2 new (0 B) in 0.0s\nrequests: 1 LIST, and 2 PUT to do this",
		},
		{
			outcome{Diff: true, Result: s3fc.Result{Summary: reconcile.Summary{Files: 2}, Planned: true, Requests: core.Requests{core.ClassList: 1200}, Need: core.Requests{core.ClassPut: 2000}}},
			"differs: 2 changed (0 B) in 0.0s\nrequests: 1,200 LIST, and 2,000 PUT to copy",
		},
		{outcome{Diff: true, Result: s3fc.Result{Summary: reconcile.Summary{Kept: 3}, Planned: true}}, "no difference, 3 unchanged in 0.0s"},
		{outcome{Diff: true, Result: s3fc.Result{Summary: reconcile.Summary{Errors: 1}, Planned: true}}, "no other difference seen, 1 error in 0.0s"},
		{outcome{Result: s3fc.Result{Summary: reconcile.Summary{Files: 2}}, Stopped: errors.New("x")}, "stopped: 2 changed (0 B) in 0.0s"},
	} {
		if got := summaryText(tt.o, false); got != tt.want {
			t.Errorf("the summary is %q, want %q", got, tt.want)
		}
	}
	o := outcome{Result: s3fc.Result{Cost: s3fc.Estimate{Known: true, Prices: []*core.Prices{prices.For("", "b")}}}}
	if got, want := summaryText(o, true), "nothing to do in 0.0s\nprices: AWS S3 Standard, us-east-1, 2026-11-22 (requests only, not storage or traffic)"; got != want {
		t.Errorf("the summary is %q, want %q", got, want)
	}
}

func TestJSONCannotActOnATerminal(t *testing.T) {
	key := "a\x1b\u009b2J\u202e\x7f\U000e0001é"
	line := encode(map[string]string{"key": key})
	if want := `{"key":"a\u001b\u009b2J\u202e\u007f\udb40\udc01é"}` + "\n"; line != want {
		t.Errorf("%q, want %q", line, want)
	}
	var back map[string]string
	if err := json.Unmarshal([]byte(line), &back); err != nil || back["key"] != key {
		t.Errorf("the line says %q, %v; want %q", back["key"], err, key)
	}
}

func TestInertTextCannotActOnATerminal(t *testing.T) {
	if got, want := inert("a\x1b[2Jb\r\nc\u0085\u202ed é"), "a?[2Jb? c??d é"; got != want {
		t.Errorf("inert: %q, want %q", got, want)
	}
}
