package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/s3fc/s3fc/cmd"
	"github.com/s3fc/s3fc/internal/cache"
	"github.com/s3fc/s3fc/internal/s3server"
)

var (
	blockLine   = regexp.MustCompile("(?m)^(?:```|[ \\t]*(?:- run: |run: |- )?s3fc ).*$")
	inlineLine  = regexp.MustCompile("`s3fc ([^` ]+ [^`]*)`")
	placeholder = regexp.MustCompile(`\b[A-Z]{2,}\b|\b[A-Z]$|…|\.\.\.|\$|<`)
	shellWord   = regexp.MustCompile(`'[^']*'|"[^"]*"|\S+`)
)

// TestEveryCommandLineOfTheDocsIsUnderstood runs the command lines that the pages
// show, in order, against a store of the test's own. None may be a usage error: a
// flag that does not exist, or a tree that cannot be written so.
func TestEveryCommandLineOfTheDocsIsUnderstood(t *testing.T) {
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(pages) == 0 {
		t.Fatalf("no pages (%v)", err)
	}
	ran := 0
	for _, page := range append(pages, "../../README.md") {
		t.Run(filepath.Base(page), func(t *testing.T) {
			text, err := os.ReadFile(page)
			if err != nil {
				t.Fatal(err)
			}
			d := newDocs(t)
			for _, line := range commandLines(string(text)) {
				d.run(t, line)
				ran++
			}
		})
	}
	if ran < 30 {
		t.Errorf("only %d command lines were found", ran)
	}
}

// commandLines returns the arguments of the commands that a page shows in full: not
// those with a placeholder, which is a word in capitals, or with an ellipsis.
func commandLines(page string) (lines []string) {
	fenced := false
	page = strings.ReplaceAll(page, "\\\n", " ")
	for _, line := range blockLine.FindAllString(page, -1) {
		if strings.HasPrefix(line, "```") {
			fenced = !fenced
			continue
		}
		if fenced || strings.HasPrefix(line, "    ") {
			_, command, _ := strings.Cut(line, "s3fc ")
			lines = append(lines, command)
		}
	}
	for _, m := range inlineLine.FindAllStringSubmatch(page, -1) {
		lines = append(lines, m[1])
	}
	for i, line := range lines {
		for _, end := range []string{"  #", " # ", " | ", " > "} {
			line, _, _ = strings.Cut(line, end)
		}
		lines[i] = strings.TrimSpace(line)
	}
	return slices.DeleteFunc(lines, placeholder.MatchString)
}

// docs is the place in which the commands of one page run.
type docs struct {
	dir     string
	server  *s3server.Server
	buckets map[string]bool
}

func newDocs(t *testing.T) *docs {
	d := &docs{dir: t.TempDir(), server: s3server.New(t), buckets: map[string]bool{"": true}}
	for _, name := range []string{"./site", "./public", "examples/site", "/srv/site", "./docs", "./new", "./dir"} {
		file := filepath.Join(d.dir, filepath.FromSlash(name), "index.html")
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte("<p>"+name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("AWS_ENDPOINT_URL", d.server.URL)
	t.Setenv("AWS_REGION", "us-east-1")
	t.Setenv("AWS_ACCESS_KEY_ID", "test")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "test")
	t.Setenv("AWS_CONFIG_FILE", os.DevNull)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", os.DevNull)
	t.Setenv("S3FC_EMBEDDED_DIR", filepath.Join(d.dir, ".embedded"))
	t.Setenv(cache.DirVariable, filepath.Join(d.dir, ".cache"))
	t.Chdir(d.dir)
	return d
}

// servers are the commands that go on until they are stopped; they are only asked for
// their help here.
var servers = map[string]bool{"serve": true}

func (d *docs) run(t *testing.T, line string) {
	t.Helper()
	var args []string
	for _, w := range shellWord.FindAllString(line, -1) {
		args = append(args, d.here(strings.Trim(w, `'"`)))
	}
	if len(args) == 0 {
		return
	}
	for _, a := range args {
		if bucket, ok := strings.CutPrefix(a, "s3://"); ok {
			bucket, _, _ = strings.Cut(bucket, "/")
			bucket, _, _ = strings.Cut(bucket, "?")
			if !d.buckets[bucket] && bucket != d.server.Bucket {
				d.server.CreateBucket(bucket)
			}
			d.buckets[bucket] = true
		}
	}
	if servers[args[0]] {
		args = append(args, "--help")
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var stdout, stderr bytes.Buffer
	if code := (cmd.Program{Mux: stores()}).Run(ctx, args, strings.NewReader(""), &stdout, &stderr); code == 2 {
		t.Errorf("s3fc %s: a usage error:\n%s", line, stderr.String())
	}
}

var endpoint = regexp.MustCompile(`endpoint=[^&]*`)

// here makes the stores and directories of the docs those of the test.
func (d *docs) here(word string) string {
	word = endpoint.ReplaceAllString(word, "endpoint="+d.server.URL)
	for _, abs := range []string{"/srv/", "/tmp/"} {
		word = strings.ReplaceAll(word, "file://"+abs, "file://"+filepath.ToSlash(d.dir)+abs)
		if strings.HasPrefix(word, abs) {
			word = filepath.ToSlash(d.dir) + word
		}
	}
	return word
}
