package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/s3fc/s3fc/cmd"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/reconcile"
)

// linesDir names, for a program that a script runs, the directory of notedFile; the
// schemas are in schemaDir, from the directory of this test.
const (
	linesDir  = "S3FC_TEST_LINES"
	notedFile = "lines"
	schemaDir = "../../docs/schema"
)

// The schemas of the lines that --json prints, and of those of a saved plan.
const (
	eventSchema = "events.schema.json"
	planSchema  = "plan.schema.json"
)

// lineSchema compiles a schema of lines. It reads no other file.
func lineSchema(file string) (*jsonschema.Schema, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("lines.json", doc); err != nil {
		return nil, err
	}
	return c.Compile("lines.json")
}

// notedLine is a line that a program printed, and the schema's verdict on it.
type notedLine struct {
	Args  []string `json:"args"`
	Line  string   `json:"line"`
	Fault string   `json:"fault,omitempty"`
}

// mainNoted is main for scripts: it also notes the lines of --json and of saved plans,
// with the verdict of the schema on each.
func mainNoted() {
	dir, args := os.Getenv(linesDir), os.Args[1:]
	asJSON := slices.Contains(args, "--json")
	saved := slices.Index(args, "-o")
	if dir == "" || !asJSON && (saved < 0 || args[0] != "plan") {
		main()
		return
	}
	var kept bytes.Buffer
	code := cmd.Program{Name: "s3fc", Mux: stores()}.Run(context.Background(), args, os.Stdin, io.MultiWriter(os.Stdout, &kept), os.Stderr)
	var err error
	switch {
	case asJSON:
		err = note(dir, eventSchema, args, kept.Bytes())
	case saved+1 < len(args):
		err = noteFile(dir, args, args[saved+1])
	}
	if err != nil {
		panic(err)
	}
	os.Exit(code)
}

// noteFile notes the lines of a saved plan, if it is there and whole.
func noteFile(dir string, args []string, file string) error {
	text, err := os.ReadFile(file)
	if err != nil || !bytes.HasPrefix(text, []byte(`{"s3fc_plan"`)) {
		return nil // the script expects that, or fails
	}
	return note(dir, planSchema, args, text)
}

func note(dir, schema string, args []string, lines []byte) error {
	s, err := lineSchema(filepath.Join(dir, schema))
	if err != nil {
		return err
	}
	var out bytes.Buffer
	for line := range bytes.Lines(lines) {
		n := notedLine{Args: args, Line: strings.TrimSuffix(string(line), "\n")}
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(line))
		if err == nil {
			err = s.Validate(v)
		}
		if err != nil {
			n.Fault = err.Error()
		}
		b, err := json.Marshal(n)
		if err != nil {
			return err
		}
		out.Write(append(b, '\n'))
	}
	f, err := os.OpenFile(filepath.Join(dir, notedFile), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(out.Bytes()) // one write: programs run at once
	return errors.Join(err, f.Close())
}

// noteLines makes the programs of the scripts of t note their lines. At the end of the
// test, each line has to be one that the schemas allow; if all scripts ran, each event
// of the schema has to be among the lines.
func noteLines(t *testing.T) (dir string) {
	dir = t.TempDir()
	for _, name := range []string{eventSchema, planSchema} {
		text, err := os.ReadFile(filepath.Join(schemaDir, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	all := !strings.Contains(flag.Lookup("test.run").Value.String(), "/")
	t.Cleanup(func() {
		if err := note(dir, eventSchema, []string{"a test's own events"}, madeEvents()); err != nil {
			t.Error(err)
		}
		seen := checkNoted(t, filepath.Join(dir, notedFile))
		all = all && !t.Failed()
		for event, fields := range schemaEvents(t) {
			for f := range fields {
				if all && !seen[event][f] && !rareFields[event+" "+f] {
					t.Errorf("no script prints the field %q of the event %q", f, event)
				}
			}
		}
	})
	return dir
}

// checkNoted reports the faults of the lines in file, and returns the fields that they
// had, by event.
func checkNoted(t *testing.T, file string) map[string]map[string]bool {
	seen := make(map[string]map[string]bool)
	text, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	for line := range strings.Lines(string(text)) {
		var n notedLine
		var fields map[string]any
		if err := json.Unmarshal([]byte(line), &n); err != nil {
			t.Error(err)
			continue
		}
		if n.Fault != "" {
			t.Errorf("s3fc %s printed a line that the schema does not allow:\n%s\n%s", strings.Join(n.Args, " "), n.Line, n.Fault)
			continue
		}
		if err := json.Unmarshal([]byte(n.Line), &fields); err != nil {
			t.Error(err)
		}
		event := fmt.Sprint(fields["event"])
		if seen[event] == nil {
			seen[event] = make(map[string]bool)
		}
		for f := range fields {
			seen[event][f] = true
		}
	}
	return seen
}

// schemaEvents returns the fields of each event of the schema; those of one name
// together.
func schemaEvents(t *testing.T) map[string]map[string]bool {
	var schema struct {
		Defs map[string]struct {
			Properties map[string]struct {
				Const any `json:"const"`
			} `json:"properties"`
		} `json:"$defs"`
	}
	text, err := os.ReadFile(filepath.Join(schemaDir, eventSchema))
	if err == nil {
		err = json.Unmarshal(text, &schema)
	}
	if err != nil {
		t.Fatal(err)
	}
	events := make(map[string]map[string]bool)
	for _, def := range schema.Defs {
		name, ok := def.Properties["event"].Const.(string)
		if !ok {
			continue
		}
		if events[name] == nil {
			events[name] = make(map[string]bool)
		}
		for f := range def.Properties {
			events[name][f] = true
		}
	}
	if len(events) < 20 {
		t.Errorf("only %d events are in the schema", len(events))
	}
	return events
}

// rareFields are fields that no script brings about: an event and a field. Other tests
// do, of interruptions and of failures.
var rareFields = map[string]bool{
	"summary given_up": true, "summary undeleted": true, "summary reread_bytes": true, "fault error": true, "website redirect_all": true,
}

var findings = []core.Finding{
	core.FindingSame, core.FindingOnlySource, core.FindingOnlyDestination, core.FindingContent, core.FindingTarget, core.FindingKind,
	core.FindingMD5, core.FindingCorrupt, core.FindingRedirect, core.FindingNoMD5, core.FindingUncarriable, core.FindingError,
}

// madeEvents returns the lines of actions and findings of each kind, with all that they
// can have, also those that hardly come about.
func madeEvents() []byte {
	var b bytes.Buffer
	cause := errors.New("a cause")
	entries := []*core.Entry{
		nil, {Key: "k\xff", Kind: core.File, Size: 3, MD5: core.MD5Of([16]byte{1}), Token: "t", ModTime: time.Unix(1, 0)},
		{Key: "k\xff", Kind: core.Link, Target: core.Target{Key: "v1", Dir: core.IsDir}}, {Key: "k\xff", Kind: core.Other, Problem: cause, ModTime: time.Unix(1<<40, 0)},
	}
	for op := range reconcile.OpRemoveDir {
		key := "k\xff"
		if op == reconcile.OpPut || op == reconcile.OpDelete {
			key = "k"
		}
		for _, src := range entries {
			for _, dst := range entries {
				a := reconcile.Action{Op: op, Key: key, Reason: reconcile.ReasonWrite, Src: src, Dst: dst}
				switch op {
				case reconcile.OpPut:
					if a.Group = "g"; src == nil || src.Kind == core.Other {
						continue // there is nothing to be put
					}
				case reconcile.OpFail, reconcile.OpConflict:
					a.Err, a.Page, a.Group = cause, true, "g"
				case reconcile.OpRefuse, reconcile.OpKeep:
					a.Err = cause
				}
				b.Write(append(a.Event(), '\n'))
			}
		}
	}
	for _, src := range entries {
		for _, what := range findings {
			f := reconcile.Found{Key: "k\xff", What: what, Src: src, Dst: src}
			if what != core.FindingSame {
				f.Err = cause
			}
			b.Write(append(f.Event(), '\n'))
			f.Repaired = what.Severity() == core.SeverityDiffers
			b.Write(append(f.Event(), '\n'))
		}
	}
	b.Write(append(reconcile.Action{Op: reconcile.OpRemoveDir, Key: "k\xff", Reason: reconcile.ReasonEmpty}.Event(), '\n'))
	return b.Bytes()
}

// TestTheSchemaRefusesOtherLines shows that the schema allows neither an unknown field
// nor an unknown event.
func TestTheSchemaRefusesOtherLines(t *testing.T) {
	s, err := lineSchema(filepath.Join(schemaDir, eventSchema))
	if err != nil {
		t.Fatal(err)
	}
	for line, allowed := range map[string]bool{
		`{"event":"rmdir","key":"a","reason":"empty"}`:            true,
		`{"event":"rmdir","key":"a","reason":"empty","more":1}`:   false,
		`{"event":"rmdir","key":"a","reason":"some other"}`:       false,
		`{"event":"removed","key":"a","reason":"empty"}`:          false,
		`{"event":"rmdir","reason":"empty"}`:                      false,
		`{"event":"entry","key":"a","kind":"file","size":"3"}`:    false,
		`{"event":"entry","key":"a","kind":"file","size":3}`:      true,
		`{"event":"entry","key":"a","kind":"link","target":{}}`:   false,
		`{"event":"entry","key":"a","kind":"file","mtime":"now"}`: false,
	} {
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(line))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Validate(v); (err == nil) != allowed {
			t.Errorf("%s: %v, want it allowed: %v", line, err, allowed)
		}
	}
}
