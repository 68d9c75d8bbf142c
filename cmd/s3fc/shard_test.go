package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/s3fc/s3fc/cmd"
	"github.com/s3fc/s3fc/internal/s3server"
	"github.com/s3fc/s3fc/internal/shard"
)

// atServer makes the standard environment that of an S3 in this process.
func atServer(t *testing.T, opts ...s3server.Option) *s3server.Server {
	server := s3server.New(t, opts...)
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": server.URL, "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
	} {
		t.Setenv(name, value)
	}
	return server
}

// step runs one step of a divided run and returns its exit code and its last line.
func step(t *testing.T, args ...string) (code int, last string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = cmd.Program{Mux: stores()}.Run(t.Context(), append([]string{"shard"}, args...), strings.NewReader(""), &stdout, &stderr)
	if code != 0 {
		t.Logf("shard %s: exit code %d: %s", strings.Join(args, " "), code, stderr.String())
	}
	lines := strings.Split(strings.TrimSpace(stdout.String()), "\n")
	return code, lines[len(lines)-1]
}

// divided makes a copy in steps, each of which must do, and returns the summary.
func divided(t *testing.T, shards int, state, src, dst string, flags ...string) map[string]any {
	t.Helper()
	must := func(args ...string) string {
		t.Helper()
		code, last := step(t, args...)
		if code != 0 {
			t.Fatalf("shard %s: exit code %d", strings.Join(args, " "), code)
		}
		return last
	}
	each := func(args ...string) {
		for i := range shards {
			must(append(args, "--index", fmt.Sprint(i), state)...)
		}
	}
	must(append([]string{"plan", "--shards", fmt.Sprint(shards), "-o", state, src, dst}, flags...)...)
	each("list")
	must("check", state)
	for i, p := range shard.Phases {
		if i > 0 {
			must("gate", p.String(), state)
		}
		each("apply", "--phase", p.String())
	}
	var summary map[string]any
	if err := json.Unmarshal([]byte(must("report", "--json", state)), &summary); err != nil {
		t.Fatal(err)
	}
	return summary
}

// TestTheRequestsOfADividedRunAreAllCounted compares the report with the log of the
// server, to the trees and to the state.
func TestTheRequestsOfADividedRunAreAllCounted(t *testing.T) {
	server := atServer(t)
	server.CreateBucket("state")
	src := t.TempDir()
	for i := range 30 {
		if err := os.WriteFile(fmt.Sprintf("%s/%02d.html", src, i), []byte(fmt.Sprint(i)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("00.html", src+"/latest"); err != nil {
		t.Fatal(err)
	}
	summary := divided(t, 4, "s3://state/run", src, "s3://test")
	for field, bucket := range map[string]string{"requests": "/test", "state_requests": "/state"} {
		want := make(map[string]int64)
		for _, r := range server.Log() {
			if r.Path == bucket || strings.HasPrefix(r.Path, bucket+"/") {
				want[r.Class.String()]++
			}
		}
		got, _ := json.Marshal(summary[field])
		if text, _ := json.Marshal(want); string(got) != string(text) {
			t.Errorf("%s: %s, and the server got %s", field, got, text)
		}
	}
}

// TestTheStateNeedsAStoreThatRefusesToCreateTwice names stores that ignore or refuse the
// condition.
func TestTheStateNeedsAStoreThatRefusesToCreateTwice(t *testing.T) {
	for _, quirk := range []s3server.Quirk{s3server.NoConditions, s3server.IgnoresConditions, s3server.RefusesHeader("If-None-Match")} {
		t.Run(quirk.Name, func(t *testing.T) {
			server := atServer(t, quirk)
			if code, _ := step(t, "plan", "--shards", "2", "-o", "s3://test/run", t.TempDir(), t.TempDir()); code != 1 {
				t.Errorf("exit code %d", code)
			}
			for _, r := range server.Log() {
				if r.Method == http.MethodPut && strings.HasSuffix(r.Path, "run.json") {
					t.Errorf("%s %s", r.Method, r.Path)
				}
			}
		})
	}
}
