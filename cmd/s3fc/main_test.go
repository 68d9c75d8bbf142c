package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/s3fc/s3fc/cmd"
	"github.com/s3fc/s3fc/internal/cache"
	"github.com/s3fc/s3fc/internal/s3server"
)

var update = flag.Bool("update", false, "rewrite what the scripts expect to what they get")

func TestMain(m *testing.M) {
	if os.Getenv(cache.DirVariable) == "" {
		_ = os.Setenv("S3FC_NO_CACHE", "1") // the user's own is left alone
	}
	if os.Getenv(asProgram) != "" {
		os.Exit(measured(func() int { return cmd.Program{Mux: withSynthetic(withStuck(stores()))}.Main(os.Args[1:]) }))
	}
	testscript.Main(m, map[string]func(){"s3fc": mainNoted})
}

// TestScripts runs the program as its users do: each script in a directory of
// its own, with an S3 of its own at the standard environment's endpoint, and a
// bucket named test.
func TestScripts(t *testing.T) {
	lines := noteLines(t)
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			server := s3server.New(tb{t, env})
			env.Values["server"] = server
			for _, v := range []string{
				"AWS_ENDPOINT_URL=" + server.URL, "WEBSITE=" + server.WebsiteURL(server.Bucket), "AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test",
				"AWS_CONFIG_FILE=" + os.DevNull, "AWS_SHARED_CREDENTIALS_FILE=" + os.DevNull,
				"S3FC_EMBEDDED_DIR=" + filepath.Join(env.WorkDir, ".embedded"), "TERM=dumb",
				cache.DirVariable + "=" + filepath.Join(env.WorkDir, ".cache"),
				linesDir + "=" + lines,
				"GORACE=atexit_sleep_ms=0", // the race detector's pause at each exit
			} {
				name, value, _ := strings.Cut(v, "=")
				env.Setenv(name, value)
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"code":     code,
			"events":   events,
			"header":   header,
			"bytes":    manyBytes,
			"object":   object,
			"only":     only,
			"readlink": readlink,
			"requests": requests,
			"urllink":  urllink,
		},
	})
}

// tb ends a server with its script, not with the test.
type tb struct {
	*testing.T
	env *testscript.Env
}

func (t tb) Cleanup(f func()) { t.env.Defer(f) }

// code runs a command and checks its exit code: code 2 s3fc copy x
func code(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N command...")
	}
	err := ts.Exec(args[1], args[2:]...)
	got := "0"
	if err != nil {
		got = strings.TrimPrefix(err.Error(), "exit status ")
	}
	if got != args[0] {
		ts.Fatalf("exit code %s, want %s", got, args[0])
	}
}

// events checks that the stdout of the last command is lines of JSON, each
// whole, with a summary as the last and only there. Each argument, a field and a
// value as files=3, must be so in the summary; each "event key" must be there.
func events(ts *testscript.TestScript, neg bool, args []string) {
	var summary map[string]any
	seen := make(map[string]bool)
	lines := bufio.NewScanner(strings.NewReader(ts.ReadFile("stdout")))
	for lines.Scan() {
		if summary != nil {
			ts.Fatalf("a line after the summary: %s", lines.Text())
		}
		var ev map[string]any
		d := json.NewDecoder(bytes.NewReader(lines.Bytes()))
		d.UseNumber()
		if err := d.Decode(&ev); err != nil || d.More() {
			ts.Fatalf("not one JSON object: %s", lines.Text())
		}
		name, _ := ev["event"].(string)
		if name == "summary" {
			summary = ev
			continue
		}
		seen[fmt.Sprintf("%s %v", name, ev["key"])] = true
	}
	if summary == nil {
		ts.Fatalf("no summary")
	}
	for _, field := range []string{"files", "links", "deletes", "kept", "refused", "errors", "bytes", "requests", "cost_usd", "seconds", "dry_run"} {
		if _, ok := summary[field]; !ok {
			ts.Fatalf("the summary has no %q", field)
		}
	}
	for _, arg := range args {
		holds := seen[arg]
		if name, value, ok := strings.Cut(arg, "="); ok {
			holds = fmt.Sprint(summary[name]) == value
		}
		if holds == neg {
			ts.Fatalf("%s: %v; summary %v, events %v", arg, holds, summary, seen)
		}
	}
}

// requests compares the requests at the server since the last time, as in
// "requests 1 LIST, 3 PUT".
func requests(ts *testscript.TestScript, neg bool, args []string) {
	server := ts.Value("server").(*s3server.Server)
	got, want := server.Requests().String(), strings.Join(args, " ")
	server.ResetLog()
	if (got == want) == neg {
		ts.Fatalf("the server got %s, want %s", got, want)
	}
}

// header compares a header of an object: header key Cache-Control no-cache
func header(ts *testscript.TestScript, neg bool, args []string) {
	server := ts.Value("server").(*s3server.Server)
	resp, err := http.Head(server.URL + "/test/" + args[0])
	ts.Check(err)
	defer resp.Body.Close()
	got := resp.Header.Get(args[1])
	if neg && got != "" || !neg && got != args[2] {
		ts.Fatalf("%s has %s: %q, want %q", args[0], args[1], got, args[2:])
	}
}

// manyBytes writes a file of a number of bytes: bytes dir/file 20000000
func manyBytes(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), bytes.Repeat([]byte{0, 1, 2, 3}, n/4), 0o600))
}

// readlink compares a symbolic link with its text: readlink dir/link ../x
func readlink(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: readlink file text")
	}
	got, err := os.Readlink(ts.MkAbs(args[0]))
	ts.Check(err)
	if (got == args[1]) == neg {
		ts.Fatalf("%s is a link to %q, want %q", args[0], got, args[1])
	}
}

// object puts an object under any key, percent-encoded, as another tool might,
// with metadata perhaps: object a%2F%2Fb content name=value
func object(ts *testscript.TestScript, _ bool, args []string) {
	header := make(http.Header)
	for _, meta := range args[2:] {
		name, value, _ := strings.Cut(meta, "=")
		header.Set("X-Amz-Meta-"+name, value)
	}
	put(ts, args[0], args[1], header)
}

// urllink puts an object that is a redirect: urllink key https://example.com/
func urllink(ts *testscript.TestScript, _ bool, args []string) {
	put(ts, args[0], "", http.Header{"X-Amz-Website-Redirect-Location": {args[1]}})
}

func put(ts *testscript.TestScript, key, content string, header http.Header) {
	server := ts.Value("server").(*s3server.Server)
	req, err := http.NewRequest(http.MethodPut, server.URL+"/test/"+key, strings.NewReader(content))
	ts.Check(err)
	for name, values := range header {
		req.Header[name] = values
	}
	resp, err := http.DefaultClient.Do(req)
	ts.Check(err)
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		ts.Fatalf("put %s: %s", key, resp.Status)
	}
}
