package main

import (
	"bytes"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"

	"github.com/s3fc/s3fc/cmd"
	"github.com/s3fc/s3fc/internal/s3server"
	"github.com/s3fc/s3fc/internal/testkit/long"
)

// ahead makes a server's clock run ahead, so that its objects look old enough
// to be remembered.
func ahead(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", time.Now().Add(time.Minute).UTC().Format(http.TimeFormat))
		next.ServeHTTP(w, r)
	})
}

// A tally counts the servers' requests for each row of the table in docs/cost.md.
type tally struct {
	*bounds
	other *s3server.Server // elsewhere
	seen  map[string]string
}

// does runs a command that succeeds, and counts its requests for the row of that
// name, if there is one.
func (c *tally) does(work string, args ...string) {
	c.t.Helper()
	c.server.ResetLog()
	c.other.ResetLog()
	var out bytes.Buffer
	code := cmd.Program{Mux: stores()}.Run(c.t.Context(), args, strings.NewReader(""), &out, &out)
	if code != 0 && (args[0] != "diff" || code != 1) {
		c.t.Fatalf("%s: s3fc %s: exit code %d\n%s", work, strings.Join(args, " "), code, &out)
	}
	if work != "" {
		c.seen[work] = c.server.Requests().Add(c.other.Requests()).String()
	}
}

func (c *tally) files(n int, of string) {
	for i := range n {
		c.write(fmt.Sprintf("d%d/f%04d.txt", i%9, i), fmt.Sprint(of, i))
	}
}

// works are the commands by which the table's rows are counted.
var works = []struct {
	quirks []s3server.Quirk
	run    func(c *tally)
}{
	{run: func(c *tally) {
		dir, bucket := c.dir, c.bucket()
		c.files(1100, "content ")
		c.does("push 1,100 files", "copy", dir, bucket)
		c.does("push them again, unchanged", "copy", dir, bucket)
		back := filepath.Join(c.t.TempDir(), "back")
		c.does("pull 1,100 files", "copy", bucket, back)
		c.does("pull them again, unchanged", "copy", bucket, back)
		c.does("`ls` of them", "ls", bucket)
		c.does("`diff` of them", "diff", dir, bucket)
		c.files(11, "another content ")
		c.does("push, 11 of 1,100 have changed, and their sizes", "copy", dir, bucket)
		c.does("pull these", "copy", bucket, back)
		c.files(11, "again a content ")
		c.does("push, 11 of 1,100 have changed, and no size", "copy", dir, bucket)
		c.does("pull these, of the same sizes", "copy", bucket, back)
		c.does("delete 1,100 files", "copy", "--allow-empty-source", c.t.TempDir(), bucket)
	}},
	{run: func(c *tally) {
		dir, bucket := c.dir, c.bucket()
		c.write("large", strings.Repeat("0123456789abcdef", 20<<16))
		c.does("push a file of 20 MiB, in 3 parts", "copy", dir, bucket)
		c.does("push it again, unchanged", "copy", dir, bucket)
		back := filepath.Join(c.t.TempDir(), "back")
		c.does("pull it", "copy", bucket, back)
		c.does("pull it again, unchanged", "copy", bucket, back)
		c.write("large", strings.Repeat("0123456789abcdef", 40<<16))
		c.does("push it with 40 MiB, in 5 parts", "copy", dir, bucket)
		c.does("pull it with 40 MiB, in parts", "copy", bucket, back)
	}},
	{run: func(c *tally) {
		dir, bucket := c.dir, c.bucket()
		c.write("v1/index.html", "one")
		c.write("v2/index.html", "two")
		c.link("latest", "v1")
		c.link("first", "v1/index.html")
		c.does("push 2 files and 2 links", "copy", dir, bucket)
		c.does("push these again, unchanged", "copy", dir, bucket)
		back := filepath.Join(c.t.TempDir(), "back")
		c.does("pull 2 files and 2 links", "copy", bucket, back)
		c.does("pull these again, unchanged", "copy", bucket, back)
		c.link("latest", "v2")
		c.does("push one link to another target", "copy", dir, bucket)
		c.remove("first")
		c.does("delete a link", "copy", dir, bucket)
	}},
	{run: func(c *tally) {
		dir, bucket := c.dir, c.bucket()
		for i := range 10 {
			c.write(fmt.Sprint("empty", i), "")
		}
		c.does("push 10 empty files", "copy", dir, bucket)
		c.does("push these again, for the first time", "copy", dir, bucket)
		c.does("push these again, later", "copy", dir, bucket)
	}},
	{quirks: []s3server.Quirk{s3server.KMS}, run: func(c *tally) {
		dir, bucket := c.dir, c.bucket()
		c.files(10, "content ")
		c.does("push 10 files to a bucket with KMS", "copy", dir, bucket)
		c.does("push these to KMS again, for the first time", "copy", dir, bucket)
		c.does("push these to KMS again, later", "copy", dir, bucket)
		back := filepath.Join(c.t.TempDir(), "back")
		c.does("pull 10 files from a bucket with KMS", "copy", bucket, back)
		c.does("pull these from KMS again", "copy", bucket, back)
	}},
	{quirks: []s3server.Quirk{s3server.NoETags}, run: func(c *tally) { c.elsewhere("without ETags") }},
	{quirks: []s3server.Quirk{s3server.OpaqueETags}, run: func(c *tally) { c.elsewhere("whose ETags are no md5s") }},
	{quirks: []s3server.Quirk{s3server.Chunked, s3server.HeadWithoutLength}, run: func(c *tally) { c.elsewhere("that gives no lengths") }},
	{run: func(c *tally) {
		bucket := c.bucket()
		c.unknown("large")
		back := filepath.Join(c.t.TempDir(), "back")
		c.does("pull a file that another tool put in parts, without an md5", "copy", bucket, back)
		c.does("pull that file again", "copy", bucket, back)
	}},
	{run: func(c *tally) {
		dir, bucket := c.dir, c.bucket()
		c.files(10, "content ")
		c.does("", "copy", dir, bucket)
		c.does("`check` of 10 files", "check", dir, bucket)
		c.files(5, "another content ")
		plan := filepath.Join(c.t.TempDir(), "plan")
		c.does("`plan` that overwrites 5 of 10 files", "plan", "-o", plan, dir, bucket)
		c.does("`apply` of it", "apply", plan)
		c.does("copy 10 files to another bucket of a store, not AWS", "copy", bucket, "s3://too")
		c.does("copy these again", "copy", bucket, "s3://too")
		to := "s3://test?endpoint=" + c.other.URL
		c.does("copy 10 files to another store", "copy", bucket, to)
		c.does("copy 10 files to another store again", "copy", bucket, to)
	}},
	{run: func(c *tally) {
		dir, bucket := c.dir, c.bucket()
		c.files(10, "content ")
		c.does("release 10 files, for the first time", "release", "--id", "1", dir, bucket)
		c.files(2, "another content ")
		c.does("release these, 2 of 10 have changed, not AWS", "release", "--id", "2", dir, bucket)
		c.does("release these, unchanged, with `--keep 2`, not AWS", "release", "--id", "3", "--keep", "2", dir, bucket)
		c.does("`releases`, of two", "releases", bucket)
		c.does("`rollback` to a release by its name", "rollback", bucket, "2")
		c.does("", "rollback", bucket, "3")
		c.does("`rollback` to the release before, of two", "rollback", bucket)
		c.does("`link` to a directory", "link", bucket, "pointer", "releases/2")
	}},
	{run: func(c *tally) {
		dir, bucket := c.dir, c.bucket()
		c.write("v1/index.html", "one")
		c.link("latest", "v1")
		c.link("first", "v1/index.html")
		c.does("", "copy", dir, bucket)
		to := "s3://test?endpoint=" + c.other.URL
		c.does("copy a file and 2 links to another store", "copy", bucket, to)
		c.does("copy the file and 2 links again", "copy", bucket, to)
		below := "s3://test/below?endpoint=" + c.other.URL
		c.does("copy a file and 2 links below another prefix", "copy", bucket, below)
		c.does("copy the file and 2 links below it again", "copy", bucket, below)
	}},
}

// elsewhere pushes, pulls, overwrites and deletes 10 files in a store of some kind.
func (c *tally) elsewhere(kind string) {
	dir, bucket := c.dir, c.bucket()
	c.files(10, "content ")
	c.does("push 10 files to a store "+kind, "copy", dir, bucket)
	c.does("push these again, "+kind+", for the first time", "copy", dir, bucket)
	c.does("push these again, "+kind+", later", "copy", dir, bucket)
	back := filepath.Join(c.t.TempDir(), "back")
	c.does("pull 10 files from a store "+kind, "copy", bucket, back)
	c.does("pull these again, "+kind, "copy", bucket, back)
	c.files(5, "CONTENT ")
	c.does("push 5 of 10 files, "+kind+", of the same size", "copy", dir, bucket)
	for i := range 5 {
		c.remove(fmt.Sprintf("d%d/f%04d.txt", i%9, i))
	}
	c.does("delete 5 of 10 files, "+kind, "copy", dir, bucket)
}

// unknown puts a file in parts of a size that nobody guesses, past the program.
func (c *tally) unknown(key string) {
	c.t.Helper()
	store, bucket := c.server.Store(), c.server.Bucket
	meta := map[string]string{"X-Amz-Meta-Mtime": "1000000000.5", "Last-Modified": time.Now().UTC().Format(http.TimeFormat)}
	id, err := store.CreateMultipartUpload(bucket, key, meta)
	var in gofakes3.CompleteMultipartUploadRequest
	for n := 1; n <= 3 && err == nil; n++ {
		part, etag := bytes.Repeat([]byte{byte(n)}, 5<<20+12345), ""
		etag, err = store.UploadPart(bucket, key, id, n, int64(len(part)), bytes.NewReader(part))
		in.Parts = append(in.Parts, gofakes3.CompletedPart{PartNumber: n, ETag: etag})
	}
	if err == nil {
		_, _, err = store.CompleteMultipartUpload(bucket, key, id, &in)
	}
	if err != nil {
		c.t.Fatal(err)
	}
}

// row is one of the table: the work's name, and its requests with the cache and
// without.
type row struct {
	work string
	want [2]string
}

// table reads the rows of docs/cost.md.
func table(t *testing.T) (rows []row) {
	t.Helper()
	text, err := os.ReadFile("../../docs/cost.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(text), "| work | requests | with `--no-cache` |\n|---|---|---|\n")
	for line := range strings.Lines(rest) {
		cells := strings.Split(strings.Trim(line, "| \n"), " | ")
		if len(cells) != 3 {
			break
		}
		rows = append(rows, row{cells[0], [2]string{plain(cells[1]), plain(cells[2])}})
	}
	if !ok || len(rows) < 20 {
		t.Fatalf("docs/cost.md has a table of %d rows", len(rows))
	}
	return rows
}

var thousands = regexp.MustCompile(`(\d),(\d)`)

// plain is the text of a cell without the commas in its numbers.
func plain(cell string) string { return thousands.ReplaceAllString(cell, "$1$2") }

// TestRequestsAreThoseOfTheTable compares docs/cost.md with the requests at the
// servers, with the cache and without.
func TestRequestsAreThoseOfTheTable(t *testing.T) {
	long.Only(t)
	rows := table(t)
	for i, noCache := range []string{"0", "1"} {
		t.Run("S3FC_NO_CACHE="+noCache, func(t *testing.T) {
			got := map[string]string{}
			for _, w := range works {
				c := &tally{bounds: newBounds(t, s3server.With(w.quirks...), s3server.Wrap(ahead)), other: s3server.New(t, s3server.Wrap(ahead)), seen: map[string]string{}}
				t.Setenv("S3FC_NO_CACHE", noCache)
				c.server.CreateBucket("too")
				w.run(c)
				maps.Copy(got, c.seen)
			}
			for _, r := range rows {
				if got[r.work] != r.want[i] {
					t.Errorf("%s: the servers saw %q; the table has %q", r.work, got[r.work], r.want[i])
				}
				delete(got, r.work)
			}
			for work, sent := range got {
				t.Errorf("the table has no row for: %s | %s", work, sent)
			}
		})
	}
}
